"""The rows of a file in a diff, before anything is drawn: what stands in each, in one column or in two."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from agent_core.changes.hunks import Hunk
from agent_core.verify.api import Finding
from tui.widgets.diff.draft import FileDraft
from tui.widgets.diff.pairs import pairs

_DEFINES = re.compile(
    rb"\s*(?:(?:export|default|pub|public|private|protected|static|final|abstract|async|unsafe|inline)\s+)*"
    rb"(?:def|class|func|fn|function|impl|struct|interface|trait|module|enum|namespace|type)\b"
)
_FAR = 2000
"""Lines above a hunk among which the definition that it is in is looked for."""


class Entry(NamedTuple):
    """One row. `left` and `right` are places in the hunk's lines, -1 for none.

    Of a row in one column `left` is the line, and `right` the one that it is compared with.
    """

    kind: Literal["head", "note", "hunk", "line", "pair", "end", "finding", "gap"]
    hunk: int = -1
    left: int = -1
    right: int = -1
    text: str = ""


Found = Mapping[int, Sequence[Finding]]
"""What checks found in a file, by the line of its new text."""


def entries(file: FileDraft, found: Found, *, split: bool) -> list[Entry]:
    """All rows of a file; what has only one side is in one column."""
    split = split and file.kind == "changed"
    out = [Entry("head")]
    if file.note:
        out.append(Entry("note", text=file.note))
    if not file.hunks:
        out.append(Entry("note", text=_nothing(file)))
    before, after = ((side or b"").split(b"\n") for side in (file.change.before, file.change.after))
    for hunk in file.hunks:
        out.append(Entry("hunk", hunk.number, text=enclosing(before, after, hunk)))
        out += _two(hunk, found) if split else _one(hunk, found)
    return [*out, Entry("gap")]


def _nothing(file: FileDraft) -> str:
    """Why there are no lines to show."""
    change = file.change
    if change.before == change.after:
        return "Edited by hand: it stays as it is."
    if any(side and b"\0" in side for side in (change.before, change.after)):
        return "A binary file: it is taken or left as a whole."
    return "An empty file."


def _one(hunk: Hunk, found: Found) -> list[Entry]:
    partner: dict[int, int] = {}
    for old, new in pairs(hunk):
        if old >= 0 and new >= 0 and old != new:
            partner[old], partner[new] = new, old
    out: list[Entry] = []
    for place, line in enumerate(hunk.lines):
        out.append(Entry("line", hunk.number, place, partner.get(place, -1)))
        if not line.ended:
            out.append(Entry("end", hunk.number, place))
        out += _findings(hunk.number, found.get(line.new, ()))
    return out


def _two(hunk: Hunk, found: Found) -> list[Entry]:
    out: list[Entry] = []
    for old, new in pairs(hunk):
        out.append(Entry("pair", hunk.number, old, new))
        open_ended = [place for place in (old, new) if place >= 0 and not hunk.lines[place].ended]
        if open_ended:
            out.append(
                Entry("end", hunk.number, old if old in open_ended else -1, new if new in open_ended else -1)
            )
        if new >= 0:
            out += _findings(hunk.number, found.get(hunk.lines[new].new, ()))
    return out


def _findings(hunk: int, found: Sequence[Finding]) -> list[Entry]:
    return [Entry("finding", hunk, text=f"{f.code}  {f.message}".strip()) for f in found]


def enclosing(before: Sequence[bytes], after: Sequence[bytes], hunk: Hunk) -> str:
    """The line of the definition that a hunk is in, of the old file where it has one; "" where it shows."""
    lines, start = (before, hunk.old_start - 1) if hunk.old_size else (after, hunk.new_start - 1)
    first = next(
        (line for line in hunk.lines if line.side != " " and line.text.strip()),
        hunk.lines[0] if hunk.lines else None,
    )
    indent = len(first.text) - len(first.text.lstrip()) if first else 0
    changed = next((k for k, line in enumerate(hunk.lines) if line.side != " "), 0)
    for number in range(min(start + changed, len(lines)) - 1, max(-1, start - _FAR), -1):
        row = lines[number]
        if _DEFINES.match(row) and len(row) - len(row.lstrip()) < max(indent, 1):
            return "" if number >= start else row.decode("utf-8", "replace").strip()
    return ""


def ranges_of(rows: Sequence[Entry]) -> dict[int, tuple[int, int]]:
    """The first and the last row of each hunk."""
    out: dict[int, tuple[int, int]] = {}
    for number, entry in enumerate(rows):
        if entry.hunk >= 0:
            out[entry.hunk] = (out.get(entry.hunk, (number, number))[0], number)
    return out
