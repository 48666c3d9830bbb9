"""Checking a proposal in a copy of the workspace, before anybody is asked about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from agent_core.changes.model import FileChange
from agent_core.text import one_line, plural
from agent_core.verify.api import Finding, Report

_MOST_FINDINGS = 12
_MOST_EXCERPT = 1200
_HOW = {"passed": "passed", "failed": "failed", "timed-out": "took too long"}
_RUNS_CODE = ("run_tests", "build")


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What the checks said of a change. `unchecked` says in one line why something was not run."""

    reports: tuple[Report, ...] = ()
    unchecked: str = ""

    @property
    def failed(self) -> tuple[Report, ...]:
        """The checks that complain of what was not there before.

        One that takes too long counts, unless the part of it that concerns the change has passed.
        """
        passed = {report.verifier for report in self.reports if report.state == "passed"}
        return tuple(
            report
            for report in self.reports
            if report.state == "failed" or (report.state == "timed-out" and report.verifier not in passed)
        )

    @property
    def verified(self) -> tuple[str, ...]:
        """The commands that verify the change: it was run, and everything that was run passed."""
        passed = [report for report in self.reports if report.state == "passed"]
        ran = any(report.kind in _RUNS_CODE for report in passed)
        return tuple(report.command for report in passed) if ran and not self.failed else ()

    @property
    def doubt(self) -> str:
        """Why the change should not be made without a second look, in a few words; "" when nothing speaks
        against it."""
        if not self.failed:
            return ""
        names = ", ".join(report.verifier for report in self.failed)
        return f"{names} {'fails' if len(self.failed) == 1 else 'fail'} with it"

    def remark(self) -> str:
        """One line for people: what passed, what failed, what was not run."""
        parts = [_said(report) for report in self.reports]
        return "; ".join([*parts, *([self.unchecked] if self.unchecked else [])])

    def feedback(self) -> str:
        """What has to be repaired, for the model that wrote the change."""
        return "\n\n".join(_feedback(report) for report in self.failed)


class Checks(Protocol):
    """Checks changes, one after the other."""

    async def check(self, changes: Sequence[FileChange], round_: int) -> Checked:
        """What the project's checks say of the workspace with these changes; nothing of it is changed."""
        ...


def _said(report: Report) -> str:
    how = _HOW.get(report.state, "did not run")
    counts = [f"{plural(report.passed, 'test')}"] if report.passed is not None and how == "passed" else []
    counts += [plural(len(report.findings), "new finding")] if report.findings and how == "failed" else []
    return f"{report.verifier} {how}{f' ({counts[0]})' if counts else ''}"


def _feedback(report: Report) -> str:
    head = f"`{one_line(report.command)}` {'took too long' if report.state == 'timed-out' else 'failed'}:"
    findings = [_finding(finding) for finding in report.findings[:_MOST_FINDINGS]]
    if len(report.findings) > _MOST_FINDINGS:
        findings.append(f"and {len(report.findings) - _MOST_FINDINGS} more")
    return "\n".join([head, *(findings or [report.tail[-_MOST_EXCERPT:]])])


def _finding(finding: Finding) -> str:
    place = f"{finding.path}:{finding.line}: " if finding.path and finding.line else ""
    code = f" [{finding.code}]" if finding.code else ""
    excerpt = f"\n{finding.excerpt[:_MOST_EXCERPT]}" if finding.excerpt else ""
    return f"- {place}{finding.message}{code}{excerpt}"


def findings_of(reports: Iterable[Report]) -> list[Finding]:
    """Everything that is new in some reports."""
    return [finding for report in reports for finding in report.findings]
