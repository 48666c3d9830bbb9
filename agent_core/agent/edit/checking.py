"""Checking a proposal in a copy of the workspace, before anybody is asked about it."""

from __future__ import annotations

from collections.abc import Sequence
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
    """What the checks said of a change.

    `standing` are tests that concern the change, failed before it, and still do. `elsewhere` has packages
    that the tests imported from another place than the workspace, and that place. `unchecked` says in one
    line why something was not run, `opinion` what a review by the model came to.
    """

    reports: tuple[Report, ...] = ()
    standing: tuple[Finding, ...] = ()
    elsewhere: dict[str, str] = {}
    unchecked: str = ""
    opinion: str = ""

    @property
    def failed(self) -> tuple[Report, ...]:
        """The checks that complain of what was not there before.

        One that takes too long counts, unless the part of it that concerns the change has passed.
        """
        passed = {report.verifier for report in self.reports if report.state == "passed"}
        failed = tuple(
            report
            for report in self.reports
            if report.state == "failed" or (report.state == "timed-out" and report.verifier not in passed)
        )
        own = tuple(report for report in failed if not report.advisory)
        # Servers may be wrong about code that was never written for them.
        return own if own or self._ran else failed

    @property
    def _ran(self) -> bool:
        """Whether something was run with the change, and passed."""
        return any(report.kind in _RUNS_CODE and report.state == "passed" for report in self.reports)

    @property
    def outvoted(self) -> tuple[Report, ...]:
        """What language servers complain of, where other checks decide."""
        counted = [id(report) for report in self.failed]
        return tuple(
            report
            for report in self.reports
            if report.advisory and report.state == "failed" and id(report) not in counted
        )

    @property
    def verified(self) -> tuple[str, ...]:
        """The commands that verify the change: it was run, and everything that concerns it passed."""
        passed = [report for report in self.reports if report.state == "passed"]
        fine = self._ran and not self.failed and not self.standing and not self.elsewhere
        return tuple(report.command for report in passed) if fine else ()

    @property
    def doubt(self) -> str:
        """Why the change should not be made without a second look, in a few words; "" when nothing speaks
        against it."""
        slow = [report.verifier for report in self.failed if report.state == "timed-out"]
        failing = [report.verifier for report in self.failed if report.state != "timed-out"]
        parts = (
            [f"{', '.join(failing)} {'fails' if len(failing) == 1 else 'fail'} with it"] if failing else []
        )
        parts += (
            [f"{', '.join(slow)} {'takes' if len(slow) == 1 else 'take'} too long with it"] if slow else []
        )
        return " and ".join(parts)

    def remark(self) -> str:
        """One line for people: what passed, what failed, what was not run."""
        parts = [_said(report) for report in self.reports]
        if self.standing:
            fail = "fails" if len(self.standing) == 1 else "fail"
            parts.append(f"{plural(len(self.standing), 'test')} that failed before still {fail}")
        for name, place in self.elsewhere.items():
            parts.append(
                f"the tests ran {name} from {one_line(place)}, not from here: install it as editable"
            )
        return "; ".join([*parts, *(said for said in (self.unchecked, self.opinion) if said)])

    def feedback(self) -> str:
        """What has to be repaired, for the model that wrote the change."""
        failed = self.failed
        return "\n\n".join(_feedback(report) for report in (*failed, *(self.outvoted if failed else ())))

    def doubts(self) -> str:
        """What the change leaves as it was and was perhaps meant to mend, for the model that wrote it."""
        parts = [_feedback(report) for report in self.outvoted]
        if self.standing:
            head = "These tests failed before the change and still do."
            head = f"{head} If the task is about them, it is not done:"
            parts.append(_listed(head, self.standing))
        return "\n\n".join(parts)


class Checks(Protocol):
    """Checks changes, one after the other."""

    async def check(self, changes: Sequence[FileChange], round_: int) -> Checked:
        """What the project's checks say of the workspace with these changes; nothing of it is changed."""
        ...


def _said(report: Report) -> str:
    how = _HOW.get(report.state, "did not run")
    counts = [f"{plural(report.passed, 'test')}"] if report.passed is not None and how == "passed" else []
    counts += [plural(len(report.findings), "new finding")] if report.findings and how == "failed" else []
    counts += [one_line(report.note)] if report.note and report.state not in _HOW else []
    return f"{report.verifier} {how}{f' ({counts[0]})' if counts else ''}"


def _feedback(report: Report) -> str:
    head = f"`{one_line(report.command)}` {'took too long' if report.state == 'timed-out' else 'failed'}:"
    errors = [each for each in report.findings if not report.advisory or each.severity == "error"]
    return _listed(head, errors) if errors else f"{head}\n{report.tail[-_MOST_EXCERPT:]}"


def _listed(head: str, findings: Sequence[Finding]) -> str:
    lines = [head, *(_finding(finding) for finding in findings[:_MOST_FINDINGS])]
    if len(findings) > _MOST_FINDINGS:
        lines.append(f"and {len(findings) - _MOST_FINDINGS} more")
    return "\n".join(lines)


def _finding(finding: Finding) -> str:
    place = f"{finding.path}:{finding.line}: " if finding.path and finding.line else ""
    code = f" [{finding.code}]" if finding.code else ""
    excerpt = f"\n{finding.excerpt[:_MOST_EXCERPT]}" if finding.excerpt else ""
    return f"- {place}{finding.message}{code}{excerpt}"
