"""Canonical lines, by the block: what varies by its look (numbers, ids, paths, addresses) becomes one "0".

Two messages that differ only in such parts have the same canonical bytes, and so the same hash: of millions
of lines only the few thousand that say something new reach Python one by one. Everything here is done on
whole blocks of bytes by numpy, about a microsecond a line.

What becomes "0": a word (letters, digits, "_", bytes of other scripts) that has a digit, unless it is a
name with one digit at its end ("ssh2", "eth0", "L2" but not "v2"); an absolute path, and a relative one of
three parts; a dotted or dashed run that begins with a number (addresses, versions, dates); a name of three
parts with a number in it or a port behind it, one of two parts with both (hosts); a name that ends in "_"
with a negative number behind it. Runs of spaces become one space.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LONGEST = 2_000
"""Bytes of a message that are looked at."""
BLOCK = 1 << 18
"""Bytes worked on at once: what a processor's cache holds."""

_SIZE = BLOCK + LONGEST + 1
_COUNT = np.int64(1 << 20)
_DOT, _SPACE, _COLON, _UNDERSCORE, _CALL, _EQUALS = (np.uint8(ord(char)) for char in ". :_(=")
_ZERO, _NINE, _LOWER_A, _Z, _LOWER, _HIGH = (np.uint8(code) for code in (48, 9, 97, 25, 32, 128))


def _among(chars: bytes) -> NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[np.frombuffer(chars, np.uint8)] = True
    return table


_JOINS = _among(b"./\\-")
_SLASHES = _among(b"/\\")
_HEXADECIMAL = _among(b"0123456789abcdefABCDEF")

Offsets = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Canonical:
    """Canonical messages: message i is `text[begin[i]:end[i]]`, with the hash `hashes[i]`."""

    text: NDArray[np.uint8]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    hashes: NDArray[np.uint64]

    def message(self, number: int) -> bytes:
        """The canonical bytes of a message."""
        return self.text[self.begin[number] : self.end[number]].tobytes()


class Canonizer:
    """Makes canonical messages.

    Hashes hold for one canonizer: they cannot be foreseen, so that nobody can write lines that collide.
    """

    def __init__(self) -> None:
        odd = secrets.randbits(64) | 1
        self._bytes = np.frombuffer(secrets.token_bytes(256 * 8), np.uint64)
        self._powers = _powers(odd)
        self._inverses = _powers(pow(odd, -1, 1 << 64))
        self._sums = np.zeros(_SIZE, np.uint64)

    def canonical(
        self, block: NDArray[np.uint8], begin: NDArray[np.int64], end: NDArray[np.int64]
    ) -> Canonical:
        """Messages as spans of a block of at most `BLOCK + LONGEST` bytes, in order and apart.

        Between two of them is at least one byte that belongs to neither and to no word.
        """
        text = block.copy()
        drop = _dropped(block, text)
        kept = np.logical_not(drop, out=drop)
        # Where each byte of the block lies among those that are kept.
        place = np.zeros(len(block) + 1, np.int32)
        np.cumsum(kept, dtype=np.int32, out=place[1:])
        text = np.compress(kept, text)
        low, high = place[begin].astype(np.int64), place[end].astype(np.int64)
        sums = self._sums[: len(text) + 1]
        terms = sums[1:]
        self._bytes.take(text, out=terms, mode="clip")  # "clip" only spares a copy: every byte has a value
        terms *= self._powers[: len(text)]
        np.cumsum(terms, out=terms)
        return Canonical(text, low, high, (sums[high] - sums[low]) * self._inverses[low])


def _powers(base: int) -> NDArray[np.uint64]:
    powers = np.full(_SIZE, base, np.uint64)
    powers[0] = 1
    return np.cumprod(powers)


