"""How well a name fits some typed letters, and which letters those are; of what is typed into the palette.

Each word that is typed counts for itself, wherever in the name it stands. The text is anybody's, and of any
length: it is taken as it is, and looked at once a word.
"""

from __future__ import annotations

from typing import NamedTuple

BEGINS, IN_WORD, SCATTERED = 0, 2, 4
"""What a word costs that begins the name, is within one of its words, or is some of its letters in order."""
_BEGINS_WORD = 1
"""The same for one that begins another word of the name."""


class Fit(NamedTuple):
    """How a name fits: what it costs, 0 for the best, and the positions of the letters that were typed."""

    cost: float
    at: frozenset[int] = frozenset()


def fit(query: str, name: str) -> Fit | None:
    """How the name fits; None where a word of the query is not in it."""
    low = _lower(name)
    cost, at = 0.0, set[int]()
    for word in _lower(query).split():
        found = _word(word, low, name)
        if found is None:
            return None
        cost += found.cost
        at |= found.at
    return Fit(cost + len(name) / 1000, frozenset(at))


def _lower(text: str) -> str:
    """In small letters, one for each: some capitals are two."""
    low = text.lower()
    return (
        low if len(low) == len(text) else "".join(lower if len(lower := c.lower()) == 1 else c for c in text)
    )


def _word(word: str, low: str, name: str) -> Fit | None:
    first = at = low.find(word)
    if at < 0:
        return _scattered(word, low)
    while at > 0 and not _begins(name, at):
        at = low.find(word, at + 1)
    if at < 0:
        at, cost = first, IN_WORD
    else:
        cost = BEGINS if at == 0 else _BEGINS_WORD
    end = at + len(word)
    if at == 0 and end == len(low):
        cost -= 0.5  # it is the whole name
    return Fit(cost, frozenset(range(at, end)))


def _begins(name: str, at: int) -> bool:
    """Whether a word begins there: behind what is no letter, or with a capital."""
    return not name[at - 1].isalnum() or (name[at].isupper() and not name[at - 1].isupper())


def _scattered(word: str, low: str) -> Fit | None:
    """The letters in order, as near to each other as they are before the first place where all are there."""
    end = -1
    for letter in word:
        end = low.find(letter, end + 1)
        if end < 0:
            return None
    at, before = [end], end
    for letter in reversed(word[:-1]):
        before = low.rfind(letter, 0, before)
        at.append(before)
    return Fit(SCATTERED + (end - before + 1 - len(word)) / 10, frozenset(at))
