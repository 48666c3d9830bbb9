"""The syntax colours of both sides of a file, for the lines that its hunks show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tui.widgets.diff.draft import FileDraft
from tui.widgets.diff.text import shown
from tui.widgets.transcript.lines import Run

_WHOLE = 2000
"""Lines of a file that are coloured from its first line on, so that open strings are known."""
_ABOVE = 200
"""Lines above a hunk that are read for that, further down."""
_MOST = 4000
"""Lines of a side that are coloured in all."""


@dataclass(frozen=True, slots=True)
class Colours:
    """Runs by line number of each side."""

    old: dict[int, list[Run]] = field(default_factory=dict[int, list[Run]])
    new: dict[int, list[Run]] = field(default_factory=dict[int, list[Run]])


def coloured(file: FileDraft, *, still: Callable[[], bool]) -> Colours:
    """The colours of a file; blocks, up to seconds for a large one, unless they are not wanted any more."""
    from tui.widgets.transcript.highlight import language_of

    language = language_of(file.path)
    if not language:
        return Colours()
    old = [(hunk.old_start, hunk.old_start + hunk.old_size) for hunk in file.hunks]
    new = [(hunk.new_start, hunk.new_start + hunk.new_size) for hunk in file.hunks]
    return Colours(
        _side(file.change.before, language, old, still), _side(file.change.after, language, new, still)
    )


def _side(
    content: bytes | None, language: str, ranges: list[tuple[int, int]], still: Callable[[], bool]
) -> dict[int, list[Run]]:
    from tui.widgets.transcript.highlight import Highlighter

    rows = (content or b"").split(b"\n")
    last = max((end for _, end in ranges), default=0)
    if last <= _WHOLE:
        ranges = [(1, last)]
    out: dict[int, list[Run]] = {}
    done = 1
    for start, end in ranges:
        begin = max(done, start - _ABOVE)
        done = end = min(end, begin + _MOST - len(out))
        if end <= begin or not still():
            break
        texts = [
            shown(row.decode("utf-8", "replace").removesuffix("\r")) for row in rows[begin - 1 : end - 1]
        ]
        out.update(enumerate(Highlighter(language).lines("\n".join(texts)), begin))
    return out
