"""Both sides of a change as text to be shown, line for line as they are compared."""

from __future__ import annotations

import codecs
from typing import NamedTuple

from agent_core.changes.hunks import is_binary
from agent_core.changes.model import FileChange
from agent_core.changes.text import FileText, Unfit


class Sides(NamedTuple):
    """The texts before and after, None where there is no file.

    They keep their line ends, so that hunks of the texts are the hunks of the change. With `whole` they are
    not: what is binary, or written in an encoding with zero bytes, is taken or left as a whole.
    """

    before: str | None
    after: str | None
    whole: bool = False


def sides(change: FileChange) -> Sides:
    """What is shown of a change; whatever is no text shows as far as it can be read."""
    if is_binary(change):
        return Sides(_read(change.before), _read(change.after), whole=True)
    present = [side for side in (change.before, change.after) if side is not None]
    # A mark that stays is no part of the first line; where there is nothing else it is one.
    marked = all(side.startswith(codecs.BOM_UTF8) and side != codecs.BOM_UTF8 for side in present)
    mark = codecs.BOM_UTF8 if marked else b""
    parts = [None if side is None else side.removeprefix(mark) for side in (change.before, change.after)]
    try:
        before, after = (None if part is None else part.decode("utf-8") for part in parts)
    except UnicodeDecodeError:  # the same bytes have to read the same on both sides
        before, after = (None if part is None else part.decode("latin-1") for part in parts)
    return Sides(before, after)


def _read(content: bytes | None) -> str | None:
    if content is None:
        return None
    try:
        text = FileText.of(content)
    except Unfit:
        return content.decode("utf-8", "replace")
    return "".join(line + end for line, end in zip(text.lines, text.ends, strict=True))
