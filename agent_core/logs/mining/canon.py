"""Canonical messages, by the block: what varies by its look (numbers, ids, paths, addresses) becomes one "0".

Messages that differ only in such parts have the same canonical bytes: of millions of lines only the few
thousand that say something new reach Python one by one. Everything here is done on whole blocks of bytes by
numpy and arrow, half a microsecond a line: what costs time is a step that looks at every byte, so there are
few of these, and the rest looks at words.

What becomes "0": a word (letters, digits, "_", bytes of other scripts) that has a digit, unless it is a
name with one digit at its end ("ssh2", "eth0", "L2" but not "v2"); an absolute path, and a relative one of
three parts; a dotted or dashed run that begins with a number (addresses, versions, dates); a name of three
parts with a number in it or a port behind it, one of two parts with both (hosts); a name that ends in "_"
with a negative number behind it. Runs of spaces become one space, and so does a line break.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent_core.logs.formats.text import Mask, Offsets, binary, spans

LONGEST = 2_000
"""Bytes of a message that are looked at."""
BLOCK = 1 << 18
"""Bytes worked on at once: what a processor's cache holds."""

_BITS = 10
_MOST = (1 << _BITS) - 1
"""Words of a message at most: one byte each, and one between them."""
_DOT, _DASH, _SLASH, _BACKSLASH = (np.uint8(ord(char)) for char in ".-/\\")
_SPACE, _COLON, _UNDERSCORE, _CALL, _EQUALS, _BREAK = (np.uint8(ord(char)) for char in " :_(=\n")
_ZERO, _NINE, _LOWER_A, _F, _Z, _LOWER, _HIGH = (np.uint8(code) for code in (48, 9, 97, 5, 25, 32, 128))


@dataclass(frozen=True, slots=True)
class Canonical:
    """The canonical messages of a block: message i is `forms[which[i]]`; no two forms are equal."""

    forms: list[bytes]
    which: NDArray[np.int32]


def canonical(block: NDArray[np.uint8], begin: Offsets, end: Offsets) -> Canonical:
    """The canonical messages of those that are the spans of a block, in order and apart.

    Between two of them is at least one byte that belongs to neither. They should have about `BLOCK` bytes.
    """
    if not len(begin):
        return Canonical([], np.zeros(0, np.int32))
    text = _apart(block, begin, end)
    text = _shortened(text)
    ends = np.flatnonzero(text == _BREAK)
    bounds = np.zeros(len(ends) + 1, np.int64)
    np.add(ends, 1, out=bounds[1:])
    found = binary(text, bounds).dictionary_encode()
    return Canonical([form[:-1] for form in found.dictionary.to_pylist()], found.indices.to_numpy())


def _apart(block: NDArray[np.uint8], begin: Offsets, end: Offsets) -> NDArray[np.uint8]:
    """The messages one behind another, with a line break behind each and none elsewhere."""
    text = spans(block, begin, np.minimum(end + 1, len(block)))
    if end[-1] == len(block):
        text = np.append(text, _BREAK)
    breaks = np.cumsum(end - begin + 1) - 1
    np.putmask(text, text == _BREAK, _SPACE)
    text[breaks] = _BREAK
    return text


