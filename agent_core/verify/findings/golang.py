"""go: the events of `go test -json`; `go vet` and `go build` say `file:line:column: message`."""

from __future__ import annotations

import re
from collections import defaultdict

from agent_core.verify.api import Finding
from agent_core.verify.findings import compilers
from agent_core.verify.findings.jsons import lines, text
from agent_core.verify.findings.model import Parsed, Places, Raw, finding, is_library, unique

_SAID = re.compile(r"^\s{4,}(?P<path>[\w./-]+\.go):(?P<line>\d{1,7}): (?P<text>.*)$")
_FRAME = re.compile(r"^\t(?P<path>/[^\s:]{1,400}\.go):(?P<line>\d{1,7})")
_PANIC = re.compile(r"^(?:panic|fatal error): (?P<text>.+)$")
_PACKAGE = re.compile(r"^(?:FAIL|ok {2})\t(?P<package>\S+)\t.*$", re.M)
_FRAMES = ("=== ", "--- ", "FAIL", "ok ", "PASS")


def ask(argv: tuple[str, ...], _report: str) -> tuple[str, ...]:
    """`go test` with its events as JSON."""
    words = list(argv)
    place = words.index("test") + 1 if "test" in words else len(words)
    return argv if "-json" in words else (*words[:place], "-json", *words[place:])


def read(raw: Raw) -> Parsed:
    """Failed tests, those that hold no failed part themselves, and what does not compile."""
    said: dict[tuple[str, str], list[str]] = defaultdict(list)
    ended: dict[tuple[str, str], str] = {}
    building: list[str] = []
    for row in lines(raw.output):
        action, key = text(row, "Action"), (text(row, "Package"), text(row, "Test"))
        if action == "output":
            said[key].append(text(row, "Output").rstrip("\n"))
        elif action == "build-output":
            building.append(text(row, "Output").rstrip("\n"))
        elif action in ("pass", "fail", "skip"):
            ended[key] = action
    tests = {key: how for key, how in ended.items() if key[1]}
    failed = [key for key, how in tests.items() if how == "fail"]
    leaves = [key for key in failed if not any(other != key and _within(other, key) for other in failed)]
    built = "\n".join([*building, raw.errors])
    found = [
        *compilers.read_text(built, raw.places).findings,
        *(_told(key, said[key], raw.places) for key in leaves),
        *_unfinished(said, ended, raw.places),
    ]
    if not ended and not found:
        return compilers.read(raw)
    return Parsed(unique(found), sum(how == "pass" for how in tests.values()), len(failed))


def read_text(output: str, places: Places) -> Parsed:
    """What `go test` prints for people: failed tests, package by package."""
    found: list[Finding] = []
    begin = 0
    for end in _PACKAGE.finditer(output):
        cases = re.split(r"^\s*--- FAIL: ", output[begin : end.start()], flags=re.M)[1:]
        begin = end.end()
        for case in cases:
            name, _, body = case.partition("\n")
            lines_ = body.split("\n")
            if any(_SAID.match(line) or _PANIC.match(line) for line in lines_):
                found.append(_told((end["package"], name.partition(" ")[0]), lines_, places))
    return Parsed(unique([*compilers.read_text(output, places).findings, *found]), None, len(found) or None)


def _within(other: tuple[str, str], key: tuple[str, str]) -> bool:
    return other[0] == key[0] and other[1].startswith(f"{key[1]}/")


def _told(key: tuple[str, str], said: list[str], places: Places) -> Finding:
    package, name = key
    panic = next((match["text"] for line in said if (match := _PANIC.match(line))), "")
    if panic:
        frames = [
            (path, int(match["line"]))
            for line in said
            if (match := _FRAME.match(line)) and not is_library(match["path"])
            if (path := places.relative(match["path"]))
        ]
        path, line = frames[0] if frames else ("", 0)
        return finding(
            path, line, f"panic: {panic}", code=f"{package}.{name}", excerpt=_told_lines(said)[:12]
        )
    matches = [match for line in said if (match := _SAID.match(line))]
    kept = _told_lines(said)
    if not matches:
        return finding("", 0, kept[0] if kept else "failed", code=f"{package}.{name}", excerpt=kept)
    first = matches[0]
    path = _in_package(package, first["path"], places)
    message = first["text"] or " ".join(kept)
    return finding(path, int(first["line"]), message, code=f"{package}.{name}", excerpt=kept)


def _told_lines(said: list[str]) -> list[str]:
    return [line for line in said if line.strip() and not line.strip().startswith(_FRAMES)]


def _in_package(package: str, name: str, places: Places) -> str:
    """The file of a test, which is named without its folder: that is the end of the package's path."""
    parts = package.split("/")
    for start in range(1, len(parts) + 1):
        folder = "/".join(parts[start:])
        if path := places.inside(f"{folder}/{name}" if folder else name):
            return path
    return ""


def _unfinished(
    said: dict[tuple[str, str], list[str]], ended: dict[tuple[str, str], str], places: Places
) -> list[Finding]:
    """Packages that failed without a failed test: they were killed, or `TestMain` left."""
    found: list[Finding] = []
    for (package, name), how in ended.items():
        has_tests = any(key[0] == package and key[1] and other == "fail" for key, other in ended.items())
        lines_ = said[package, name]
        if (
            how == "fail"
            and not name
            and not has_tests
            and not any("[build failed]" in line or "[setup failed]" in line for line in lines_)
        ):
            found.append(_told((package, "package"), lines_, places))
    return found
