"""What a change brought: the findings of a report that were not there before it."""

from __future__ import annotations

import re
from collections import Counter

import msgspec

from agent_core.text import plural
from agent_core.verify.api import Finding, Report

_VOLATILE = re.compile(
    r"0x[0-9a-fA-F]{4,}|/tmp/[^\s'\",)]+|\b\d+(?:\.\d+)? ?(?:ms|µs|us|seconds?|s)\b|\bport \d+"
    r"|\bpid[ =]\d+|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_MOST_SAID = 1200
_PLACE = re.compile(r"(?<=:)\d+(?::\d+)?\b|\bline \d+")


def subtract(before: Report, after: Report) -> Report:
    """The later report without what the earlier one found too.

    Two findings are the same when path, code, message and the text of their line are: so they may have moved.
    What differs from run to run (addresses, temporary paths, durations, line numbers) is not compared. Each
    counts as often as it was there before. A failing test whose message has changed is a new finding: the
    change did something to it.

    A state that was failed because of known findings alone counts as passed, with a note; the findings stay
    in `remaining`, for who wanted to be rid of one of them. Tests of which none passed (they could not even
    be compiled, then and now) are `broken` instead: nothing was tried. So is a check that was ended for
    taking too long, then and now, and one that failed without a finding and said the same (but for numbers),
    which is kept as one. A report that says nothing about the project (`broken`, `missing`) is left as it is,
    and such an earlier one is not used; only a linter that breaks with the change (its settings), and passed
    without it, has failed.
    """
    if before.state == after.state == "timed-out":
        return msgspec.structs.replace(
            after, state="broken", findings=(), note="it takes too long without the change, too"
        )
    bare = before.state == after.state == "failed" and not before.findings and not after.findings
    if bare and after.tail and _said(before) == _said(after):
        said = Finding(path="", line=0, message=f"{after.verifier} fails", excerpt=after.tail[-_MOST_SAID:])
        note = f"it fails without the change, too{f' ({after.note})' if after.note else ''}"
        return msgspec.structs.replace(after, state="broken", remaining=(said,), note=note)
    if (
        after.state == "broken"
        and after.kind == "lint"
        and (after.exit or 0) > 0
        and before.state == "passed"
    ):
        return msgspec.structs.replace(after, state="failed")
    if after.state in ("broken", "missing") or before.state in ("broken", "missing"):
        return after
    left = Counter(_key(each) for each in before.findings)
    new: list[Finding] = []
    known: list[Finding] = []
    for each in after.findings:
        key = _key(each)
        if left[key] > 0:
            left[key] -= 1
            known.append(each)
        else:
            new.append(each)
    state, note = after.state, after.note
    if known and state == "failed" and not _fails(after, new):
        tried = after.kind != "run_tests" or bool(after.passed)
        state = "passed" if tried else "broken"
        why = f"{plural(len(known), 'finding was', 'findings were')} there before"
        why += "" if tried else ", and nothing was tried beside"
        note = f"{note}; {why}" if note else why
    return msgspec.structs.replace(
        after, state=state, findings=tuple(new), known=len(known), remaining=tuple(known), note=note
    )


def _said(report: Report) -> str:
    return _NUMBER.sub("#", _VOLATILE.sub("#", report.tail))


def _fails(report: Report, new: list[Finding]) -> bool:
    """Whether what is new makes it fail: an error, or a warning where there never was an error to blame."""
    if any(each.severity == "error" for each in new):
        return True
    return bool(new) and not any(each.severity == "error" for each in report.findings)


def _key(each: Finding) -> tuple[str, str, str, str]:
    source = "" if _is_test(each) else each.source
    return _path(each), each.code, _PLACE.sub("#", _VOLATILE.sub("#", each.message)), source


def _is_test(each: Finding) -> bool:
    """Whether the code is the id of a test, which is more than any line could say."""
    return "::" in each.code or " > " in each.code


def _path(each: Finding) -> str:
    return "" if _is_test(each) else each.path
