"""What checks said of a change: a row each, with what they found behind it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.message import Message

from agent_core.text import human_duration, one_line, plural, printable
from agent_core.verify.api import Finding, Report
from tui.widgets.rows import Item, Rows
from tui.widgets.transcript.lines import Run

_MARKS: dict[str, Run] = {"passed": ("✓ ", "ok", None), "failed": ("✗ ", "bad-title", None)}
_NOT_RUN: Run = ("▲ ", "warn", None)
_STATES = {"timed-out": "took too long", "missing": "not installed", "broken": "could not be run"}
_EXCERPT = 6
"""Rows of the excerpt of a finding that are shown."""


class Checks(Rows):
    """Reports that unfold to their findings; `more` is said under them."""

    class FindingChosen(Message, namespace="checks"):
        """The place of a finding is wanted."""

        def __init__(self, finding: Finding) -> None:
            super().__init__()
            self.finding = finding

    class Folded(Message, namespace="checks"):
        """There are more rows, or fewer."""

    def __init__(self, reports: Sequence[Report], *, more: str = "", id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._reports = tuple(reports)
        self._more = one_line(more)
        self._open = {place for place, report in enumerate(reports) if report.state == "failed"}
        self.findings: list[Finding] = [finding for report in reports for finding in report.findings]
        """All findings, in the order in which they show."""

    def fill(self, *, unfolded: bool = True) -> None:
        """Show the reports; those that failed unfolded where there is room."""
        if not unfolded:
            self._open.clear()
        self._show()

    def _show(self) -> None:
        items: list[Item] = []
        for place, report in enumerate(self._reports):
            items.append(self._report(place, report))
            if place in self._open:
                items += _behind(place, report)
        if self._more:
            items.append(Item(self._more, "title", (("  ", "", None), _NOT_RUN), can_choose=False))
        self.set_items(items)
        self.post_message(self.Folded())

    def _report(self, place: int, report: Report) -> Item:
        lead: tuple[Run, ...] = (_MARKS.get(report.state, _NOT_RUN),)
        if _behind(place, report):
            lead = (("▾ " if place in self._open else "▸ ", "dim", None), *lead)
        else:
            lead = (("  ", "", None), *lead)
        style = "bad" if report.state == "failed" else "dim"
        right: tuple[Run, ...] = ((_said(report), style, None),)
        return Item(one_line(report.command), "title", lead, right, key=f"{place}", right_gives=True)

    def action_choose(self) -> None:
        """Unfold or fold a report, or go to the place of a finding."""
        if (item := self.current) is None or not item.can_choose:
            return
        place, _, number = item.key.partition(".")
        if number:
            self.post_message(self.FindingChosen(self._reports[int(place)].findings[int(number)]))
            return
        self._open ^= {int(place)}
        self._show()


def _said(report: Report) -> str:
    parts = [_STATES.get(report.state, report.state)]
    if report.failed is not None and report.state == "failed":
        parts = [f"{report.failed:,} failed"]
    if report.passed:
        parts.append(f"{report.passed:,} passed")
        parts = parts[1:] if report.state == "passed" else parts
    if report.findings:
        parts.append(plural(len(report.findings), "new finding"))
    if report.known:
        parts.append(f"{report.known:,} known before")
    if report.note:
        parts.append(one_line(report.note))
    if report.exit is not None or report.state in ("passed", "failed"):
        parts.append(human_duration(report.seconds))
        # Syntax is looked at, not run.
        if report.verifier != "syntax":
            parts.append("in a sandbox" if report.sandboxed else "no sandbox")
    return " · ".join(parts)


def _behind(place: int, report: Report) -> list[Item]:
    out: list[Item] = []
    for number, finding in enumerate(report.findings):
        where = f"{one_line(finding.path)}:{finding.line}" if finding.path and finding.line else ""
        where += f":{finding.column}" if where and finding.column else ""
        code = f"{one_line(finding.code)}  " if finding.code and finding.code not in finding.message else ""
        lead: tuple[Run, ...] = (
            ("      ", "", None),
            (where, "link", None),
            ("  " if where else "", "", None),
        )
        severity = "" if finding.severity == "error" else f"{finding.severity}  "
        text = f"{severity}{code}{one_line(finding.message)}"
        style = "bad" if finding.severity == "error" else "dim"
        out.append(Item(text, style, lead, key=f"{place}.{number}"))
        rows = printable(finding.excerpt).rstrip().split("\n")[-_EXCERPT:] if finding.excerpt else []
        out += [Item(row.expandtabs(4), "dim", (("        ", "", None),), can_choose=False) for row in rows]
    if not report.findings and report.state not in ("passed", "missing"):
        tail = printable(report.tail).rstrip().split("\n")[-_EXCERPT:] if report.tail.strip() else []
        out += [Item(row.expandtabs(4), "dim", (("      ", "", None),), can_choose=False) for row in tail]
    return out