def _shortened(text: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The text with a "0" for each part that collapses, and single spaces."""
    spaces = text == _SPACE
    first, last = _collapsed(text)
    text[first] = _ZERO
    first = first + 1
    double = np.flatnonzero(spaces[1:] & spaces[:-1]) + 1
    if len(double):
        at = np.searchsorted(first, double)
        first, last = np.insert(first, at, double), np.insert(last, at, double + 1)
    begin = np.zeros(len(first) + 1, np.int64)
    begin[1:] = last
    return spans(text, begin, np.append(first, len(text)))


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a block.

    Attributes:
        block: The bytes.
        start: Where they begin.
        stop: Where they end.
        after: The byte behind each.
        adjacent: Whether the next one comes right behind that byte.
        numeric: Whether they have digits.
        edges: Where digits begin or end, and words do.
        edge: Of each word, the place of its beginning among the edges.
        runs: Of each word, how often digits and others take turns in it.
    """

    block: NDArray[np.uint8]
    start: Offsets
    stop: Offsets
    after: NDArray[np.uint8]
    adjacent: Mask
    numeric: Mask
    edges: Offsets
    edge: Offsets
    runs: Offsets


def _words(block: NDArray[np.uint8]) -> _Words:
    digits = block - _ZERO <= _NINE
    word = (block | _LOWER) - _LOWER_A <= _Z
    word |= block >= _HIGH
    word |= block == _UNDERSCORE
    word |= digits
    # Of one kind are bytes between words (0), their digits (2), and what else they consist of (1).
    kinds = np.zeros(len(block) + 2, np.uint8)
    np.add(digits.view(np.uint8), word.view(np.uint8), out=kinds[1:-1])
    edges = np.flatnonzero(kinds[1:] != kinds[:-1])
    kind = kinds[1:][edges]
    ends = np.flatnonzero(kind == 0)
    edge = np.zeros(len(ends), np.int64)
    np.add(ends[:-1], 1, out=edge[1:])
    start, stop, runs = edges[edge], edges[ends], ends - edge
    adjacent = np.zeros(len(start), np.bool_)
    np.equal(start[1:] - stop[:-1], 1, out=adjacent[:-1])
    numeric = (runs > 1) | (kind[edge] == 2)
    return _Words(block, start, stop, block[stop], adjacent, numeric, edges, edge, runs)


def _collapsed(block: NDArray[np.uint8]) -> tuple[Offsets, Offsets]:
    """Where what collapses begins and ends."""
    words = _words(block)
    start, stop = words.start, words.stop
    if not len(start):
        return start, stop
    numeric = _numeric(words)
    rooted = _slashes(block[start - 1])
    rooted[0] = start[0] > 0 and rooted[0]
    joins = words.adjacent & _joins(words.after)
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
    first, last = alone, alone.copy()
    first[members[run[whole]]] = True
    last[members[(run + sizes - 1)[whole]]] = True
    return start[first], stop[last]


def _slashes(chars: NDArray[np.uint8]) -> Mask:
    # Comparisons are several times as quick as a table.
    return (chars == _SLASH) | (chars == _BACKSLASH)


def _joins(chars: NDArray[np.uint8]) -> Mask:
    return _slashes(chars) | (chars == _DOT) | (chars == _DASH)


def _numeric(words: _Words) -> Mask:
    """Which words have a digit and are no name with one digit."""
    numeric = words.numeric
    block, start, stop = words.block, words.start, words.stop
    few = np.flatnonzero(numeric & (words.runs > 1) & (words.runs < 6))
    first = block[start[few]]
    few = few[(first - _ZERO > _NINE) & ((stop[few] - start[few] > 2) | (first < _LOWER_A))]
    edge, edges, runs = words.edge[few], words.edges, words.runs[few]
    # Two edges behind the first digits there may be more; where there are none, that counts for nothing.
    further = np.minimum(edge + 4, len(edges) - 1)
    digits = edges[edge + 2] - edges[edge + 1] + (runs > 3) * (edges[further] - edges[further - 1])
    last, after = runs & 1 == 0, words.after[few]
    single, key = digits == 1, after == _EQUALS
    few = few[(single & (last | (after == _CALL))) | (key & (single | (last & (digits == 2))))]
    numeric[few[~_hexadecimal(block, start[few], stop[few])]] = False
    return numeric


def _hexadecimal(block: NDArray[np.uint8], start: Offsets, stop: Offsets) -> Mask:
    """Which words consist of what hexadecimal numbers do."""
    if not len(start):
        return np.zeros(0, np.bool_)
    text = spans(block, start, stop)
    other = (text - _ZERO > _NINE) & ((text | _LOWER) - _LOWER_A > _F)
    bounds = np.zeros(len(start), np.int64)
    np.cumsum((stop - start)[:-1], out=bounds[1:])
    return ~np.logical_or.reduceat(other, bounds)


def _whole_runs(words: _Words, numeric: Mask, rooted: Mask, members: Offsets, run: Offsets) -> Mask:
    """Which runs of joined words collapse as one; `members` are their words, `run` where each run begins."""
    final = members[np.append(run[1:], len(members)) - 1]
    head = members[run]
    after = words.after[members]
    last = np.zeros(len(members), np.bool_)
    last[np.append(run[1:], len(members)) - 1] = True
    counts = ((after == _DOT) & ~last).astype(np.int32) << _BITS
    counts += (_slashes(after) & ~last).astype(np.int32) << 2 * _BITS
    counts += numeric[members]
    sums = np.add.reduceat(counts, run)
    numbers, dots, slashes = sums & _MOST, sums >> _BITS & _MOST, sums >> 2 * _BITS
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
