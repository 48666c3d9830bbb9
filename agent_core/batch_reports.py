"""What checks found, in the formats that CI services read: JUnit's XML and SARIF 2.1.0."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote
from xml.etree import ElementTree

import msgspec

from agent_core import __version__
from agent_core.batch_formats import BatchResult, diagnose_error, diagnose_notice, to_json
from agent_core.errors import ErrorInfo
from agent_core.events import ChecksFinished, Event, ToolFinished, TurnStarted
from agent_core.ignore import repository_root
from agent_core.output import Writer
from agent_core.text import one_line
from agent_core.verify.api import Finding, Report
from agent_core.verify.saying import headline

ReportFormat = Literal["junit", "sarif"]
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SAID = 2_000
"""Characters of the end of what a check that did not run said."""
_RAN = ("passed", "failed")
_SET_HERE = ".dspy_tui/config.toml"
"""Where a check can be set: the place of what names none, as a result without a place costs all of them."""


def prefix_in_repository(root: Path) -> str:
    """The workspace's folder relative to the repository that it lies in, with a slash; "" for its root."""
    try:
        root = root.resolve()
        top = repository_root(root) or root
    except (OSError, RuntimeError, ValueError):  # it cannot be opened either
        return ""
    return "" if top == root else f"{root.relative_to(top).as_posix()}/"


class Checked(msgspec.Struct, frozen=True):
    """A command, what checks reported in it, and what went wrong where none did."""

    command: str
    reports: tuple[Report, ...]
    error: ErrorInfo | None


class ReportsFront:
    """Collects what checks report, and writes one document at the end, whatever happens.

    Of a task that changes files it is what the last round of its checks said. `prefix` stands before the
    paths in SARIF, which are those of the repository.
    """

    write = None

    def __init__(self, writer: Writer, form: ReportFormat, *, prefix: str = "") -> None:
        self._writer, self._form, self._prefix = writer, form, prefix
        self._done: list[Checked] = []
        self._typed: list[Report] = []
        self._tried: tuple[Report, ...] = ()

    def event(self, event: Event) -> None:
        """Keep what checks found; show notices on standard error."""
        match event:
            case TurnStarted():
                self._typed, self._tried = [], ()
            case ToolFinished() if "reports" in event.data:
                self._typed += msgspec.convert(event.data["reports"], list[Report])
            case ChecksFinished():
                self._tried = event.reports
            case _:
                diagnose_notice(self._writer, event)

    def result(self, result: BatchResult) -> None:
        """A command ended."""
        reports = (*self._typed, *self._tried)
        self._done.append(Checked(result.command, reports, None if reports else result.error))
        diagnose_error(self._writer, result.error)

    def failed(self, error: ErrorInfo) -> None:
        """Keep it for the document."""
        self._done.append(Checked("dspy-tui", (), error))

    def close(self) -> None:
        """Write the document."""
        done = self._done
        self._writer.out(junit(done) if self._form == "junit" else sarif(done, prefix=self._prefix))


def junit(done: Iterable[Checked]) -> bytes:
    """A suite for each check, a case for each thing that it found; a check that found nothing is one case.

    The numbers are those of the cases, which are what services count.
    """
    suites = [suite for each in done for suite in _suites(each)]
    root = ElementTree.Element("testsuites", name="dspy-tui")
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.extend(suites)
    ElementTree.indent(root)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, "utf-8") + b"\n"


def _suites(checked: Checked) -> list[ElementTree.Element]:
    suites = [_suite(report) for report in checked.reports]
    if checked.error is not None:
        suite = ElementTree.Element(
            "testsuite", name=_xml(checked.command), tests="1", failures="0", errors="1"
        )
        case = ElementTree.SubElement(suite, "testcase", classname="dspy-tui", name=_xml(checked.command))
        _wrong(case, "error", checked.error.message, checked.error.hint)
        suites.append(suite)
    return suites


def _suite(report: Report) -> ElementTree.Element:
    ran = report.state in _RAN
    own_case = not report.findings or not ran
    failures = len(report.findings) or int(report.state == "failed")
    suite = ElementTree.Element(
        "testsuite",
        name=_xml(report.verifier),
        tests=str(len(report.findings) + own_case),
        failures=str(failures),
        errors=str(int(not ran)),
        time=f"{report.seconds:.3f}",
    )
    passed = "" if report.passed is None else str(report.passed)
    properties = {name: value for name, value in (("passed", passed), ("note", report.note)) if value}
    if properties:
        told = ElementTree.SubElement(suite, "properties")
        for name, value in properties.items():
            ElementTree.SubElement(told, "property", name=name, value=_xml(value))
    for finding in report.findings:
        case = ElementTree.SubElement(
            suite, "testcase", classname=_xml(finding.path or report.verifier), name=_xml(_named(finding))
        )
        _wrong(case, "failure", finding.message, _placed(finding))
    if own_case:
        case = ElementTree.SubElement(suite, "testcase", classname=report.kind, name=_xml(report.verifier))
        case.set("time", f"{report.seconds:.3f}")
        if report.state != "passed":
            _wrong(case, "failure" if ran else "error", headline(report), report.tail)
    return suite


