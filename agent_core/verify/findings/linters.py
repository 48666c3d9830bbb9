"""Linters and type checkers that have a form for programs: ruff, eslint, pyright."""

from __future__ import annotations

from agent_core.verify.api import Finding, Severity
from agent_core.verify.findings import compilers
from agent_core.verify.findings.jsons import load, number, rows, text
from agent_core.verify.findings.model import Parsed, Raw, finding, unique


def ask_ruff(argv: tuple[str, ...], report: str) -> tuple[str, ...]:
    """`ruff check` with its findings as JSON in a file."""
    if "check" not in argv:
        return argv
    return (*argv, "--output-format=json", f"--output-file={report}")


def read_ruff(raw: Raw) -> Parsed:
    """ruff's findings."""
    found = load(raw.report)
    if not isinstance(found, list):
        return compilers.read(raw)
    return _judged(
        raw,
        [
            finding(
                raw.places.relative(text(row, "filename")),
                number(row, "location", "row"),
                text(row, "message"),
                column=number(row, "location", "column"),
                code=text(row, "code") or text(row, "name"),
            )
            for row in rows(found)
        ],
    )


def ask_eslint(argv: tuple[str, ...], report: str) -> tuple[str, ...]:
    """eslint with its findings as JSON in a file."""
    return (*argv, "-f", "json", "-o", report)


def read_eslint(raw: Raw) -> Parsed:
    """eslint's findings; those that only warn don't fail."""
    found = load(raw.report)
    if not isinstance(found, list):
        return compilers.read(raw)
    told: list[Finding] = []
    for file in rows(found):
        path = raw.places.relative(text(file, "filePath"))
        for row in rows(file, "messages"):
            told.append(
                finding(
                    path,
                    number(row, "line"),
                    text(row, "message"),
                    column=number(row, "column"),
                    severity="error" if number(row, "severity") == 2 else "warning",
                    code=text(row, "ruleId") or ("syntax" if row.get("fatal") else ""),
                )
            )
    return _judged(raw, told)


def ask_pyright(argv: tuple[str, ...], _report: str) -> tuple[str, ...]:
    """pyright with its findings as JSON."""
    return (*argv, "--outputjson")


_PYRIGHT: dict[str, Severity] = {"error": "error", "warning": "warning", "information": "note"}


def read_pyright(raw: Raw) -> Parsed:
    """pyright's findings, whose lines count from nought."""
    found = load(raw.output)
    if not isinstance(found, dict) or "generalDiagnostics" not in found:
        return compilers.read(raw)
    return _judged(
        raw,
        [
            finding(
                raw.places.relative(text(row, "file")),
                number(row, "range", "start", "line") + 1,
                text(row, "message"),
                column=number(row, "range", "start", "character") + 1,
                severity=_PYRIGHT.get(text(row, "severity"), "error"),
                code=text(row, "rule"),
            )
            for row in rows(found, "generalDiagnostics")
        ],
    )


def _judged(raw: Raw, found: list[Finding]) -> Parsed:
    """With exit code 1 for findings, and 2 for what says nothing about the project."""
    listed = unique(found)
    if raw.exit not in (0, 1) and not any(each.severity == "error" for each in listed):
        return Parsed(listed, state="broken")
    return Parsed(listed)
