"""Lines of `key=value` pairs that tell level, time or message under the usual keys.

A value may be in quotes. The first word of a line that is no pair ends what is read of it as pairs.
"""

from __future__ import annotations

import string

import numpy as np
from numpy.typing import NDArray

from agent_core.logs.formats.text import Mask, Matches, Offsets, Text, spans

_WIDTH = 256
"""How far into a line pairs are looked for, in bytes."""
_LEVEL, _TIME, _NAME, _MESSAGE, _META = 1, 2, 4, 8, 16
"""What a key tells; `_META` is not shown where only such pairs stand before it."""
_KEYS = {
    **dict.fromkeys(("level", "lvl", "severity", "levelname"), _LEVEL | _META),
    **dict.fromkeys(("time", "ts", "timestamp", "t", "datetime"), _TIME | _META),
    **dict.fromkeys(("logger", "component", "service", "app", "module"), _NAME | _META),
    **dict.fromkeys(("name", "source", "subsys"), _NAME),
    **dict.fromkeys(("msg", "message"), _MESSAGE),
    **dict.fromkeys(("caller", "pid", "thread"), _META),
}
_BREAK, _EQUALS, _QUOTE, _SPACE, _TAB = 10, 61, 34, 32, 9
_PAD = bytes(128)

Found = tuple[Mask, dict[str, Matches]]
Bytes = NDArray[np.uint8]


def pairs(text: Text, at: Offsets) -> Found:
    """Which lines are pairs, and where these tell `level`, `time`, `name`, and behind which the rest begins
    (`all` of "body"). The matches are of those lines only."""
    if not len(at):
        return np.zeros(0, np.bool_), {}
    stop = np.minimum(text.breaks[np.searchsorted(text.breaks, at)], at + _WIDTH) + 1
    end = np.cumsum(stop - at)
    lines = np.concatenate((spans(text.bytes, at, stop), np.frombuffer(_PAD, np.uint8)))
    lines[end - 1] = _BREAK
    begin = end - (stop - at)
    words = _Words(lines, begin)
    ok = words.pairs
    if not ok.any():
        return ok, {}
    shift = (at - begin)[ok]
    found: dict[str, Matches] = {}
    for name, what, table, longest in _TOLD_BY:
        told, start, length = words.first(what, table, longest)
        found[name] = Matches(told[ok], {name: (start[ok] + shift, length[ok])})
    found["body"] = Matches(np.ones(len(shift), np.bool_), {"all": (at[ok], (words.shown() - begin)[ok])})
    return ok, found


class _Words:
    """The words of some lines: what stands between blanks that are in no quotes.

    Args:
        lines: The lines, a line break behind each, and `_PAD` behind all.
        begin: Where each begins.

    Attributes:
        pairs: Which lines are pairs.
    """

    def __init__(self, lines: Bytes, begin: Offsets) -> None:
        self._lines, self._begin = lines, begin
        count = len(begin)
        quotes = np.flatnonzero(lines == _QUOTE)
        inner = _inner(lines, begin, quotes)
        start = np.flatnonzero(inner[1:] & ~inner[:-1])
        end = np.flatnonzero(inner[:-1] & ~inner[1:])
        line = np.searchsorted(begin, start, side="right") - 1
        self._start, self._line = start, line
        self._first = np.searchsorted(line, np.arange(count))
        others = np.flatnonzero(~_KEY[lines])
        self._equals = equals = others[np.searchsorted(others, start)]
        named = (lines[equals] == _EQUALS) & (equals > start)
        whole = named & _whole(quotes, start, equals, end)
        self._goes_on = whole & (lines[end] != _BREAK)
        told = np.where(named, _told(lines, start, equals - start), 0)
        self._told = np.where(self._all_before(self._goes_on), told, 0)
        self.pairs = np.zeros(count, np.bool_)
        self.pairs[line[(self._told & (_LEVEL | _MESSAGE)) > 0]] = True
        begins = np.zeros(count, np.bool_)
        begins[line[whole & (start == begin[line]) & _BEGIN[lines[start]]]] = True
        self.pairs &= begins

    def _all_before(self, good: Mask) -> Mask:
        """Which words have only good ones before them in their line."""
        bad = np.zeros(len(good) + 1, np.int64)
        np.cumsum(~good, out=bad[1:])
        return bad[:-1] == bad[self._first[self._line]]

    def first(self, what: int, table: Mask, longest: int) -> tuple[Mask, Offsets, Offsets]:
        """Of each line the first value that tells that and begins with a byte of a table: whether there is
        one, where it begins, and for how many bytes, at most `longest`, it goes on so."""
        start = self._equals + 1
        start = start + (self._lines[start] == _QUOTE)
        which = self._of_lines(np.flatnonzero(((self._told & what) > 0) & table[self._lines[start]]))
        line, start = self._line[which], start[which]
        values = np.ndarray((len(self._lines) - longest,), f"V{longest}", self._lines.data, strides=(1,))
        goes_on = table[values[start].view(np.uint8).reshape(len(start), longest)]
        count = len(self._begin)
        ok, first, length = np.zeros(count, np.bool_), np.zeros(count, np.int64), np.zeros(count, np.int64)
        ok[line], first[line] = True, start
        length[line] = np.where(goes_on.all(axis=1), longest, goes_on.argmin(axis=1))
        return ok, first, length

    def shown(self) -> Offsets:
        """Where what is shown of each line begins: behind the pairs that tell something else of it."""
        which = self._of_lines(np.flatnonzero(~(self._goes_on & ((self._told & _META) > 0))))
        said = (self._told[which] & _MESSAGE) > 0
        begins = np.append(self._begin[1:], len(self._lines) - len(_PAD)) - 1
        begins[self._line[which]] = np.where(said, self._equals[which] + 1, self._start[which])
        return begins

    def _of_lines(self, words: Offsets) -> Offsets:
        """The first of the words in each line."""
        line = self._line[words]
        return words[np.concatenate(([True], line[1:] != line[:-1]))[: len(line)]]


