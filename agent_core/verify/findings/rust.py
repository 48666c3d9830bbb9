"""cargo: its messages in JSON for check and clippy, and the text of its tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from agent_core.verify.api import Finding, Severity
from agent_core.verify.findings.jsons import lines, number, rows, text
from agent_core.verify.findings.model import Parsed, Places, Raw, finding, is_library, unique

_LEVELS: dict[str, Severity] = {"warning": "warning", "note": "note", "help": "note"}
_COUNTED = re.compile(r"^\d+ warnings? emitted|^aborting due to|^`.*` \(.*\) generated \d+")
_RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed", re.M)
_CASE = re.compile(r"^---- (?P<name>\S.*?) stdout ----$", re.M)
_PANIC = re.compile(
    r"panicked at (?:'(?P<quoted>.*)', )?(?P<path>[^\s:']{1,300}):(?P<line>\d{1,7}):(?P<column>\d{1,6}):?$",
    re.M,
)
_NO_PANIC = re.compile(
    r"did not panic as expected(?: at (?P<path>[^\s:]{1,300}):(?P<line>\d{1,7}):(?P<column>\d+))?"
)
_BACKTRACE = re.compile(r"^\s+at (?P<path>[^\s:]{1,300}):(?P<line>\d{1,7}):(?P<column>\d{1,6})$", re.M)
_COMPILER = re.compile(
    r"^(?P<level>error|warning)(?:\[(?P<code>\w+)\])?: (?P<message>.+)\n"
    r"\s*--> (?P<path>[^\s:]{1,300}):(?P<line>\d+):(?P<column>\d+)"
    r"(?P<body>(?:\n\s*(?:\d+ )?[|=].*){0,12})",
    re.M,
)
_OFFLINE = re.compile(
    r"failed to (?:download|get|fetch)|attempting to make an HTTP request|no matching package"
)


def ask(argv: tuple[str, ...], _report: str) -> tuple[str, ...]:
    """The messages as JSON, before what is for the tool behind a `--`."""
    words = list(argv)
    place = words.index("--") if "--" in words else len(words)
    return (*words[:place], "--message-format=json", *words[place:])


def read(raw: Raw) -> Parsed:
    """The messages of the compiler about files of the workspace."""
    found: list[Finding] = []
    for row in lines(raw.output):
        message = row.get("message")
        if text(row, "reason") == "compiler-message" and isinstance(message, dict):
            told = _message(cast("dict[str, Any]", message), raw.places)
            found += [told] if told else []
    listed = unique(found)
    if raw.exit and not any(each.severity == "error" for each in listed):
        return _no_word(raw.errors or raw.output, listed)
    return Parsed(listed)


def _message(message: dict[str, Any], places: Places) -> Finding | None:
    said = text(message, "message")
    if _COUNTED.match(said) or text(message, "level") == "failure-note":
        return None
    spans = rows(message, "spans")
    span = next((span for span in spans if span.get("is_primary")), spans[0] if spans else {})
    return finding(
        places.relative(text(span, "file_name")),
        number(span, "line_start"),
        said,
        column=number(span, "column_start"),
        severity=_LEVELS.get(text(message, "level"), "error"),
        code=text(message, "code", "code"),
        excerpt=text(message, "rendered"),
    )


def _no_word(said: str, listed: tuple[Finding, ...]) -> Parsed:
    """cargo itself failed: a manifest, or a dependency that is not there."""
    note = "dependencies are missing and there is no network" if _OFFLINE.search(said) else ""
    return Parsed(listed, state="broken", note=note)


def read_tests(raw: Raw) -> Parsed:
    """The text of `cargo test`: failed tests by their panic, or the errors of the compiler."""
    return read_text(raw.output, raw.places, raw.exit)


def read_text(output: str, places: Places, exit_code: int | None = None) -> Parsed:
    """The findings in what cargo prints for people."""
    results = _RESULT.findall(output)
    failed = list(_failed(output, places))
    compiled = list(_compiled(output, places))
    if results or failed:
        errors = [each for each in compiled if each.severity == "error"]
        passed, lost = (sum(int(result[n]) for result in results) for n in (0, 1))
        return Parsed(unique([*errors, *failed]), passed, lost)
    if exit_code and not any(each.severity == "error" for each in compiled):
        return _no_word(output, unique(compiled))
    return Parsed(unique(compiled))


def _compiled(output: str, places: Places) -> Iterator[Finding]:
    for match in _COMPILER.finditer(output):
        yield finding(
            places.relative(match["path"]),
            int(match["line"]),
            match["message"],
            column=int(match["column"]),
            severity="warning" if match["level"] == "warning" else "error",
            code=match["code"] or "",
            excerpt=match["body"],
        )


def _failed(output: str, places: Places) -> Iterator[Finding]:
    cases = list(_CASE.finditer(output))
    for number_, case in enumerate(cases):
        end = cases[number_ + 1].start() if number_ + 1 < len(cases) else len(output)
        body = output[case.end() : end].partition("\nfailures:\n")[0]
        yield _case(case["name"], body, places)


def _case(name: str, body: str, places: Places) -> Finding:
    shown, _, trace = body.partition("\nstack backtrace:")
    match = _PANIC.search(shown) or _NO_PANIC.search(shown)
    place = _place(match, trace, places)
    lines_ = [
        line
        for line in shown.strip("\n").split("\n")
        if line.strip() and not line.startswith("note: run with")
    ]
    message = ""
    if match is not None and match.re is _PANIC:
        message = match["quoted"] or " ".join(shown[match.end() :].strip().split("\n")[:4])
    message = message or (lines_[-1] if lines_ else "failed")
    return finding(*place[:2], message, column=place[2], code=name, excerpt=lines_)


def _place(match: re.Match[str] | None, trace: str, places: Places) -> tuple[str, int, int]:
    """Where it panicked; where that is in a library, the innermost frame of the workspace."""
    for found in (match, *_BACKTRACE.finditer(trace)):
        if found is not None and found["path"] and not is_library(found["path"]):
            path = places.relative(found["path"])
            if path:
                return path, int(found["line"]), int(found["column"])
    return "", 0, 0
