"""A whole file as a model sends it, against the one that is there."""

from __future__ import annotations

from collections.abc import Sequence

from agent_core.changes.steps import Opcode, steps
from agent_core.changes.text import FileText
from agent_core.edits import elide, naming
from agent_core.edits.merge import Conflict
from agent_core.edits.model import Write

_LARGE = 20
"""A file of fewer lines may become anything."""
_STUB = 0.5
"""Less than this part of the lines left, and less than this part of the old ones among them, is a stub."""
_EXCERPT = 0.7
"""So much of what was sent is old text where only an excerpt was sent."""
_MISSING = 0.3


def written(edit: Write, old: FileText | None, path: str) -> FileText:
    """The file as it will be. Raises `Conflict` for what is no whole file, and for a new one that exists."""
    lines = _without_name(edit.lines, old, path)
    if old is None:
        if any(elide.stands_for_more(line) for line in lines) and edit.form == "file":
            dots = next(line for line in lines if elide.stands_for_more(line))
            raise Conflict(
                "malformed",
                f"the new file has `{dots.strip()}` instead of its lines. Send it with all its lines",
            )
        return FileText.new(lines, final=edit.final)
    if lines == old.lines:
        return old
    if edit.fresh and old.lines:
        raise Conflict(
            "exists",
            f"{path} is to be made, but there is one of {len(old.lines)} lines. Edit it, or name another "
            f"file",
        )
    lines = elide.whole_filled(lines, old.lines)
    opcodes = steps(old.lines, lines)
    _refuse_stub(lines, old, opcodes)
    text = old
    for tag, i1, i2, j1, j2 in reversed(opcodes):
        if tag != "equal":
            text = text.spliced(i1, i2, lines[j1:j2])
    return text


def _without_name(lines: tuple[str, ...], old: FileText | None, path: str) -> tuple[str, ...]:
    """Without a first line that only names the file, unless the file has it."""
    if not lines or (old and old.lines[:1] == lines[:1]):
        return lines
    named = naming.path_of_comment(lines[0], lambda _: False)
    if not named or not (path.endswith(named.removeprefix("./")) or named.endswith(path)):
        return lines
    rest = lines[1:]
    return (
        rest[1:]
        if rest and not rest[0].strip() and not (old and old.lines and not old.lines[0].strip())
        else rest
    )


def _refuse_stub(lines: tuple[str, ...], old: FileText, opcodes: Sequence[Opcode]) -> None:
    count = len(old.lines)
    if count < _LARGE:
        return
    blocks = [(i1, i2) for tag, i1, i2, _, _ in opcodes if tag == "equal"]
    kept = sum(end - start for start, end in blocks)
    help_text = "Send search/replace blocks for what changes, or the file with all its lines"
    if len(lines) < _STUB * count and kept < _STUB * count:
        raise Conflict(
            "malformed",
            f"the whole file was sent with {len(lines)} lines, the one that is there has {count}, and "
            f"{kept} of them are "
            f"kept: less than half of the lines and of the text is taken for a stub. {help_text}",
        )
    if not blocks or len(lines) >= count:
        return
    head, tail = blocks[0][0], count - blocks[-1][1]
    if kept >= _EXCERPT * len(lines) and max(head, tail) >= max(_MISSING * count, _LARGE / 2):
        side, missing = ("first", head) if head >= tail else ("last", tail)
        raise Conflict(
            "malformed",
            f"what was sent as the whole file is part of it: the {side} {missing} of its {count} lines are "
            f"missing. "
            f"{help_text}",
        )
