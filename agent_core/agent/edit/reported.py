"""What a check of a proposed change came to, as a tool's end tells it."""

from __future__ import annotations

from agent_core.errors import ErrorInfo
from agent_core.text import plural
from agent_core.verify.api import Report


def summary_of(report: Report | None, *, where: str) -> str:
    """In one line; `where` begins it, such as "in a copy". None was cancelled."""
    if report is None:
        return "cancelled"
    tests = f", {plural(report.passed, 'test')} passed" if report.passed else ""
    new = f", {plural(len(report.findings), 'new finding')}" if report.findings else ""
    known = f", {report.known} known before" if report.known else ""
    return f"{where}: {report.state}{tests}{new}{known}"


def error_of(report: Report | None, *, columns: bool = False) -> ErrorInfo | None:
    """The first thing that it found, with its column where that says something; None where it passed."""
    if report is None:
        return ErrorInfo("interrupted", "It was cancelled")
    if report.state == "passed":
        return None
    first = next(iter(report.findings), None)
    if first is None:
        return ErrorInfo("checks-failed", report.note or report.state)
    place = f"{first.path}:{first.line}" + (f":{first.column}" if columns else "")
    return ErrorInfo("checks-failed", f"{place}: {first.message}")
