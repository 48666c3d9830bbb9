"""What kind of file a path is, judged by its name alone, and how much each kind counts for a question."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Role = Literal["source", "test", "document", "data", "log", "generated"]

_SOURCE_EXTENSIONS = """
    py pyi pyx js jsx mjs cjs ts tsx mts cts vue svelte go rs c h cc cpp cxx hpp hh m mm java kt kts
    groovy scala clj rb php cs fs swift lua r jl ex exs erl hs ml pl pm sh bash zsh fish tcl sql proto
    css scss less tcss html gradle cmake mk y zig nim dart
"""
_SOURCE = frozenset(_SOURCE_EXTENSIONS.split())
_DOCUMENT = frozenset(("md", "rst", "txt", "adoc", "org", "tex", "1", "5", "8", "ipynb"))
_TEST = re.compile(
    r"(^|/)(tests?|testing|__tests__|testdata|test[-_]?fixtures|fixtures|specs?|e2e|[a-z]+[-_]tests?)/"
    r"|(^|/)src/(test|testFixtures|integrationTest|intTest)/"
    r"|(^|/)(test_[^/]*\.\w+|conftest\.py|[^/]*_tests?\.\w+|tests?\.\w+|[^/]*\.(test|spec)s?\.\w+"
    r"|[^/]*(Test|Tests|TestCase|IT|Spec)\.(java|kt|groovy|scala|cs|swift|php))$",
)
_LOG = re.compile(
    r"(^|/)(changelogs?|changes|history|news|releases?|release[-_]?notes|whatsnew)(/|[^/]*\.(md|rst|txt|adoc)$|$)"
    r"|(^|/)(authors|contributors|maintainers|copying|license|licence|notice)[^/]*$",
    re.IGNORECASE,
)
_GENERATED = re.compile(
    r"(^|/)(vendor|vendored|_vendor|third[-_]?party|node_modules|bower_components|dist|generated|\.[^/]+)/"
    r"|\.min\.(js|css)$|_pb2(_grpc)?\.pyi?$|\.pb\.(go|cc|h)$|\.(lock|sum|map|snap|svg)$"
    r"|(^|/)(package-lock\.json|pnpm-lock\.yaml|yarn\.lock)$"
)
_WEIGHTS: dict[Role, float] = {
    "source": 1.0, "test": 0.35, "document": 0.5, "data": 0.45, "log": 0.2, "generated": 0.2
}  # fmt: skip
_ASKED: tuple[tuple[str, frozenset[Role]], ...] = (
    (
        r"\b((unit|integration|end.to.end|e2e|regression|which|what|the|our|existing) tests?|tested"
        r"|tests? (for|of|that|which|files?|cases?|suites?|covers?|checks?)|in tests?|test coverage)\b",
        frozenset({"test"}),
    ),
    (r"\b(docs?|document(s|ed|ation)?|readme|manual|guide|install(ed|ation)?)\b", frozenset({"document"})),
    (r"\b(change ?log|release notes?|history|licen[sc]ed?|authors?|contributors?)\b", frozenset({"log"})),
    (
        r"\b(config(uration)?s?|settings?|dependenc(y|ies)|versions?|pipelines?|workflows?|ya?ml|json|toml)\b",
        frozenset({"data"}),
    ),
    (r"\b(generated|vendored|third[- ]party|minified|lock ?files?)\b", frozenset({"generated"})),
)  # fmt: skip


@lru_cache(maxsize=65_536)
def role(path: str) -> Role:
    """The kind of the file at a path relative to the root."""
    if _GENERATED.search(path):
        return "generated"
    if "src/main/" not in path and _TEST.search(path):
        return "test"
    if _LOG.search(path):
        return "log"
    name = path.rpartition("/")[2].lower()
    extension = name.rpartition(".")[2]
    if extension in _SOURCE or name in {"makefile", "dockerfile", "justfile", "rakefile"}:
        return "source"
    return "document" if extension in _DOCUMENT or "." not in name else "data"


def role_weights(text: str) -> dict[Role, float]:
    """How much each kind of file counts for a question; those that it asks for count nearly in full."""
    asked = {kind for pattern, kinds in _ASKED if re.search(pattern, text, re.IGNORECASE) for kind in kinds}
    return {kind: max(weight, 0.9) if kind in asked else weight for kind, weight in _WEIGHTS.items()}
