"""Whose code a frame is: the name of the library or runtime that a path or a qualified function lies in."""

from __future__ import annotations

import re
from functools import lru_cache

_PACKAGE = re.compile(
    r"""(?x)
      (?:site-packages|dist-packages|node_modules(?:/\.pnpm/[^/]{1,200}/node_modules)?)
        /(@[^/]{1,100}/[^/]{1,100}|[^/]{1,100})
    | /(?:pkg/mod|vendor)/((?:[\w.-]{1,80}\.[a-z]{2,10}/)?[^/]{1,100}(?:/[^/]{1,100})?)/
    | /\.?cargo/(?:registry/src|git/checkouts)/[^/]{1,100}/([^/]{1,100}?)(?:-\d[^/]{0,40})?/
    | /gems/([^/]{1,100}?)(?:-\d[\w.]{0,40})?/
    """
)
"""A package and its name, inside of what a package manager installed."""

_RUNTIMES = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        (
            "python",
            r"/lib(?:64)?/(?:python|pypy)[\d.]{1,6}/|/Python\d{2,3}/Lib/|/Python\.framework/|\.(?:zip|egg)/"
            r"|^<frozen ",
        ),
        ("node", r"^node:|^internal/|^(?:fs|net|events|module|timers|domain|stream|_stream_\w{1,20})\.js$"),
        ("browser", r"^(?:webpack/bootstrap|webpack-internal:|(?:chrome|moz)-extension:|ext:|deno:|bun:)"),
        ("browser", r"(?:^|/)(?:vendors?|chunk-vendors|framework|polyfills)[\w~.-]{0,80}\.js$"),
        ("javascript", r"^(?:<anonymous>|native(?: code)?|\[native code\])$"),
        (
            "go",
            r"@v\d+\.\d|^go/src/|(?:^|/)(?:usr/local/go|usr/lib/go[^/]{0,8}|go/1[^/]{1,12}/x64|goroot|libexec)/src/|^_cgo",
        ),
        (
            "go",
            r"^(?:runtime|net|sync|testing|reflect|os|io|internal|encoding|database|syscall|bufio|fmt)"
            r"(?:/[a-z0-9]{1,20}){0,3}/\w{1,60}\.(?:go|s)$",
        ),
        ("rust", r"^/rustc/|/\.rustup/|(?:^|/)library/(?:std|core|alloc)/src/"),
        ("ruby", r"^<internal:|/lib/ruby/|^\(eval"),
        ("php", r"^\[internal function\]|^phar://"),
        ("dart", r"^dart:|^package:(?:flutter|flutter_test|async|stack_trace|test|test_api)/|/\.pub-cache/"),
        ("jdk", r"^(?:java|javax|jdk|sun|com/sun|kotlin|kotlinx|scala|groovy/lang|jakarta|android|dalvik)/"),
        (
            "libc",
            r"^(?:\.\./)?(?:sysdeps|csu|nptl|stdlib|signal|libio|elf|malloc|misc|posix)/"
            r"|(?:^|/)sysdeps/(?:unix|posix|nptl|x86)|^(?:/build/|\./)(?:glibc|nptl|csu|sysdeps|signal|stdlib|malloc)|/libsanitizer/|/compiler-rt/"
            r"|(?:^|/)lib(?:c|m|pthread|stdc\+\+|gcc_s|asan|tsan|ubsan|lsan)[-.+\d]{0,20}\.so"
            r"|(?:^|/)(?:asan|tsan|ubsan|sanitizer|lsan|vg)_[a-z_]{1,60}\.(?:cpp|cc|c)$",
        ),
        (
            "system",
            r"^/usr/(?:lib|include|share)(?:64)?/|^/lib(?:64)?/|^/opt/rh/|^/System/|^/Library/Frameworks/",
        ),
        ("base", r"^libraries/(?:base|ghc)[\w-]{0,30}/"),
        ("third_party", r"/(?:third_party|_vendor|bower_components)/"),
    )
)

_NAMESPACE = re.compile(
    r"""(?x)^(?:
    (?:java|javax|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|jakarta|android|androidx|dalvik|clojure
    |org\.(?:springframework|apache|hibernate|eclipse|jboss|codehaus|junit|mockito|gradle|postgresql|slf4j
        |testng|scalatest|reactivestreams|thymeleaf|quartz|mongodb|redisson|elasticsearch|glassfish|aspectj
        |flywaydb)
    |io\.(?:netty|grpc|undertow|reactivex|micronaut|quarkus|vertx|ktor|opentelemetry|lettuce|micrometer
        |smallrye)
    |com\.(?:google\.common|google\.inject|fasterxml|zaxxer|mysql|amazonaws|netflix|android|squareup|jetty
        |intellij|github\.benmanes)
    |software\.amazon|reactor|ch\.qos|net\.bytebuddy|net\.sf|okhttp3|okio|retrofit2|akka|play|cats|zio|feign
    |redis\.clients
    |System|Microsoft|Newtonsoft|Npgsql|MySql|MySqlConnector|StackExchange|Dapper|AutoMapper|MediatR|Polly
    |Grpc|Serilog|NLog|Autofac|Castle|Xunit|NUnit|Moq|MongoDB|RabbitMQ|MassTransit|Hangfire|Quartz
    |FluentValidation|mscorlib|lambda_method)[.(]
    |<?(?:(?:std|core|alloc|__rustc|rust_begin_unwind|rust_panic|__rust_\w{1,40}|tokio|futures(?:_\w{1,20})?
    |hyper|rayon|test|backtrace|anyhow|eyre|color_eyre|serde(?:_\w{1,20})?|clap|reqwest|axum|actix_\w{1,20}
    |tower|tracing(?:_\w{1,20})?)(?:\[[0-9a-f]{8,20}\])?::
    |__rust_|rust_begin_unwind$|<unknown>$))"""
)
_NATIVE = re.compile(
    r"""(?x)^(?:
      __libc_\w{1,60}|__GI_\w{1,60}|_start|start_thread|clone3?|raise|abort|gsignal
    | __pthread_\w{1,60}|pthread_\w{1,40}|__assert_fail\w{0,8}
    | __(?:interceptor|asan|tsan|ubsan|sanitizer|lsan|cxa|cxxabiv1|gnu_cxx|restore_rt|chk_fail|fortify_fail)
        \w{0,60}
    | (?:malloc|calloc|realloc|free|memcpy|memset|memmove|strlen|strcpy|strdup|printf|vfprintf)(?:_\w{1,40})?
    | operator[ ](?:new|delete)(?:\[\])?|std::|__gnu_cxx::|_dl_\w{1,40}|_IO_\w{1,40}
    | BaseThreadInitThunk|RtlUserThreadStart
    )(?:\W|$)"""
)


@lru_cache(maxsize=4096)
def library_of(path: str) -> str:
    """The library, package or runtime that a frame's path lies in, "" when it may be anybody's own code."""
    path = path.replace("\\", "/").removeprefix("file://")
    packages = list(_PACKAGE.finditer(path))
    if packages:
        return next(name for name in packages[-1].groups() if name)
    return next((name for name, pattern in _RUNTIMES if pattern.search(path)), "")


def library_of_name(function: str) -> str:
    """The library that a qualified name (Java, C#, Rust) is of, by well-known names; "" for none."""
    match = _NAMESPACE.match(function)
    return match[0].strip("<.(:").partition("[")[0] if match is not None else ""


def library_of_symbol(function: str) -> str:
    """The library that a symbol of C or C++ is of: the language's runtime or a sanitizer; "" for none."""
    return "libc" if _NATIVE.match(function) else ""
