"""Vectorised access to the bytes of a block: many places at once."""

from __future__ import annotations

import re
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

# pyarrow has no types of its own.
arrow: Any = import_module("pyarrow")
compute: Any = import_module("pyarrow.compute")

PAD = bytes(512)
"""What must follow the bytes of a block, so that no window reaches behind it."""

Offsets = NDArray[np.int64]
Mask = NDArray[np.bool_]


Groups = dict[str, tuple[Offsets, Offsets]]
"""Of each group of a pattern, where it begins and how long it is, line by line."""

_NEAR = (24, 72)
"""Widths in which it is tried whether texts begin alike."""
_SAMPLE = 256


class Matches:
    """Where the groups of a pattern matched, line by line.

    Attributes:
        ok: Which lines match; the numbers below mean nothing where they do not.
        groups: Offset in the block and length of each named group; length 0 where it is missing.
    """

    def __init__(self, ok: Mask, groups: Groups) -> None:
        self.ok = ok
        self.groups = groups

    def __getitem__(self, name: str) -> tuple[Offsets, Offsets]:
        return self.groups[name]

    def __contains__(self, name: str) -> bool:
        return name in self.groups

    def end(self, name: str) -> Offsets:
        """Offsets behind a group."""
        start, length = self.groups[name]
        return start + length


class Text:
    """The bytes of a block, `PAD` behind them.

    Args:
        block: The bytes with their padding.
    """

    def __init__(self, block: bytes) -> None:
        self.block = block
        self.bytes: NDArray[np.uint8] = np.frombuffer(block, dtype=np.uint8)

    @cached_property
    def breaks(self) -> Offsets:
        """Offsets of all line breaks."""
        return np.flatnonzero(self.bytes == 10)

    def windows(self, at: Offsets, width: int) -> NDArray[np.uint8]:
        """The `width` bytes from each offset on; uint8[n, width]."""
        view = np.ndarray((len(self.bytes) - width + 1,), f"V{width}", self.block, strides=(1,))
        return view[at].view(np.uint8).reshape(len(at), width)

    def columns(self, at: Offsets, width: int) -> NDArray[np.uint8]:
        """As `windows`, but each byte column in one piece: uint8[width, n]."""
        return np.ascontiguousarray(self.windows(at, width).T)

    def words(self, start: Offsets, length: Offsets) -> NDArray[np.uint64]:
        """Up to eight bytes from each offset on as one number, the letters in capitals."""
        raw = self.windows(start, 8).reshape(-1).view(np.uint64)
        bits = (np.clip(length, 0, 8) * 8).astype(np.uint64)
        ones = np.uint64(0xFFFFFFFFFFFFFFFF)
        keep = np.where(bits == 0, np.uint64(0), ones >> ((np.uint64(64) - bits) & np.uint64(63)))
        return raw & keep & np.uint64(0xDFDFDFDFDFDFDFDF)

    def numbers(self, start: Offsets, length: Offsets) -> Offsets:
        """The decimal numbers of up to 19 digits in the spans; 0 where one is empty."""
        value = np.zeros(len(start), np.int64)
        for place in range(int(min(19, length.max(initial=0)))):
            digit = self.bytes[start + place].astype(np.int64) - 48
            value = np.where(place < length, value * 10 + digit, value)
        return value

    def matches(self, pattern: str, at: Offsets, width: int) -> Mask:
        """Which offsets an RE2 pattern matches at, within `width` bytes; none may pass a line break."""
        return _matching(_array(self.windows(at, width)), pattern)

    def lines_match(self, pattern: str, start: Offsets, end: Offsets, width: int) -> Mask:
        """Which lines an RE2 pattern matches at, as if each were a text of its own, cut to `width` bytes."""
        length = np.minimum(end - start, width)
        longest = int(length.max(initial=1))
        lines = self.windows(start, longest)[np.arange(longest) < length[:, None]]
        bounds = np.zeros(len(start) + 1, np.int64)
        np.cumsum(length, out=bounds[1:])
        return _matching(binary(lines, bounds), pattern)

    def match(self, pattern: str, at: Offsets, width: int) -> Matches:
        """As `matches`, with the groups. Two steps, since asking for groups costs several times as much."""
        ok = self.matches(pattern, at, width)
        which = np.flatnonzero(ok)
        if not len(which):
            return Matches(ok, dict.fromkeys(_GROUP.findall(pattern), (at, np.zeros(len(at), np.int64))))
        every = len(which) == len(at)
        groups = self._groups(pattern, at if every else at[which], (*_NEAR, width))
        if not every:
            groups = {
                name: (_spread(start, which, len(at)), _spread(length, which, len(at)))
                for name, (start, length) in groups.items()
            }
        return Matches(ok, {name: (at + start, length) for name, (start, length) in groups.items()})

    def _groups(self, pattern: str, at: Offsets, widths: tuple[int, ...]) -> Groups:
        """The groups of a pattern at offsets that it matches at, relative to them.

        Where many texts begin alike, one is looked at for all: if it matches within that beginning, and so it
        does when nothing follows.
        """
        near, *wider = widths
        if not wider:
            return _extracted(self.windows(at, near), pattern)[0]
        windows = self.windows(at, near)
        alike = _alike(windows)
        if alike is None:
            return self._groups(pattern, at, tuple(wider))
        first, which = alike
        groups, _ = _extracted(self.windows(at[first], wider[-1]), pattern)
        cut, known = _extracted(windows[first], pattern)
        for name, (start, length) in groups.items():
            known &= (cut[name][0] == start) & (cut[name][1] == length) & (start + length < near)
        groups = {name: (start[which], length[which]) for name, (start, length) in groups.items()}
        rest = np.flatnonzero(~known[which])
        if len(rest):
            for name, (start, length) in self._groups(pattern, at[rest], tuple(wider)).items():
                groups[name][0][rest], groups[name][1][rest] = start, length
        return groups


