"""The place that quotes resemble, where they are nowhere as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from agent_core.edits.keys import folded
from agent_core.edits.places import Lines, Place, fill_blanks

ENOUGH = 0.75
"""A place is one from this likeness on, 0 to 1."""
MARGIN = 0.1
"""By so much less of the quote has to be at any other place."""
_LINE = 0.6
"""So alike are a quoted line and the one that is meant."""
_OFFSETS = 24
_MOST_LINES = 400
_COMMON = 50
_WIDEST = 40


def nearest(search: Sequence[str], replace: Sequence[str], file: Lines) -> list[Place]:
    """The places that resemble the searched lines, best first; their confidence is the likeness."""
    solid = [index for index, line in enumerate(search) if line.strip()]
    if not solid or len(search) > _MOST_LINES:
        return []
    found: list[Place] = []
    for offset in _offsets(search, solid, file):
        place = _aligned(tuple(search), tuple(replace), solid, offset, file)
        if place is not None:
            found.append(place)
    found.sort(key=lambda place: -place.confidence)
    kept: list[Place] = []
    for place in found:
        if all(place.end <= other.start or other.end <= place.start for other in kept):
            kept.append(place)
    return kept


def _weight(line: str) -> float:
    return 1.0 + min(len(line.strip()), _WIDEST)


def _offsets(search: Sequence[str], solid: list[int], file: Lines) -> list[int]:
    """Where in the file the search could begin, by the lines that are in both."""
    votes: Counter[int] = Counter()
    for index in solid:
        places = file.folded.places.get(folded(search[index]), ())
        if len(places) > _COMMON:
            continue
        for at in places:
            votes[at - index] += int(10 * _weight(search[index]))
    chosen: list[int] = []
    for offset, _ in votes.most_common():
        if all(abs(offset - other) > 1 for other in chosen):
            chosen.append(offset)
        if len(chosen) == _OFFSETS:
            break
    return chosen


def _aligned(
    search: tuple[str, ...], replace: tuple[str, ...], solid: list[int], offset: int, file: Lines
) -> Place | None:
    slack = 4 + len(search) // 2
    low = max(offset - slack, 0)
    high = min(offset + len(search) + slack, len(file.lines))
    window = [at for at in range(low, high) if file.lines[at].strip()]
    align: list[int | None] = [None] * len(search)
    pairs = _common([folded(search[i]) for i in solid], [folded(file.lines[at]) for at in window])
    for i, at in pairs:
        align[solid[i]] = window[at]
    total = sum(_weight(search[i]) for i in solid)
    score = sum(_weight(search[solid[i]]) for i, _ in pairs) + _pair_up(search, solid, align, window, file)
    start = next((at for at in align if at is not None), None)
    if start is None:
        return None
    end = next(at for at in reversed(align) if at is not None) + 1
    passed = sum(1 for at in range(start, end) if file.lines[at].strip() and at not in align)
    fill_blanks(search, align, file.lines)
    likeness = score / total - 0.02 * passed
    return Place(
        search=search,
        replace=replace,
        align=tuple(align),
        how=f"similar lines ({likeness:.0%})",
        confidence=round(min(likeness, 0.9), 3),
    )


def _common(one: list[str], two: list[str]) -> list[tuple[int, int]]:
    """The heaviest common subsequence; of equal ones the one with fewer gaps."""
    rows, columns = len(one), len(two)
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    run = [[0] * (columns + 1) for _ in range(rows + 1)]
    step = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            best[i][j], step[i][j] = max((best[i - 1][j], 1), (best[i][j - 1], 2))
            if one[i - 1] == two[j - 1]:
                score = best[i - 1][j - 1] + _weight(one[i - 1]) + (2.0 if run[i - 1][j - 1] else 0.0)
                if score >= best[i][j]:
                    best[i][j], step[i][j], run[i][j] = score, 3, run[i - 1][j - 1] + 1
    pairs: list[tuple[int, int]] = []
    i, j = rows, columns
    while i and j:
        if step[i][j] == 3:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif step[i][j] == 1:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]


def _pair_up(
    search: tuple[str, ...], solid: list[int], align: list[int | None], window: list[int], file: Lines
) -> float:
    """Pair what was quoted wrongly with what is meant, between the lines that are in both; what that is
    worth.
    """
    worth = 0.0
    for index in solid:
        if align[index] is not None:
            continue
        before = next((at for at in reversed(align[:index]) if at is not None), None)
        after = next((at for at in align[index + 1 :] if at is not None), None)
        if before is not None and after is not None:
            free = [at for at in window if before < at < after]
        elif before is not None:
            free = [at for at in window if at > before][:1]
        elif after is not None:
            # what stands directly above, counted back from the first line that is in both
            distance = sum(
                1 for i in solid if i >= index and align[i] is None and _first_after(align, i) == after
            )
            above = [at for at in window if at < after]
            free = above[-distance:][:1] if len(above) >= distance else []
        else:
            free = []
        ratios = [(_ratio(search[index], file.lines[at]), -at) for at in free]
        best, at = max(ratios, default=(0.0, 0))
        if best >= _LINE:
            align[index] = -at
            worth += best * _weight(search[index])
    return worth


def _first_after(align: list[int | None], index: int) -> int | None:
    return next((at for at in align[index + 1 :] if at is not None), None)


def _ratio(one: str, two: str) -> float:
    return SequenceMatcher(None, folded(one), folded(two), autojunk=False).ratio()