def _dropped(block: NDArray[np.uint8], text: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which bytes go; writes the "0" of what is collapsed into `text`."""
    drop = np.zeros(len(block), np.bool_)
    if not len(block):
        return drop
    spaces = block == _SPACE
    np.logical_and(spaces[1:], spaces[:-1], out=drop[1:])
    first, last = _collapsed(block)
    text[first] = _ZERO
    long = last - first > 1
    change = np.zeros(len(block) + 1, np.int8)
    change[first[long] + 1] = 1
    change[last[long]] = -1
    drop |= np.cumsum(change[:-1], dtype=np.int8).view(np.bool_)
    return drop


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a block: where they begin and end, how many digits they have, the byte behind each, and
    whether the next one comes right behind that byte."""

    block: NDArray[np.uint8]
    start: Offsets
    stop: Offsets
    digits: NDArray[np.int32]
    after: NDArray[np.uint8]
    adjacent: Mask


def _words(block: NDArray[np.uint8]) -> _Words:
    digits = block - _ZERO <= _NINE
    inside = np.zeros(len(block) + 2, np.bool_)
    word = inside[1:-1]
    np.less_equal((block | _LOWER) - _LOWER_A, _Z, out=word)
    word |= digits
    word |= block >= _HIGH
    word |= block == _UNDERSCORE
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    start, stop = edges[::2], edges[1::2]
    upto = np.zeros(len(block) + 1, np.int32)
    np.cumsum(digits, dtype=np.int32, out=upto[1:])
    adjacent = np.zeros(len(start), np.bool_)
    np.equal(start[1:] - stop[:-1], 1, out=adjacent[:-1])
    after = block[np.minimum(stop, len(block) - 1)]
    return _Words(block, start, stop, upto[stop] - upto[start], after, adjacent)


def _collapsed(block: NDArray[np.uint8]) -> tuple[Offsets, Offsets]:
    """Where what collapses begins and ends."""
    words = _words(block)
    start, stop = words.start, words.stop
    if not len(start):
        return start, stop
    numeric = _numeric(words)
    rooted = _SLASHES[block[start - 1]]
    rooted[0] = start[0] > 0 and rooted[0]
    joins = words.adjacent & _JOINS[words.after]
    linked = joins.copy()
    linked[1:] |= joins[:-1]
    alone = numeric | rooted
    members = np.flatnonzero(linked)
    if not len(members):
        return start[alone], stop[alone]
    run = np.flatnonzero(np.append(True, ~joins[members[:-1]]))
    sizes = np.diff(np.append(run, len(members)))
    whole = _whole_runs(words, numeric, rooted, members, run)
    alone[members] = numeric[members] & ~np.repeat(whole, sizes)
    first = np.concatenate((start[alone], start[members[run[whole]]]))
    last = np.concatenate((stop[alone], stop[members[(run + sizes - 1)[whole]]]))
    return first, last


def _numeric(words: _Words) -> Mask:
    """Which words have a digit and are no name with one digit."""
    numeric = words.digits > 0
    block, start, stop, after = words.block, words.start, words.stop, words.after
    first = block[start]
    few = np.flatnonzero(numeric & (words.digits <= 2) & (first - _ZERO > _NINE))
    few = few[(stop[few] - start[few] > 2) | (first[few] < _LOWER_A)]
    single, key = words.digits[few] == 1, after[few] == _EQUALS
    last = block[stop[few] - 1] - _ZERO <= _NINE
    named = (single & (last | (after[few] == _CALL))) | (key & (single | last))
    few = few[named]
    if len(few):
        letters = np.append(~_HEXADECIMAL[block], False)
        pairs = np.stack((start[few], stop[few]), axis=1).ravel()
        numeric[few[np.logical_or.reduceat(letters, pairs)[::2]]] = False
    return numeric


def _whole_runs(words: _Words, numeric: Mask, rooted: Mask, members: Offsets, run: Offsets) -> Mask:
    """Which runs of joined words collapse as one; `members` are their words, `run` where each run begins."""
    final = members[np.append(run[1:], len(members)) - 1]
    head = members[run]
    after = words.after[members]
    last = np.zeros(len(members), np.bool_)
    last[np.append(run[1:], len(members)) - 1] = True
    weights = (
        numeric[members] + ((after == _DOT) & ~last) * _COUNT + (_SLASHES[after] & ~last) * _COUNT * _COUNT
    )
    sums = np.add.reduceat(weights, run)
    numbers, dots, slashes = sums % _COUNT, sums // _COUNT % _COUNT, sums // (_COUNT * _COUNT)
    names = final - head + 1 - numbers
    behind = np.minimum(final + 1, len(numeric) - 1)
    port = words.adjacent[final] & (words.after[final] == _COLON) & numeric[behind]
    negative = words.block[words.stop[head] - 1] == _UNDERSCORE
    return (
        rooted[head]
        | numeric[head]
        | (slashes >= 2)
        | ((slashes >= 1) & (numbers >= 1) & (dots >= 1))
        | ((dots >= 2) & (((numbers >= 1) & (names >= 2)) | port))
        | ((numbers >= 1) & (port | negative))
    )
