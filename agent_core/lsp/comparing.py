"""What a change brought, by a server's word: a report like that of any other check."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from agent_core.changes.model import FileChange
from agent_core.changes.text import FileText, Unfit
from agent_core.lsp.api import Said, ServerSpec
from agent_core.lsp.positions import Encoding, Lines
from agent_core.text import one_line, printable, shorten
from agent_core.verify.api import Finding, Report, Severity
from agent_core.verify.subtract import subtract

_MOST = 50
_MESSAGE, _SOURCE = 600, 300
_SEVERITIES: Mapping[int, Severity] = {1: "error", 2: "warning"}
_ORDER: Mapping[Severity, int] = {"error": 0, "warning": 1, "note": 2}
_UNSEEN = re.compile(r"reportMissing(?:Imports|ModuleSource)|reportUnknown\w+|reportAttributeAccessIssue")
"""Rules of pyright that complain of what an import brings: it does not see files that are not written yet."""
_SEES_NEW_FILES = frozenset({"typescript", "rust", "go"})

Mask = Callable[[str], str]


def text_of(content: bytes | None) -> str | None:
    """The text of a file's bytes; None for what is none, or is no text."""
    if content is None:
        return None
    try:
        text = FileText.of(content)
    except Unfit:
        return None
    return "".join(line + end for line, end in zip(text.lines, text.ends, strict=True))


def report_of(
    spec: ServerSpec,
    said: Mapping[str, Sequence[Said]],
    texts: Mapping[str, str],
    *,
    encoding: Encoding,
    sandboxed: bool,
    mask: Mask,
) -> Report:
    """What a server says of texts, by path; what it says of other files is left out."""
    findings: list[Finding] = []
    for path, text in texts.items():
        lines = Lines(text)
        findings += (_finding(path, lines, each, encoding, mask) for each in said.get(path, ()))
    findings.sort(key=lambda each: (_ORDER[each.severity], each.path, each.line, each.column))
    failed = any(each.severity == "error" for each in findings)
    return Report(
        verifier=spec.name,
        kind="lint",
        command=spec.line,
        state="failed" if failed else "passed",
        findings=tuple(findings),
        sandboxed=sandboxed,
        advisory=True,
    )


def brought(spec: ServerSpec, before: Report, after: Report, changes: Sequence[FileChange]) -> Report:
    """The later report without what was there before, and without what is only not written yet."""
    report = subtract(before, after)
    if spec.language not in _SEES_NEW_FILES and any(change.before is None for change in changes):
        kept = tuple(each for each in report.findings if not _UNSEEN.fullmatch(each.code))
        failed = any(each.severity == "error" for each in kept)
        report = msgspec.structs.replace(report, findings=kept, state="failed" if failed else "passed")
    return msgspec.structs.replace(
        report, findings=report.findings[:_MOST], remaining=report.remaining[:_MOST]
    )


def unanswered(spec: ServerSpec, why: str) -> Report:
    """The report of a server that said nothing."""
    return Report(
        verifier=spec.name, kind="lint", command=spec.line, state="broken", note=one_line(why), advisory=True
    )


def _finding(path: str, lines: Lines, each: Said, encoding: Encoding, mask: Mask) -> Finding:
    line, column = lines.place(each.spot, encoding)
    return Finding(
        path=path,
        line=line,
        column=column,
        message=shorten(mask(_message(each.message)), _MESSAGE),
        severity=_SEVERITIES.get(each.severity, "note"),
        code=one_line(each.code),
        source=shorten(mask(printable(lines.source(line).strip()[: 2 * _SOURCE])), _SOURCE),
    )


def _message(text: str) -> str:
    """In one line: what follows are details of the first one."""
    parts: Iterable[str] = (one_line(part).strip() for part in text.split("\n"))
    return "; ".join(part for part in parts if part)
