"""jest, vitest and mocha: their JSON reports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from agent_core.verify.api import Finding
from agent_core.verify.findings import compilers
from agent_core.verify.findings.jsons import load, number, rows, text
from agent_core.verify.findings.model import Parsed, Places, Raw, finding, is_library, plain, unique

_FRAME = re.compile(
    r"(?:^\s{0,8}at |❯ |\()(?:[^\n(]{0,200}\()?(?:async )?(?P<path>(?:file://)?[^\s():]{1,400}):(?P<line>\d{1,7}):(?P<column>\d{1,6})",
    re.M,
)
_SYNTAX = re.compile(r"(?P<path>/[^\s():]{1,400}): .{0,200}\((?P<line>\d{1,7}):(?P<column>\d{1,6})\)")
_SECTION = re.compile(
    r"^(?: {2}● (?P<title>\S.{0,300})| FAIL {2}(?P<vitest>\S.{0,300})"
    r"| {2}\d{1,4}\) (?P<mocha>\S.{0,200}(?:\n {7}\S.{0,200}){1,5}?:))$",
    re.M,
)
_COUNTED = re.compile(r"(?:^ *Tests:? .*?|^ +|, |\| )(\d+) (passed|failed|passing|failing)\b", re.M)
_STACK = re.compile(r"^\s+at ")


def ask_jest(argv: tuple[str, ...], report: str) -> tuple[str, ...]:
    """jest with its report in a file."""
    return (*argv, "--json", f"--outputFile={report}")


def ask_vitest(argv: tuple[str, ...], report: str) -> tuple[str, ...]:
    """vitest with its report in a file, beside what it prints."""
    return (*argv, "--reporter=default", "--reporter=json", f"--outputFile.json={report}")


def ask_mocha(argv: tuple[str, ...], report: str) -> tuple[str, ...]:
    """mocha with its report in a file."""
    return (*argv, "--reporter", "json", "--reporter-option", f"output={report}")


def read_jest(raw: Raw) -> Parsed:
    """The report of jest, and of vitest, which took over its form."""
    found = load(raw.report)
    if not isinstance(found, dict) or "testResults" not in found:
        return compilers.read(raw)
    told: list[Finding] = []
    for file in rows(found, "testResults"):
        path = raw.places.relative(text(file, "name"))
        cases = [row for row in rows(file, "assertionResults") if text(row, "status") == "failed"]
        for row in cases:
            name = " > ".join([*_texts(row.get("ancestorTitles")), text(row, "title")])
            for message in _texts(row.get("failureMessages"))[:1] or [""]:
                told.append(_told(message, path, f"{path} > {name}", raw.places))
        if not cases and text(file, "status") == "failed":
            told.append(_told(text(file, "message"), path, path, raw.places))
    passed, failed = number(found, "numPassedTests"), number(found, "numFailedTests")
    if not number(found, "numTotalTestSuites") and not told:
        return Parsed((), 0, 0, "broken", "no tests were found")
    return Parsed(unique(told), passed, failed)


def read_mocha(raw: Raw) -> Parsed:
    """The report of mocha; versions before 9.2 print it instead of writing it to a file."""
    found = load(raw.report) or load(raw.output)
    if not isinstance(found, dict) or "stats" not in found:
        return compilers.read(raw)
    told: list[Finding] = []
    for row in rows(found, "failures"):
        path = raw.places.relative(text(row, "file"))
        message = text(row, "err", "stack") or text(row, "err", "message")
        told.append(_told(message, path, f"{path} > {text(row, 'fullTitle')}", raw.places))
    passed, failed = number(found, "stats", "passes"), number(found, "stats", "failures")
    if not number(found, "stats", "tests") and not told:
        return Parsed((), 0, 0, "broken", "no tests were found")
    return Parsed(unique(told), passed, failed)


def read_text(output: str, places: Places) -> Parsed:
    """What the three print for people: a section for each failure, headed by its name."""
    heads = list(_SECTION.finditer(output))
    found: list[Finding] = []
    for number_, head in enumerate(heads):
        end = heads[number_ + 1].start() if number_ + 1 < len(heads) else len(output)
        body = re.split(r"\n\s*(?:⎯{10,}|Test Suites: |Test Files )", output[head.end() : end], maxsplit=1)[0]
        names = re.split(r" [›>] |\n", head["title"] or head["vitest"] or head["mocha"])
        title = " > ".join(part for name in names if (part := name.strip(" :")))
        place = next(_frames(body, places), None)
        if place is not None:
            found.append(_told(body, place[0], title, places))
    counts = {word: int(number_) for number_, word in _COUNTED.findall(output)}
    passed = counts.get("passed", counts.get("passing", 0))
    failed = counts.get("failed", counts.get("failing", 0))
    return Parsed(unique(found), passed, failed) if counts else Parsed(unique(found))


def _texts(value: Any) -> list[str]:
    return (
        [item for item in cast("list[Any]", value) if isinstance(item, str)]
        if isinstance(value, list)
        else []
    )


def _told(message: str, path: str, name: str, places: Places) -> Finding:
    """A finding at the innermost frame in the workspace; its message is what stands above the stack."""
    message = plain(message)
    place = next(_frames(message, places), None)
    lines = message.strip("\n").split("\n")
    said = [line for line in lines if not _STACK.match(line)]
    head = next((line.strip() for line in said if line.strip() and "●" not in line), name)
    excerpt = [*said, *(line for line in lines if _STACK.match(line) and _is_own(line, places))]
    where, line, column = place or (path, 0, 0)
    return finding(where, line, head, column=column, code=name, excerpt=excerpt)


def _frames(message: str, places: Places) -> Iterator[tuple[str, int, int]]:
    for pattern in (_SYNTAX, _FRAME):
        for match in pattern.finditer(message):
            path = match["path"]
            if not is_library(path) and (inside := places.relative(path)):
                yield inside, int(match["line"]), int(match["column"])


def _is_own(line: str, places: Places) -> bool:
    return next(_frames(line, places), None) is not None