def _placed(finding: Finding) -> str:
    """What a case says below its message: where (the schema has no attributes for that), and the text."""
    place = f"{finding.path}:{max(1, finding.line)}" if finding.path else ""
    return "\n".join(filter(None, (place, finding.excerpt or finding.source or finding.message)))


def _named(finding: Finding) -> str:
    return finding.code or f"{finding.path}:{finding.line}"


def _wrong(case: ElementTree.Element, kind: str, message: str, more: str) -> None:
    element = ElementTree.SubElement(case, kind, message=_xml(one_line(message)), type=kind)
    element.text = _xml(more or message)


def _xml(text: str) -> str:
    """The text without what no XML may hold."""
    return _NOT_XML.sub("\ufffd", text)


def sarif(done: Sequence[Checked], *, prefix: str = "") -> bytes:
    """A run for each check, with what it found as results; one of ours for each that did not run.

    A run of a tool says that this is all that it finds now: what is not in there any more is closed. `prefix`
    stands before each path.
    """
    runs = [_run(report, prefix) for each in done for report in each.reports]
    runs += [_failed(each) for each in done if each.error is not None]
    _tell_apart(runs, prefix)
    return to_json({"$schema": _SARIF, "version": "2.1.0", "runs": runs}) + b"\n"


def _tell_apart(runs: Sequence[dict[str, Any]], prefix: str) -> None:
    """Give each run an id of its own: code scanning refuses a document with two runs of one tool and id."""
    taken: set[str] = set()
    for run in runs:
        wanted = prefix + run["automationDetails"]["id"].removesuffix("/")
        name = next(name for name in _numbered(wanted) if name not in taken)
        taken.add(name)
        run["automationDetails"] = {"id": f"{name}/"}


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}/{number}" for number in count(2))


def _run(report: Report, prefix: str) -> dict[str, Any]:
    ran = report.state in _RAN
    codes = list(dict.fromkeys(finding.code for finding in report.findings if finding.code))
    invocation: dict[str, Any] = {
        "executionSuccessful": ran,
        "commandLine": report.command,
    }
    if report.exit is not None:
        invocation["exitCode"] = report.exit
    if not ran:
        said = "\n".join(filter(None, (headline(report), report.tail[-_SAID:])))
        invocation["toolExecutionNotifications"] = [_notification(said)]
    elif report.note:  # such as that not all of it is told
        invocation["toolExecutionNotifications"] = [_notification(report.note, "warning")]
    driver: dict[str, Any] = (
        {"name": report.verifier} if ran else {"name": "dspy-tui", "version": __version__}
    )
    found = report.findings or ((_UNREADABLE,) if report.state == "failed" else ())
    return {
        "tool": {"driver": driver | {"rules": [{"id": code} for code in codes]}},
        "automationDetails": {"id": f"{report.kind}/{report.verifier}/"},
        "invocations": [invocation],
        "results": [_found(finding, report, codes, prefix) for finding in found],
        "columnKind": "unicodeCodePoints",
    }


def _failed(checked: Checked) -> dict[str, Any]:
    assert checked.error is not None
    told = one_line(f"{checked.error.message}. {checked.error.hint}".strip())
    invocation = {
        "executionSuccessful": False,
        "commandLine": checked.command,
        "toolExecutionNotifications": [_notification(told)],
    }
    driver = {"name": "dspy-tui", "version": __version__}
    (typed, *_) = checked.command.split() or ["dspy-tui"]
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{typed}/"},
        "invocations": [invocation],
        "results": [],
    }


_UNREADABLE = Finding(path="", line=0, message="")
"""Of a check that failed and named nothing."""


def _notification(text: str, level: str = "error") -> dict[str, Any]:
    return {"level": level, "message": {"text": text}}


def _found(finding: Finding, report: Report, codes: Sequence[str], prefix: str) -> dict[str, Any]:
    said = finding.message or headline(report)
    result: dict[str, Any] = {"level": finding.severity, "message": {"text": said}}
    if finding.code:
        result |= {"ruleId": finding.code, "ruleIndex": codes.index(finding.code)}
    path = prefix + (finding.path or report.origin or _SET_HERE)
    region = {"startLine": max(1, finding.line) if finding.path else 1}
    if finding.path and finding.line > 0 and finding.column > 0:
        region["startColumn"] = finding.column
    place = {"artifactLocation": {"uri": quote(path), "uriBaseId": "%SRCROOT%"}, "region": region}
    result["locations"] = [{"physicalLocation": place}]
    return result
