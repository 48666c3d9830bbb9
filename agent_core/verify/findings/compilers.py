"""Whatever says `file:line:column: message`: compilers, mypy, flake8, tsc, go, make, and any other tool."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_core.verify.api import Finding, Severity
from agent_core.verify.findings.model import Parsed, Places, Raw, finding, is_library, unique

_PLACE = re.compile(
    r"(?P<lead>(?:vet: |\s{0,8})?)(?P<path>(?:[A-Za-z]:)?[^\s:()\"'<>|][^:()\"'<>|\n]{0,300}?)"
    r"(?::(?P<line>\d{1,7})(?::(?P<column>\d{1,5}))?(?::| -)|\((?P<tline>\d{1,7}),(?P<tcolumn>\d{1,5})\):)"
    r"\s+(?P<text>\S.*)$"
)
_SEVERITY = re.compile(
    r"(?P<word>(?:fatal |internal )?error|warning|note|info|hint)\b(?: (?P<code>TS\d+))?:?\s+(?P<rest>.*)$"
)
_CODE_LAST = re.compile(
    r"^(?P<rest>.*\S)\s+(?:\[(?P<code>[\w./+=-]{2,80})\]|\((?P<report>report\w{3,60})\))$"
)
_CODE_FIRST = re.compile(r"^(?P<report>)(?P<code>[A-Z]{1,6}\d{2,5})(?: \[\*\])?:?\s+(?P<rest>.*)$")
_ARROW = re.compile(
    r"^(?P<text>\S.{1,600})\n\s*--> (?P<path>[^\s:]{1,300}):(?P<line>\d{1,7}):(?P<column>\d{1,6})$", re.M
)
_ROW = re.compile(
    r"\s+(?P<line>\d{1,7}):(?P<column>\d{1,6})\s+(?P<word>error|warning)\s+(?P<text>.+?)(?:\s{2,}(?P<code>\S+))?$"
)
_LINKER = re.compile(r"(?:^|ld: )(?P<path>[^\s:]{1,200}):\(\.\w+[^)]*\): (?P<text>undefined reference .*)$")
_ERROR_WORDS: dict[str, Severity] = {"warning": "warning", "note": "note", "info": "note", "hint": "note"}
_NO_RULE = re.compile(r"^make(?:\[\d+\])?: \*\*\* (?P<why>No rule to make target .*|No targets.*)$", re.M)
_MAKE_STOP = re.compile(
    r"^make(?:\[\d+\])?: \*\*\* \[(?:(?P<path>[^\s:\]]+):(?P<line>\d+): )?(?P<target>[^\]]+)\] (?P<how>.+)$",
    re.M,
)


def ask_mypy(argv: tuple[str, ...], _report: str) -> tuple[str, ...]:
    """mypy with one line for each finding, its column and its code within."""
    options = (
        "show-column-numbers",
        "show-error-codes",
        "no-pretty",
        "no-color-output",
        "hide-error-context",
    )
    return (*argv, *(f"--{option}" for option in options))


def ask_tsc(argv: tuple[str, ...], _report: str) -> tuple[str, ...]:
    """tsc with one line for each finding."""
    return (*argv, "--pretty", "false")


def read(raw: Raw) -> Parsed:
    """Every line that names a place in the workspace and says something of it."""
    text = f"{raw.output}\n{raw.errors}" if raw.errors else raw.output
    return read_text(text, raw.places, raw.exit)


def read_text(text: str, places: Places, exit_code: int | None = None) -> Parsed:
    """The findings in the text of any tool."""
    found = unique(
        [*_located(text, places), *_arrows(text, places), *_stylish(text, places), *_linked(text, places)]
    )
    if not any(each.severity == "error" for each in found) and exit_code:
        found = (*found, *_stopped(text, places))
    missing = _NO_RULE.search(text)
    if missing and not found:
        return Parsed((), state="broken", note=missing["why"])
    return Parsed(found)


def _located(text: str, places: Places) -> Iterator[Finding]:
    lines = text.split("\n")
    for number, line in enumerate(lines):
        match = _PLACE.match(line) if len(line) < 4000 else None
        if match is None or is_library(match["path"]):
            continue
        path = places.relative(match["path"])
        if not path:
            continue
        severity, code, message = _message(match["text"])
        if match["lead"].isspace() and message == match["text"]:
            severity = "note"  # it belongs to the finding above
        yield finding(
            path,
            int(match["line"] or match["tline"]),
            message,
            column=int(match["column"] or match["tcolumn"] or 0),
            severity=severity,
            code=code,
            excerpt=_below(lines, number),
        )


def _message(text: str) -> tuple[Severity, str, str]:
    severity: Severity = "error"
    code = ""
    if match := _SEVERITY.match(text):
        severity = _ERROR_WORDS.get(match["word"], "error")
        code, text = match["code"] or "", match["rest"]
    for pattern in (_CODE_LAST, _CODE_FIRST):
        if not code and (match := pattern.match(text)):
            code, text = match["code"] or match["report"], match["rest"]
    return severity, code, text


def _below(lines: list[str], number: int) -> list[str]:
    """The lines under a finding that show the code: `gcc`, `clang` and `rustc` draw bars beside it."""
    shown: list[str] = []
    for line in lines[number + 1 : number + 7]:
        if not re.match(r"\s{0,8}\d{0,6} ?\| ", line + " "):
            break
        shown.append(line)
    return shown


def _arrows(text: str, places: Places) -> Iterator[Finding]:
    """Findings with their place on the next line, behind an arrow, as rustc and ruff print them."""
    for match in _ARROW.finditer(text):
        if path := places.relative(match["path"]):
            severity, code, message = _message(match["text"])
            place = int(match["line"]), int(match["column"])
            yield finding(path, place[0], message, column=place[1], severity=severity, code=code)


def _stylish(text: str, places: Places) -> Iterator[Finding]:
    """Findings in rows below the file that they are in, as eslint prints them."""
    path = ""
    for line in text.split("\n"):
        match = _ROW.match(line) if path else None
        if match is not None:
            severity: Severity = "error" if match["word"] == "error" else "warning"
            place = int(match["line"]), int(match["column"])
            code = match["code"] or ""
            yield finding(path, place[0], match["text"], column=place[1], severity=severity, code=code)
        elif line and not line[0].isspace() and "." in line and len(line) < 400:
            path = places.relative(line)


def _linked(text: str, places: Places) -> Iterator[Finding]:
    for line in text.split("\n"):
        if "undefined reference" in line and (match := _LINKER.search(line[:2000])):
            yield finding(places.relative(match["path"]), 0, match["text"], code="linker")


def _stopped(text: str, places: Places) -> Iterator[Finding]:
    """Where make says that it stopped, for what named no place itself."""
    for match in _MAKE_STOP.finditer(text):
        path = places.relative(match["path"]) if match["path"] else ""
        line = int(match["line"]) if path else 0
        yield finding(path, line, f"target {match['target']}: {match['how']}", code="make")
