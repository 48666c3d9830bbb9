"""The hunks of a change: to be shown, to be chosen from, and as a patch that git applies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal

import msgspec

from agent_core.changes.model import Chosen, FileChange
from agent_core.changes.steps import Opcode, steps
from agent_core.changes.text import FileText, Unfit
from agent_core.errors import ChangeRefused
from agent_core.text import one_line

CONTEXT = 3
"""Lines that a hunk shows on either side."""

Side = Literal[" ", "-", "+"]
Spans = tuple[tuple[int, int], ...]
"""Parts of a line, from and to (exclusive), in characters."""

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_ALIKE = 0.4
_NO_END = "\\ No newline at end of file"
_PLAIN = re.compile(r'[\x00-\x1f"\\\x7f]')
_MOST_TOKENS = 400


class HunkLine(msgspec.Struct, frozen=True):
    """A line of a hunk: common to both sides (" "), only in the old one ("-"), or only in the new one ("+").

    `old` and `new` number it in its files from 1, 0 where it is not in one. `text` is without its end, which
    `ended` tells of; bytes that are no text are kept as surrogates.
    """

    side: Side
    text: str
    old: int
    new: int
    ended: bool = True


class Hunk(msgspec.Struct, frozen=True):
    """Some lines that change together, with what stands around them.

    `number` counts from 0 within the file. The starts are line numbers from 1 as in a patch (0 of a side
    without lines), the sizes how many lines of each side it has.
    """

    number: int
    old_start: int
    old_size: int
    new_start: int
    new_size: int
    lines: tuple[HunkLine, ...]

    @property
    def header(self) -> str:
        """Its first line in a patch."""
        return f"@@ -{_range(self.old_start, self.old_size)} +{_range(self.new_start, self.new_size)} @@"


def hunks(change: FileChange) -> tuple[Hunk, ...]:
    """The hunks of a text; none of a binary file, and none of an empty one that comes or goes."""
    if is_binary(change):
        return ()
    old, new = _lines(change.before), _lines(change.after)
    return tuple(
        _hunk(number, group, old, new) for number, group in enumerate(_groups(change.before, change.after))
    )


def is_binary(change: FileChange) -> bool:
    """Whether it has no lines to speak of: one of its sides has a zero byte."""
    return any(side is not None and b"\0" in side for side in (change.before, change.after))


def counts(change: FileChange) -> tuple[int, int]:
    """How many lines are added and removed."""
    added = removed = 0
    for tag, i1, i2, j1, j2 in () if is_binary(change) else _opcodes(change.before, change.after):
        if tag != "equal":
            removed += i2 - i1
            added += j2 - j1
    return added, removed


def unified(change: FileChange) -> str:
    """The change as git shows it and applies it; "" when there is none.

    Bytes that are no text are kept as surrogates (`surrogateescape`), so that they can be written back. Of a
    binary file only the fact is told.
    """
    if change.before == change.after:
        return ""
    old, new = _quoted(f"a/{change.path}"), _quoted(f"b/{change.path}")
    parts = [f"diff --git {old} {new}"]
    if change.before is None:
        parts.append(f"new file mode {'100755' if change.executable else '100644'}")
    if change.after is None:
        parts.append("deleted file mode 100644")
    if is_binary(change):
        return "\n".join([*parts, f"Binary files {old} and {new} differ", ""])
    found = hunks(change)
    if found:
        tab = "\t" if " " in change.path else ""
        parts.append(f"--- {'/dev/null' if change.before is None else old + tab}")
        parts.append(f"+++ {'/dev/null' if change.after is None else new + tab}")
    for hunk in found:
        parts.append(hunk.header)
        for line in hunk.lines:
            parts.append(line.side + line.text)
            if not line.ended:
                parts.append(_NO_END)
    return "\n".join([*parts, ""])


def choose(changes: Sequence[FileChange], chosen: Chosen) -> tuple[FileChange, ...]:
    """The changes with only what was chosen of them; those of which nothing is left are gone.

    Raises:
        ChangeRefused: A text that was edited by hand has a letter that the file's encoding has not.
    """
    kept: list[FileChange] = []
    for change in changes:
        if change.path in chosen.left_out:
            continue
        if change.path in chosen.edited:
            after: bytes | None = _encoded(chosen.edited[change.path], change)
        else:
            after = _partly(change, frozenset(chosen.rejected.get(change.path, ())))
        if after != change.before:
            kept.append(msgspec.structs.replace(change, after=after))
    return tuple(kept)


def spans(old: str, new: str) -> tuple[Spans, Spans]:
    """Which parts of a line became which of the other; none when the lines have little in common."""
    one, two = _TOKEN.findall(old), _TOKEN.findall(new)
    if len(one) + len(two) > _MOST_TOKENS:
        return (), ()
    matcher = SequenceMatcher(None, one, two, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return (), ()
    changed = [opcode for opcode in matcher.get_opcodes() if opcode[0] != "equal"]
    return (
        _span(one, [(i1, i2) for _, i1, i2, _, _ in changed]),
        _span(two, [(j1, j2) for _, _, _, j1, j2 in changed]),
    )


def _span(tokens: list[str], parts: list[tuple[int, int]]) -> Spans:
    ends = [0]
    for token in tokens:
        ends.append(ends[-1] + len(token))
    return tuple((ends[start], ends[end]) for start, end in parts if end > start)


def _partly(change: FileChange, rejected: frozenset[int]) -> bytes | None:
    """What the file becomes without the rejected hunks."""
    if not rejected or is_binary(change):
        return change.after
    groups = _groups(change.before, change.after)
    if rejected >= set(range(len(groups))):
        return change.before
    old, new = _lines(change.before), _lines(change.after)
    unwanted = {
        opcode for number, group in enumerate(groups) if number in rejected for opcode in _changed(group)
    }
    out: list[bytes] = []
    for opcode in _opcodes(change.before, change.after):
        _, i1, i2, j1, j2 = opcode
        out += old[i1:i2] if opcode in unwanted else new[j1:j2]
    # a line that only the old file's end let be without one must not run into the next
    return b"".join(line if line.endswith(b"\n") else line + b"\n" for line in out[:-1]) + b"".join(out[-1:])


def _encoded(text: str, change: FileChange) -> bytes:
    """The text as the file is written: its encoding, its line ends."""
    model = change.after if change.after is not None else change.before
    try:
        like = FileText.of(model or b"")
    except Unfit:
        return text.encode()
    plain = text.replace("\r\n", "\n")
    if like.usual_end != "\n":
        plain = plain.replace("\n", like.usual_end)
    try:
        return like.mark + plain.encode(like.encoding)
    except UnicodeEncodeError as error:
        raise ChangeRefused(
            f"{one_line(change.path)} is not UTF-8, so that {plain[error.start]!r} cannot be written into it",
            hint="Nothing was written. Leave the letter out, or change the file's encoding first.",
        ) from None


def _lines(content: bytes | None) -> list[bytes]:
    if not content:
        return []
    lines = content.split(b"\n")
    last = lines.pop()
    return [line + b"\n" for line in lines] + ([last] if last else [])


@lru_cache(maxsize=64)
def _opcodes(before: bytes | None, after: bytes | None) -> tuple[Opcode, ...]:
    """The steps from the old lines to the new ones."""
    return steps(_lines(before), _lines(after))


def _changed(group: Sequence[Opcode]) -> list[Opcode]:
    return [opcode for opcode in group if opcode[0] != "equal"]


@lru_cache(maxsize=64)
def _groups(before: bytes | None, after: bytes | None) -> tuple[tuple[Opcode, ...], ...]:
    """The steps of each hunk, with the equal lines around them."""
    groups: list[tuple[Opcode, ...]] = []
    group: list[Opcode] = []
    opcodes = _opcodes(before, after)
    for number, (tag, i1, i2, j1, j2) in enumerate(opcodes):
        if tag != "equal":
            group.append((tag, i1, i2, j1, j2))
            continue
        first, last = number == 0, number == len(opcodes) - 1
        if not first and not last and i2 - i1 <= 2 * CONTEXT:
            group.append((tag, i1, i2, j1, j2))
            continue
        if not first:
            group.append((tag, i1, min(i2, i1 + CONTEXT), j1, min(j2, j1 + CONTEXT)))
            groups.append(tuple(group))
            group = []
        if not last:
            group.append((tag, max(i1, i2 - CONTEXT), i2, max(j1, j2 - CONTEXT), j2))
    if _changed(group):
        groups.append(tuple(group))
    return tuple(groups)


def _hunk(number: int, group: Sequence[Opcode], old: list[bytes], new: list[bytes]) -> Hunk:
    lines: list[HunkLine] = []
    for tag, i1, i2, j1, j2 in group:
        if tag == "equal":
            lines += [_line(" ", old[i], i + 1, j1 + i - i1 + 1) for i in range(i1, i2)]
            continue
        lines += [_line("-", old[i], i + 1, 0) for i in range(i1, i2)]
        lines += [_line("+", new[j], 0, j + 1) for j in range(j1, j2)]
    old_start, old_end = group[0][1], group[-1][2]
    new_start, new_end = group[0][3], group[-1][4]
    return Hunk(
        number=number,
        old_start=old_start + (old_end > old_start),
        old_size=old_end - old_start,
        new_start=new_start + (new_end > new_start),
        new_size=new_end - new_start,
        lines=tuple(lines),
    )


def _line(side: Side, raw: bytes, old: int, new: int) -> HunkLine:
    ended = raw.endswith(b"\n")
    text = (raw[:-1] if ended else raw).decode("utf-8", "surrogateescape")
    return HunkLine(side, text, old, new, ended)


def _range(start: int, size: int) -> str:
    return str(start) if size == 1 else f"{start},{size}"


def _quoted(path: str) -> str:
    """The path as git writes it in a patch."""
    if not _PLAIN.search(path):
        return path
    special = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    return '"' + _PLAIN.sub(lambda match: special.get(match[0], f"\\{ord(match[0]):03o}"), path) + '"'
