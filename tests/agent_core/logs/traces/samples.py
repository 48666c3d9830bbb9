"""Traces of many languages with what must be seen of them; each is one event."""

from __future__ import annotations

from typing import NamedTuple


class Sample(NamedTuple):
    language: str
    text: str
    keep: tuple[str, ...]


GO_HANDLER = """\
2026/11/25 10:00:00 http: panic serving 10.2.3.4:51442: assignment to entry in nil map
goroutine 37 [running]:
net/http.(*conn).serve.func1()
\t/usr/local/go/src/net/http/server.go:1898 +0xbe
panic({0x6a2b40?, 0x75b0c0?})
\t/usr/local/go/src/runtime/panic.go:770 +0x132
example.com/shop/internal/cart.(*Store).Add(0xc0000b4000, {0x7059d2, 0x4}, 0x2)
\t/build/internal/cart/store.go:42 +0x6c
example.com/shop/internal/api.(*Server).addItem(0xc00009e0f0, {0x75d2c8, 0xc0001220e0})
\t/build/internal/api/cart.go:88 +0x1e5
github.com/go-chi/chi/v5.(*Mux).routeHTTP(0xc0000d2000, {0x75d2c8, 0xc0001220e0})
\t/go/pkg/mod/github.com/go-chi/chi/v5@v5.0.10/mux.go:443 +0x216
created by net/http.(*Server).Serve in goroutine 1
\t/usr/local/go/src/net/http/server.go:3290 +0x4b4
"""
GO_DEADLOCK = """\
fatal error: all goroutines are asleep - deadlock!

goroutine 1 [semacquire]:
sync.runtime_Semacquire(0xc000012a78?)
\t/usr/local/go/src/runtime/sema.go:62 +0x25
main.main()
\t/srv/app/cmd/worker/main.go:31 +0x12c

goroutine 18 [chan send]:
main.produce(0xc000060060)
\t/srv/app/cmd/worker/main.go:14 +0x3c
created by main.main in goroutine 1
\t/srv/app/cmd/worker/main.go:25 +0x9a
exit status 2
"""
GO_RACE = """\
WARNING: DATA RACE
Write at 0x00c00001c0f8 by goroutine 8:
  main.(*Counter).Inc()
      /srv/shop/counter.go:11 +0x44

Previous read at 0x00c00001c0f8 by goroutine 7:
  main.(*Counter).Get()
      /srv/shop/counter.go:15 +0x3a

Goroutine 8 (running) created at:
  main.main()
      /srv/shop/main.go:8 +0x9c
==================
"""
GO_REPANIC = """\
panic: runtime error: index out of range [5] with length 3 [recovered]
\tpanic: handler failed

goroutine 1 [running]:
main.run.func1()
\t/srv/app/run.go:12 +0x85
panic({0x45e6a0?, 0xc0000140a8?})
\t/usr/local/go/src/runtime/panic.go:914 +0x21f
main.pick(...)
\t/srv/app/pick.go:7
main.main()
\t/srv/app/main.go:5 +0xf
exit status 2
"""
RUST = """\
thread 'loader' (14206) panicked at src/amount.rs:6:57:
quantity must be a number: Parse(ParseIntError { kind: InvalidDigit })
stack backtrace:
   0: __rustc::rust_begin_unwind
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/panicking.rs:689:5
   1: core::result::Result<T,E>::expect
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/result.rs:1867:5
   2: shop::amount::total
             at ./src/amount.rs:6:57
   3: tokio::runtime::task::core::poll
             at /root/.cargo/registry/src/index.crates.io-1ecc6299db9ec823/tokio-1.28.2/src/core.rs:311:17
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.
"""
RUST_OLD = """\
thread 'main' panicked at 'called `Option::unwrap()` on a `None` value', src/cart.rs:88:42
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
"""
ANYHOW = """\
Error: could not start the importer

Caused by:
    0: reading config /etc/importer.toml
    1: invalid type: string "x", expected u16 at line 3

Stack backtrace:
   0: anyhow::error::<impl anyhow::Error>::msg
             at /usr/local/cargo/registry/src/index.crates.io-6f17d22b/anyhow-1.0.75/src/error.rs:83:36
   1: importer::config::load
             at ./src/config.rs:31:9
"""
DOTNET = """\
Unhandled exception. System.AggregateException: One or more errors occurred. (Import failed)
 ---> Shop.Import.ImportException: Import failed
 ---> System.FormatException: The input string '1x' was not in a correct format.
   at System.Int32.Parse(String s)
   at Shop.Import.Row.Parse(String line) in /src/Shop/Import/Row.cs:line 17
   --- End of inner exception stack trace ---
   at Shop.Import.Row.Parse(String line) in /src/Shop/Import/Row.cs:line 21
   at Shop.Import.Job.RunAsync(CancellationToken token) in /src/Shop/Import/Job.cs:line 48
--- End of stack trace from previous location ---
   --- End of inner exception stack trace ---
   at System.Threading.Tasks.Task.Wait()
   at Shop.Program.Main(String[] args) in /src/Shop/Program.cs:line 9
"""
PHP = """\
PHP Fatal error:  Uncaught PDOException: SQLSTATE[HY000] [2002] Connection refused in /var/www/src/Db.php:23
Stack trace:
#0 /var/www/src/Db.php(23): PDO->__construct('mysql:host=db;d...', 'shop', Object(SensitiveParameterValue))
#1 /var/www/vendor/acme/orm/src/Pool.php(14): App\\Db->connect()
#2 {main}

Next App\\StoreException: Store unavailable in /var/www/src/Repo.php:17
Stack trace:
#0 /var/www/public/index.php(8): App\\Repo->all()
#1 {main}
  thrown in /var/www/src/Repo.php on line 17
"""
RUBY = """\
/srv/app/lib/ledger.rb:12:in `rescue in open': could not open ledger (Ledger::OpenError)
\tfrom /srv/app/lib/ledger.rb:9:in `open'
\tfrom /usr/lib/ruby/3.0.0/benchmark.rb:293:in `measure'
/srv/app/lib/ledger.rb:10:in `initialize': No such file or directory @ rb_sysopen - /x.db (Errno::ENOENT)
\tfrom /srv/app/lib/ledger.rb:10:in `open'
"""
RUBY_OLD = """\
Traceback (most recent call last):
\t2: from app.rb:12:in `<main>'
\t1: from app.rb:8:in `total'
app.rb:4:in `price': undefined method `[]' for nil:NilClass (NoMethodError)
"""
ASAN = """\
=================================================================
==14134==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000013 at pc 0x55d1 bp 0x7ffc
READ of size 1 at 0x602000000013 thread T0
    #0 0x55d1f8 in use /srv/dec/codec.c:6
    #1 0x55d2aa in main /srv/dec/main.c:10
    #2 0x7f30c8 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58
    #3 0x55d110 in _start (/srv/dec/dec+0x1110)

0x602000000013 is located 3 bytes inside of 8-byte region [0x602000000010,0x602000000018)
freed by thread T0 here:
    #0 0x7f3b60 in __interceptor_free ../../../../src/libsanitizer/asan/asan_malloc_linux.cpp:52
    #1 0x55d29e in drop /srv/dec/codec.c:21

SUMMARY: AddressSanitizer: heap-use-after-free /srv/dec/codec.c:6 in use
Shadow bytes around the buggy address:
  0x0c047fff7fb0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
=>0x0c047fff8000: fa fa[fd]fa fa fa fa fa fa fa fa fa fa fa fa fa
Shadow byte legend (one shadow byte represents 8 application bytes):
  Addressable:           00
==14134==ABORTING
"""
VALGRIND = """\
==77== Invalid write of size 4
==77==    at 0x109190: fill (codec.c:7)
==77==    by 0x1091F4: main (main.c:10)
==77==  Address 0x4a40048 is 0 bytes after a block of size 8 alloc'd
==77==    at 0x48417B4: malloc (vg_replace_malloc.c:381)
==77==    by 0x10917E: make (codec.c:3)
"""
DART = """\
Unhandled exception:
RangeError (index): Invalid value: Only valid value is 0: 3
#0      List.[] (dart:core-patch/growable_array.dart:264:36)
#1      Cart.at (package:shop/cart.dart:41:23)
<asynchronous suspension>
#2      main (file:///srv/shop/bin/main.dart:5:8)
"""
ELIXIR = """\
10:00:00.123 [error] GenServer Shop.Cart terminating
** (KeyError) key :total not found in: %{items: []}
    (shop 0.1.0) lib/shop/cart.ex:42: Shop.Cart.handle_call/3
    (stdlib 4.2) gen_server.erl:1149: :gen_server.try_handle_call/4
Last message (from #PID<0.250.0>): :total
"""
SWIFT = """\
Fatal error: Index out of range: file Swift/ContiguousArrayBuffer.swift, line 600
Current stack trace:
0    libswiftCore.so                    0x00007f3f5e2b1a40 _swift_stdlib_reportFatalErrorInFile + 109
1    App                                0x0000000000401b2e Cart.item(at:) + 94 at /srv/App/Cart.swift:17
"""

