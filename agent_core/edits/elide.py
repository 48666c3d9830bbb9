"""`...` and `# rest unchanged`: what a model leaves out, filled in with what lies there."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from agent_core.edits.keys import folded, indent_of
from agent_core.edits.merge import Conflict
from agent_core.edits.places import Lines, Place

_MARK = r"(?:#+|//+|--|/\*+|<!--|;+|%|\{/\*|\{#|\*)"
_STOP = r"(?:\*+/|-->|\*/\}|#\})"
_DOTS = r"(?:\.{3,}|…|\[\.{3}\]|\(\.{3}\))"
_WORDS = (
    r"(?:exist|unchang|remain|rest\b|omit|same\b|as before|previous|skip|truncat|keep|no change|snip"
    r"|other (?:code|method|function|import|line|field))"
)
_BARE = re.compile(rf"^\s*{_DOTS}\s*$")
_COMMENT = re.compile(rf"^\s*{_MARK}\s*{_DOTS}\s*(?:{_STOP})?\s*$")
_TEXT = r"[\w ,/'’()`.-]{0,80}"
_WHAT = rf"(?:unchanged|same|code|here|as before|file|function|class|methods?|imports|{_DOTS})"
_REST = r"(?:the )?(?:rest of|remaining|existing|other existing|unchanged)\b"
_WORDED = re.compile(
    rf"^\s*{_MARK}?\s*{_DOTS}\s*{_TEXT}{_WORDS}{_TEXT}(?:{_DOTS})?\s*(?:{_STOP})?\s*$"
    rf"|^\s*{_MARK}\s*[(\[]?{_REST}{_TEXT}{_WHAT}[)\]]?\.*\s*(?:{_STOP})?\s*$",
    re.IGNORECASE,
)
_SEGMENTS = 6
_CONTEXT = 3


def stands_for_more(line: str) -> bool:
    """Whether the line is a comment that stands for lines left out."""
    return bool(_COMMENT.match(line) or _WORDED.match(line))


def may_stand_for_more(line: str) -> bool:
    """The same, or three dots alone, which in some languages are code."""
    return bool(_BARE.match(line)) or stands_for_more(line)


def holes_of(search: Sequence[str], file: Lines) -> list[int]:
    """Which of the searched lines stand for lines left out: those that are not in the file as they are."""
    return [
        index
        for index, line in enumerate(search)
        if may_stand_for_more(line) and folded(line) not in file.folded.places
    ]


def without_dots(
    search: Sequence[str], replace: Sequence[str], file: Lines, *, dots_are_code: bool
) -> tuple[str, ...]:
    """The replacement with its dots filled in from the search, which leaves nothing out.

    Raises `Conflict` where it cannot be told what they stand for.
    """
    known = {*map(folded, search), *file.folded.places}
    is_hole = stands_for_more if dots_are_code else may_stand_for_more
    out: list[str] = []
    replace = tuple(replace)
    for index, line in enumerate(replace):
        if not is_hole(line) or folded(line) in known:
            out.append(line)
            continue
        above = [text for text in replace[:index] if text.strip()]
        below = [text for text in replace[index + 1 :] if text.strip()]
        start = _after(search, above)
        end = _before(search, below, start)
        if not above and not below and _BARE.match(line):
            out.append(line)  # three dots and nothing else are meant as such
            continue
        if start is None or end is None:
            raise Conflict(
                "conflict",
                f"the replacement has `{line.strip()}`, and it cannot be told which lines that stands for. "
                "Write the lines out, or send only those that change",
            )
        out += search[start:end]
    return tuple(out)


def _after(search: Sequence[str], before: list[str]) -> int | None:
    """The searched line after the one that stands last before the dots; the first when nothing does."""
    if not before:
        return 0
    wanted = folded(before[-1])
    found = [index for index, line in enumerate(search) if folded(line) == wanted]
    return found[0] + 1 if len(found) == 1 else None


def _before(search: Sequence[str], after: list[str], start: int | None) -> int | None:
    if start is None:
        return None
    if not after:
        return len(search)
    wanted = folded(after[0])
    found = [index for index in range(start, len(search)) if folded(search[index]) == wanted]
    return found[0] if len(found) == 1 else None


def with_holes(search: Sequence[str], replace: Sequence[str], holes: list[int], file: Lines) -> list[Place]:
    """The places of a search that leaves lines out, with these filled in from the file.

    None when what is there stands nowhere. Raises `Conflict` where it cannot be told what the dots stand for.
    """
    segments = _segments(search, holes)
    if len(holes) > _SEGMENTS or not segments[0] or not any(segments[1:]):
        return []
    found: list[Place] = []
    for align in _chains(segments, file):
        filled = _filled(search, holes, align, file)
        place_search = tuple(line for line, _ in filled)
        place_replace = _replacement(search, replace, holes, align, file)
        found.append(
            Place(
                search=place_search,
                replace=place_replace,
                align=tuple(at for _, at in filled),
                how="lines that the edit leaves out were filled in",
                confidence=0.85,
            )
        )
    return found


def _segments(search: Sequence[str], holes: list[int]) -> list[list[str]]:
    edges = [-1, *holes, len(search)]
    return [list(search[one + 1 : two]) for one, two in itertools.pairwise(edges)]


def _chains(segments: list[list[str]], file: Lines) -> list[list[int | None]]:
    """The ways to lay the segments one after the other; the search's lines with the file's, None for the
    dots.
    """
    first = _solid(segments[0], file)
    chains: list[list[int | None]] = []
    for start in first:
        chain = _chain(segments, start, file)
        if chain:
            chains.append(chain)
    return chains


def _solid(segment: list[str], file: Lines) -> list[int]:
    for keyed, key in ((file.trailing, str.rstrip), (file.folded, folded)):
        found = keyed.find([key(line) for line in segment])
        if found:
            return found
    return []


def _chain(segments: list[list[str]], start: int, file: Lines) -> list[int | None]:
    align: list[int | None] = list(range(start, start + len(segments[0])))
    at = start + len(segments[0])
    scope = _scope_end(start, file)
    for segment in segments[1:]:
        align.append(None)
        if not segment:
            continue
        later = [place for place in _solid(segment, file) if place >= at]
        inside = [place for place in later if place < scope]
        if len(inside) > 1:
            raise Conflict(
                "ambiguous",
                f"the dots of the edit could end at line "
                f"{' or '.join(str(place + 1) for place in inside[:6])} of the "
                "file. Quote more of what comes after the dots",
                inside[0] + 1,
            )
        if not inside:
            return []
        align += range(inside[0], inside[0] + len(segment))
        at = inside[0] + len(segment)
    return align


def _scope_end(start: int, file: Lines) -> int:
    """The line after the block that begins at `start`: as far as lines are indented like it or deeper.

    Of what begins at the margin, that is up to the next line at the margin that opens something of its own.
    """
    lines = file.lines
    first = next((line for line in lines[start:] if line.strip()), "")
    depth = len(indent_of(first))
    for index in range(start + 1, len(lines)):
        line = lines[index]
        if line.strip() and len(indent_of(line)) < depth:
            return index
    return len(lines)


def _filled(
    search: Sequence[str], holes: list[int], align: list[int | None], file: Lines
) -> list[tuple[str, int | None]]:
    out: list[tuple[str, int | None]] = []
    for index, line in enumerate(search):
        if index not in holes:
            out.append((line, align[index]))
            continue
        out += [(file.lines[at], at) for at in _hole(index, align)]
    return out


def _hole(index: int, align: list[int | None]) -> range:
    before = next((at for at in reversed(align[:index]) if at is not None), None)
    after = next((at for at in align[index + 1 :] if at is not None), None)
    if before is None or after is None:
        return range(0)
    return range(before + 1, after)


def _replacement(
    search: Sequence[str], replace: Sequence[str], holes: list[int], align: list[int | None], file: Lines
) -> tuple[str, ...]:
    """The replacement with its dots filled in by what those of the search stand for, in their order."""
    own = [
        index
        for index, line in enumerate(replace)
        if any(folded(line) == folded(search[hole]) for hole in holes)
    ]
    if len(own) != len(holes):
        own = [index for index, line in enumerate(replace) if may_stand_for_more(line)]
    if not own:
        return tuple(replace)
    if len(own) != len(holes):
        raise Conflict(
            "conflict",
            f"the search leaves lines out {len(holes)} times, the replacement {len(own)} times: it cannot "
            f"be told which "
            "stands for which",
        )
    out: list[str] = []
    for index, line in enumerate(replace):
        if index in own:
            out += [file.lines[at] for at in _hole(holes[own.index(index)], align)]
        else:
            out.append(line)
    return tuple(out)


def whole_filled(lines: Sequence[str], old: Sequence[str]) -> tuple[str, ...]:
    """A whole file whose `lines` leave parts out, with these filled in from the `old` file.

    Raises `Conflict` where the lines around such a place do not tell what it stands for.
    """
    known = set(map(folded, old))
    holes = [
        index
        for index, line in enumerate(lines)
        if (stands_for_more(line) or _BARE.match(line)) and folded(line) not in known
    ]
    out: list[str] = []
    at = 0
    for hole in holes:
        out += lines[at:hole]
        start = _anchor(list(lines[:hole]), old, at_end=True)
        end = _anchor(list(lines[hole + 1 :]), old, at_end=False)
        if start is None or end is None or end < start:
            raise Conflict(
                "malformed",
                f"the file has `{lines[hole].strip()}` (line {hole + 1} of what was sent) instead of its "
                f"lines, and it "
                "cannot be told which these are. Send search/replace blocks for what changes, or the whole "
                "file",
            )
        out += old[start:end]
        at = hole + 1
    return (*out, *lines[at:])


def _anchor(lines: list[str], old: Sequence[str], *, at_end: bool) -> int | None:
    """Where in the old file the lines next to a hole stand: what the hole begins, or ends, with."""
    solid = [line for line in lines if line.strip()]
    if not solid:
        return 0 if at_end else len(old)
    near = solid[-_CONTEXT:] if at_end else solid[:_CONTEXT]
    at = [index for index, line in enumerate(old) if line.strip()]
    texts = [folded(old[index]) for index in at]
    for size in range(1, len(near) + 1):
        wanted = [folded(line) for line in (near[-size:] if at_end else near[:size])]
        found = [start for start in range(len(texts) - size + 1) if texts[start : start + size] == wanted]
        if len(found) == 1:
            return at[found[0] + size - 1] + 1 if at_end else at[found[0]]
        if not found:
            return None
    return None
