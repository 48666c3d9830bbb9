"""Canonical lines, by the block: what varies by its look (numbers, ids, paths, addresses) becomes one "0".

Two messages that differ only in such parts have the same canonical bytes, and so the same hash: of millions
of lines only the few thousand that say something new reach Python one by one. Everything here is done on
whole blocks of bytes by numpy, about a microsecond a line.

What becomes "0": a word (letters, digits, "_", bytes of other scripts) that has a digit, unless it is a
name with one digit at its end ("ssh2", "eth0"); an absolute path, and a relative one of three parts; a
dotted or dashed run that begins with a number (addresses, versions, dates); a name of three parts with a
number in it or a port behind it, one of two parts with both (hosts); a name that ends in "_" with a
negative number behind it. Runs of spaces become one space.
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

_HEX, _LETTER, _DIGIT = 1, 2, 4
_COUNT = np.int64(1 << 20)
_DOT, _SPACE, _ZERO, _COLON, _UNDERSCORE, _CALL, _EQUALS = (np.uint8(ord(char)) for char in ". 0:_(=")


def _table(**classes: bytes) -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    for value, chars in zip((_HEX, _LETTER, _DIGIT), classes.values(), strict=True):
        table[np.frombuffer(chars, np.uint8)] = value
    return table


_CLASS = _table(
    hexadecimal=b"abcdefABCDEF",
    letters=b"ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ_" + bytes(range(128, 256)),
    digits=b"0123456789",
)
_JOINS = np.zeros(256, np.bool_)
_JOINS[np.frombuffer(b"./\\-", np.uint8)] = True
_SLASHES = np.zeros(256, np.bool_)
_SLASHES[np.frombuffer(b"/\\", np.uint8)] = True


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
        self._powers = _powers(odd, 2 * (BLOCK + LONGEST))
        self._inverses = _powers(pow(odd, -1, 1 << 64), 2 * (BLOCK + LONGEST))

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
        text = text[kept]
        low, high = place[begin].astype(np.int64), place[end].astype(np.int64)
        sums = np.zeros(len(text) + 1, np.uint64)
        np.cumsum(self._bytes[text] * self._powers[: len(text)], out=sums[1:])
        return Canonical(text, low, high, (sums[high] - sums[low]) * self._inverses[low])


def _powers(base: int, count: int) -> NDArray[np.uint64]:
    powers = np.full(count, base, np.uint64)
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


def _collapsed(block: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where what collapses begins and ends."""
    classes = _CLASS[block]
    inside = np.zeros(len(block) + 2, np.bool_)
    np.not_equal(classes, 0, out=inside[1:-1])
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    start, stop = edges[::2], edges[1::2]
    if not len(start):
        return start, stop
    after = block[np.minimum(stop, len(block) - 1)]
    numeric = _numeric(classes, start, stop, after)
    adjacent = np.zeros(len(start), np.bool_)
    np.equal(start[1:] - stop[:-1], 1, out=adjacent[:-1])
    joins = adjacent & _JOINS[after]
    head = np.ones(len(start), np.bool_)
    np.logical_not(joins[:-1], out=head[1:])
    run = np.flatnonzero(head)
    final = np.append(run[1:], len(start)) - 1
    whole = _whole_runs(block, start, stop, numeric, after, adjacent, joins, run, final)
    alone = numeric & ~np.repeat(whole, np.diff(np.append(run, len(start))))
    first = np.concatenate((start[alone], start[run[whole]]))
    last = np.concatenate((stop[alone], stop[final[whole]]))
    return first, last


def _numeric(
    classes: NDArray[np.uint8], start: NDArray[np.int64], stop: NDArray[np.int64], after: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """Which words have a digit and are no name with one digit."""
    found = np.bitwise_or.reduceat(classes, start)
    numeric = found >= _DIGIT
    last = classes[stop - 1] == _DIGIT
    names = np.flatnonzero(
        (found >= _DIGIT + _LETTER)
        & (classes[start] < _DIGIT)
        & (stop - start > 2)
        & (last | (after == _CALL) | (after == _EQUALS))
    )
    if len(names):
        digits = np.append(classes, 0) == _DIGIT
        pairs = np.stack((start[names], stop[names]), axis=1).ravel()
        count = np.add.reduceat(digits, pairs, dtype=np.int64)[::2]
        numeric[names[(count == 1) | ((count == 2) & (after[names] == _EQUALS))]] = False
    return numeric


def _whole_runs(
    block: NDArray[np.uint8],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    numeric: NDArray[np.bool_],
    after: NDArray[np.uint8],
    adjacent: NDArray[np.bool_],
    joins: NDArray[np.bool_],
    run: NDArray[np.int64],
    final: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Which runs of joined words collapse as one."""
    weights = numeric + (joins & (after == _DOT)) * _COUNT + (joins & _SLASHES[after]) * _COUNT * _COUNT
    sums = np.add.reduceat(weights, run)
    numbers, dots, slashes = sums % _COUNT, sums // _COUNT % _COUNT, sums // (_COUNT * _COUNT)
    before = start[run] - 1
    rooted = (before >= 0) & _SLASHES[block[before]]
    port = (np.append(numeric[1:], False) & adjacent & (after == _COLON))[final]
    joined = run != final
    names = final - run + 1 - numbers
    return (
        rooted
        | (slashes >= 2)
        | ((slashes >= 1) & (numbers >= 1) & (dots >= 1))
        | (joined & numeric[run])
        | ((dots >= 2) & (((numbers >= 1) & (names >= 2)) | port))
        | (joined & (numbers >= 1) & (port | (block[stop[run] - 1] == _UNDERSCORE)))
    )