SAMPLES = {
    "go-handler": Sample("go", GO_HANDLER, ("panic serving", "nil map", "(*Store).Add", "store.go:42")),
    "go-deadlock": Sample("go", GO_DEADLOCK, ("deadlock!", "main.go:31", "main.produce", "main.go:14")),
    "go-race": Sample("go", GO_RACE, ("DATA RACE", "counter.go:11", "counter.go:15")),
    "go-repanic": Sample("go", GO_REPANIC, ("with length 3", "panic: handler failed", "pick.go:7")),
    "rust": Sample(
        "rust", RUST, ("thread 'loader'", "InvalidDigit", "shop::amount::total", "src/amount.rs:6")
    ),
    "rust-old": Sample("rust", RUST_OLD, ("`Option::unwrap()` on a `None`", "src/cart.rs:88")),
    "anyhow": Sample(
        "rust", ANYHOW, ("start the importer", "reading config", "expected u16", "src/config.rs:31")
    ),
    "dotnet": Sample(
        "csharp",
        DOTNET,
        (
            "AggregateException",
            "ImportException: Import failed",
            "FormatException: The input",
            "Row.cs:line 17",
        ),
    ),
    "php": Sample("php", PHP, ("SQLSTATE[HY000] [2002]", "App\\StoreException: Store", "Db.php:23")),
    "ruby": Sample("ruby", RUBY, ("Ledger::OpenError", "Errno::ENOENT", "ledger.rb:10", "could not open")),
    "ruby-old": Sample("ruby", RUBY_OLD, ("undefined method", "NoMethodError", "app.rb:4")),
    "asan": Sample(
        "c",
        ASAN,
        ("heap-use-after-free", "READ of size 1", "use /srv/dec/codec.c:6", "drop /srv/dec/codec.c:21"),
    ),
    "valgrind": Sample(
        "c", VALGRIND, ("Invalid write of size 4", "fill (codec.c:7)", "after a block of size 8")
    ),
    "dart": Sample("dart", DART, ("Unhandled exception:", "RangeError (index)", "cart.dart:41")),
    "elixir": Sample("elixir", ELIXIR, ("Shop.Cart terminating", "KeyError", "cart.ex:42")),
    "swift": Sample("c", SWIFT, ("Fatal error: Index out of range", "Cart.swift:17")),
}
