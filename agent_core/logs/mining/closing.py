"""Which words of messages with the same frame are values: those that change while all else stays.

A position at which enough different words occur, with all other words equal, is variable; the messages become
one, and so may share other variable positions. This is repeated until nothing changes. What decides is only
which words occur, never in which order, so that logs mined apart and merged give what the whole gives.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

from agent_core.logs.mining.masks import VARIABLE

Words = tuple[str, ...]

_NAMED = frozenset(("user", "users", "username", "ruser", "account", "login", "host", "hostname", "rhost"))
"""Words behind which a name follows."""
_PATTERNS = 32
"""Sets of variable positions that are tried at most."""
_LETTERS = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True, slots=True)
class Limits:
    """How many different words make a position variable.

    Attributes:
        words: Anywhere.
        subject: At the beginning, where messages say what they speak of.
        capitals: Of words in capitals, which are mostly states and names of events.
        names: Behind a word that announces a name.
    """

    words: int
    subject: int
    capitals: int
    names: int

    def variable(self, values: list[str], before: str, position: int) -> bool:
        """Whether the words of a position, all different, are values; `before` is the word before it."""
        if VARIABLE in values:
            return True
        if before.lower() in _NAMED:
            return len(values) >= self.names
        if position == 0:
            return len(values) >= self.subject
        if 2 * sum(value.isupper() for value in values) > len(values):
            return len(values) >= self.capitals
        return len(values) >= self.words


SETTLED = Limits(words=6, subject=16, capitals=10, names=2)
"""When templates are told."""
FOLDED = Limits(words=48, subject=128, capitals=48, names=24)
"""When messages are no longer kept apart in memory: never before they would be one template."""


def constant(words: Iterable[str]) -> bool:
    """Whether some word says something."""
    return any(word != VARIABLE and _LETTERS.search(word) for word in words)


_constant = lru_cache(maxsize=4096)(constant)
"""The same for rows that are asked about again and again."""


def pattern(row: Words) -> tuple[int, ...]:
    """The positions of a row that are variable."""
    return tuple(place for place, word in enumerate(row) if word == VARIABLE)


def blanked(row: Words, positions: Iterable[int]) -> Words:
    """The row with some positions variable."""
    general = list(row)
    for position in positions:
        general[position] = VARIABLE
    return tuple(general)


def covering(row: Words, patterns: Iterable[tuple[int, ...]], rows: Container[Words]) -> Words | None:
    """The row of which a row is a case: it says the same but where it is variable.

    Args:
        row: The words.
        patterns: Sets of positions that are variable in some rows, in the order in which they are tried.
        rows: The rows.
    """
    for positions in patterns:
        whole = blanked(row, positions)
        if whole != row and whole in rows and _covers(whole, row):
            return whole
    return None


def _covers(whole: Words, row: Words) -> bool:
    """Whether a row says enough, apart from what is variable, for another one to be a case of it."""
    variable = whole.count(VARIABLE)
    filled = variable - row.count(VARIABLE)
    return 2 * filled - 1 <= len(whole) - variable and _constant(whole)


def ordered(patterns: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Patterns as they are tried, the most special ones first."""
    return sorted(patterns, key=lambda one: (len(one), one))[:_PATTERNS]


def closed(rows: Iterable[Words], limits: Limits) -> dict[Words, Words]:
    """What the words of messages of one frame, all of the same number, become.

    Args:
        rows: The words of each message.
        limits: When a position is variable.

    Returns:
        For each row the row with `VARIABLE` in the positions that are; itself where there is none.
    """
    into: dict[Words, Words] = {row: row for row in rows}
    current = set(into)
    width = len(next(iter(into), ()))
    changed = len(current) > 1
    while changed:
        changed = _cover(current, into) | _join(current, into)
        for position in range(width):
            changed |= _close(current, into, position, limits)
    return {row: _final(row, into) for row in list(into)}


def _cover(current: set[Words], into: dict[Words, Words]) -> bool:
    """Let rows become those of which they are cases; whether there were any."""
    patterns = ordered({pattern(row) for row in current} - {()})
    covers = {row: whole for row in current if (whole := covering(row, patterns, current))}
    into.update(covers)
    current.difference_update(covers)
    return bool(covers)


def _join(current: set[Words], into: dict[Words, Words]) -> bool:
    """Join rows that differ only where one of them is variable; whether there were any.

    What varies while another position is fixed, and the other while the first one is, vary together, too.
    """
    found: dict[tuple[int, ...], list[Words]] = {}
    for row in current:
        found.setdefault(pattern(row), []).append(row)
    patterns = [one for one in ordered(found) if one]
    wholes: dict[Words, set[Words]] = {}
    for one, other in permutations(patterns, 2):
        for row in found[one]:
            wholes.setdefault(blanked(row, other), set()).add(row)
    changed = False
    for whole in sorted(wholes, key=lambda one: (one.count(VARIABLE), one)):
        rows = [row for row in wholes[whole] if row in current and _covers(whole, row)]
        if len({pattern(row) for row in rows}) > 1:
            current.difference_update(rows)
            current.add(whole)
            into.update(dict.fromkeys([*rows, whole], whole))
            changed = True
    return changed


def _close(current: set[Words], into: dict[Words, Words], position: int, limits: Limits) -> bool:
    """Make one position variable wherever it is; whether anything changed."""
    contexts: dict[Words, list[str]] = {}
    for row in current:
        contexts.setdefault(row[:position] + row[position + 1 :], []).append(row[position])
    changed = False
    for context, values in contexts.items():
        if len(values) < 2 or not constant(context):
            continue
        if not limits.variable(values, context[position - 1] if position else "", position):
            continue
        before, behind = context[:position], context[position:]
        whole = (*before, VARIABLE, *behind)
        current.difference_update((*before, value, *behind) for value in values)
        into.update(((*before, value, *behind), whole) for value in values)
        into[whole] = whole
        current.add(whole)
        changed = True
    return changed


def _final(row: Words, into: dict[Words, Words]) -> Words:
    while (further := into[row]) != row:
        row = further
    return row