def _inner(lines: Bytes, begin: Offsets, quotes: Offsets) -> Mask:
    """Which bytes are of words; one place further on, so that it begins with one that is of none."""
    blanks = np.flatnonzero((lines == _SPACE) | (lines == _TAB))
    before = np.searchsorted(quotes, begin)[np.searchsorted(begin, blanks, side="right") - 1]
    quoted = (np.searchsorted(quotes, blanks) - before) & 1 == 1
    inner = np.ones(len(lines) + 1, np.bool_)
    inner[0] = False
    inner[1:] = lines != _BREAK
    inner[1:][blanks[~quoted]] = False
    inner[len(lines) + 1 - len(_PAD) :] = False
    return inner


def _whole(quotes: Offsets, start: Offsets, equals: Offsets, end: Offsets) -> Mask:
    """Which words have no quotes, or are quoted behind the sign of equality to their end."""
    first = np.searchsorted(quotes, start)
    count = np.searchsorted(quotes, end) - first
    if not len(quotes):
        return count == 0
    last = len(quotes) - 1
    opens, closes = quotes[np.minimum(first, last)], quotes[np.minimum(first + 1, last)]
    return (count == 0) | ((count == 2) & (opens == equals + 1) & (closes == end - 1))


def _told(lines: Bytes, start: Offsets, length: Offsets) -> Offsets:
    """What the keys at the offsets tell."""
    eights = np.ndarray((len(lines) - 7,), np.uint64, lines.data, strides=(1,))
    low = eights[start] & _BITS[np.clip(length, 0, 8)]
    high = np.where(length > 8, eights[start + np.maximum(length - 8, 0)], 0)
    at = np.minimum(np.searchsorted(_LOW, low), len(_LOW) - 1)
    known = (_LOW[at] == low) & (_HIGH[at] == high) & (_LENGTH[at] == length)
    return np.where(known, _TOLD[at], 0)


def _number(part: str) -> int:
    return int.from_bytes(part.encode(), "little")


def _among(characters: str) -> Mask:
    table = np.zeros(256, np.bool_)
    table[[ord(character) for character in characters]] = True
    return table


_DIGIT, _LETTER = _among(string.digits), _among(string.ascii_letters)
_BEGIN = _among(string.ascii_letters + "_@")
_KEY = _among(string.ascii_letters + string.digits + "_.@-")
_NAMING = _among(string.ascii_letters + string.digits + "_./:@-")
_TOLD_BY = (("level", _LEVEL, _LETTER, 16), ("time", _TIME, _DIGIT, 1), ("name", _NAME, _NAMING, 81))
_SORTED = sorted(_KEYS, key=lambda key: _number(key[:8]))
_LOW = np.array([_number(key[:8]) for key in _SORTED], np.uint64)
_HIGH = np.array([_number(key[-8:]) if len(key) > 8 else 0 for key in _SORTED], np.uint64)
_LENGTH = np.array([len(key) for key in _SORTED])
_TOLD = np.array([_KEYS[key] for key in _SORTED])
_BITS = np.array([(1 << 8 * count) - 1 for count in range(9)], np.uint64)