_GROUP = re.compile(r"\(\?P<(\w+)>")


def _array(windows: NDArray[np.uint8]) -> Any:
    count, width = windows.shape
    return binary(windows.reshape(-1), np.arange(0, (count + 1) * width, width, dtype=np.int64))


def binary(values: NDArray[np.uint8], bounds: Offsets) -> Any:
    """An arrow array of binary texts: text i is `values[bounds[i]:bounds[i + 1]]`. Nothing is copied."""
    buffers = [None, arrow.py_buffer(bounds.astype(np.int32)), arrow.py_buffer(values)]
    return arrow.Array.from_buffers(arrow.binary(), len(bounds) - 1, buffers)


def taken(values: NDArray[np.uint8], start: Offsets, end: Offsets) -> Any:
    """An arrow array of the texts that are spans of some bytes: text i is `values[start[i]:end[i]]`."""
    bounds = np.zeros(2 * len(start) + 2, np.int64)
    bounds[1:-1:2], bounds[2:-1:2], bounds[-1] = start, end, len(values)
    return binary(values, bounds).take(arrow.array(np.arange(1, len(bounds) - 1, 2, dtype=np.int32)))


def spans(values: NDArray[np.uint8], start: Offsets, end: Offsets) -> NDArray[np.uint8]:
    """What lies in the spans of some bytes, at least one, one behind another."""
    found = taken(values, start, end)
    size = int((end - start).sum())
    return np.frombuffer(found.buffers()[2], np.uint8, size).copy()


def _alike(windows: NDArray[np.uint8]) -> tuple[Offsets, NDArray[np.int32]] | None:
    """The first of each kind of equal rows, and the kind of each row; None where few are alike."""
    if len(windows) < _SAMPLE or 2 * len(_fixed(windows[:_SAMPLE]).unique()) > _SAMPLE:
        return None
    found = _fixed(windows).dictionary_encode()
    which = found.indices.to_numpy()
    first = np.empty(len(found.dictionary), np.int64)
    first[which[::-1]] = np.arange(len(which))[::-1]
    return first, which


def _fixed(windows: NDArray[np.uint8]) -> Any:
    count, width = windows.shape
    return arrow.Array.from_buffers(arrow.binary(width), count, [None, arrow.py_buffer(windows.reshape(-1))])


def _extracted(windows: NDArray[np.uint8], pattern: str) -> tuple[Groups, Mask]:
    """The groups of a pattern in some texts, and in which of them it was found."""
    found = compute.extract_regex_span(_array(windows), pattern)
    groups = {field.name: _spans(found.field(field.name), len(windows)) for field in found.type}
    return groups, found.is_valid().to_numpy(zero_copy_only=False).copy()


def _matching(array: Any, pattern: str) -> Mask:
    return compute.match_substring_regex(array, pattern).to_numpy(zero_copy_only=False)


def _spans(group: Any, count: int) -> tuple[Offsets, Offsets]:
    spans = np.frombuffer(group.values.buffers()[1], np.int32, count * 2).reshape(-1, 2).astype(np.int64)
    if group.null_count:
        spans[~group.is_valid().to_numpy(zero_copy_only=False)] = 0
    return spans[:, 0], spans[:, 1]


def _spread(values: Offsets, which: Offsets, count: int) -> Offsets:
    spread = np.zeros(count, np.int64)
    spread[which] = values
    return spread


def pack(word: str) -> int:
    """The number that `Text.words` gives for a word."""
    return int.from_bytes(word.encode()[:8], "little") & 0xDFDFDFDFDFDFDFDF
