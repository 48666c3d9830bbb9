"""Reports and checks in words."""

from __future__ import annotations

from collections.abc import Sequence

from agent_core.text import human_duration, one_line, plural, shorten
from agent_core.verify.api import Finding, Kind, Report, Verifier
from agent_core.verify.detect import command_line

WHAT: dict[Kind, str] = {"run_tests": "tests", "lint": "linter", "build": "build"}
_SHOWN, _EXCERPTS, _EXCERPT = 50, 12, 14
_TAIL_LINES = 25


def headline(report: Report) -> str:
    """One line: how it ended, counts, how long it took."""
    counts = [f"{report.failed:,} failed" if report.failed else "", _passed(report)]
    if report.failed is None and report.findings:
        counts.insert(0, plural(len(report.findings), "finding"))
    if report.known:
        counts.append(f"{report.known:,} known before")
    told = ", ".join(filter(None, counts))
    where = ", in a sandbox" if report.sandboxed else ""
    after = f" after {human_duration(report.seconds)}" if report.state != "missing" else ""
    note = f": {report.note}" if report.note else ""
    return one_line(f"{report.verifier} {report.state}{after}{where}{f' ({told})' if told else ''}{note}")


def _passed(report: Report) -> str:
    return f"{report.passed:,} passed" if report.passed is not None else ""


def as_text(report: Report) -> str:
    """The headline, the findings with what helps to repair the first of them, and the end of the output.

    The output is shown where nothing was found in it, and yet it did not pass.
    """
    lines = [headline(report), f"  $ {one_line(report.command)}"]
    for number, each in enumerate(report.findings[:_SHOWN]):
        lines.append(f"  {place(each)}  {each.message}{_code(each)}")
        if number < _EXCERPTS and each.excerpt:
            lines += [f"      {line}" for line in each.excerpt.split("\n")[:_EXCERPT]]
    left = len(report.findings) - _SHOWN
    if left > 0:
        lines.append(f"  … {left:,} more")
    if not report.findings and report.state != "passed" and report.tail:
        lines += [f"  | {line}" for line in report.tail.split("\n")[-_TAIL_LINES:]]
    return "\n".join(lines)


def _code(each: Finding) -> str:
    return f"  [{shorten(each.code, 120)}]" if each.code else ""


def place(each: Finding) -> str:
    """`path:line:column` as far as it is known."""
    if not each.path:
        return "(no place)"
    line = f":{each.line}" if each.line else ""
    return one_line(each.path) + line + (f":{each.column}" if each.line and each.column else "")


def listing(verifiers: Sequence[Verifier], run: Sequence[Verifier]) -> str:
    """The checks in the order of preference; a star marks those that are run."""
    rows: list[str] = []
    for verifier in verifiers:
        mark = "*" if verifier in run else " "
        where = f" in {verifier.cwd}" if verifier.cwd != "." else ""
        missing = "" if verifier.found else " (not installed)"
        line = one_line(command_line(verifier))
        rows.append(f"{mark} {verifier.name:<14} {line}{where}{missing}\n    {one_line(verifier.origin)}")
    return "\n".join(rows)
