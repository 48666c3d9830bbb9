"""What is counted of one kind of record, and how the records of a block are grouped into kinds.

A kind is a template, what wrote it, and how grave it was: so that the one ERROR of a message that is INFO
elsewhere, or the one line of a new component with a common wording, is something of its own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent_core.logs.columns import Level, Records

Ints = NDArray[np.int64]
SEEN = 12
"""Occurrences of a kind whose line is kept: the first ones."""
SLOT = 10_000
"""Milliseconds in which a peak is counted."""
_NEAR_SLOTS, _LEAST_PEAK = 30, 10
"""Slots around a peak that belong to it; records from which on another one is kept."""
NOTED, WARNED, FAILED = 0, 1, 2
GRAVITY = np.array([NOTED, NOTED, NOTED, NOTED, WARNED, FAILED, FAILED], np.int64)
"""How grave a record of each `Level` is."""

KIND = np.dtype(
    [
        ("template", np.int32),
        ("component", np.int32),
        ("gravity", np.int32),
        ("count", np.int64),
        ("traced", np.int64),  # of them, those that are stack traces
        ("part", np.bool_),  # whether it looks like a line of a stack trace
        ("levels", np.int64, len(Level)),
        ("first", np.int64),
        ("last", np.int64),
        ("began", np.int64),
        ("ended", np.int64),
        ("peak", np.int64),  # the most in one slot
        ("peak_slot", np.int64),
        ("peak_line", np.int64),  # where that begins
        ("second", np.int64),  # the most in a slot far from that one
        ("slot", np.int64),  # of the last record
        ("in_slot", np.int64),
        ("slot_line", np.int64),
        ("gap", np.int64),  # the longest time from one to the next, in milliseconds
        ("gap_began", np.int64),
        ("gap_lines", np.int64, 2),  # the lines before and behind it
        ("squares", np.float64),  # of all such times, in seconds, added up
        ("tall", np.int32),  # lines of the first record
        ("seen", np.int64),
        ("seen_line", np.int64, SEEN),
    ]
)
_PLACE_BITS = 20
_NAME_BITS = 20
MOST_RECORDS = 1 << _PLACE_BITS
MOST_NAMES = 1 << _NAME_BITS


class Groups(NamedTuple):
    """The records of a block by kind, g in number.

    Attributes:
        keys: Of each kind, see `key_of`; ascending; int64[g].
        order: The records, kind after kind, in each as they came; int64[n].
        starts: Where in `order` each kind begins; int64[g].
        counts: Records of each kind; int64[g].
    """

    keys: Ints
    order: Ints
    starts: Ints
    counts: Ints

    @property
    def of(self) -> Ints:
        """The place of each record's kind among the g, in `order`; int64[n]."""
        return np.repeat(np.arange(len(self.keys)), self.counts)


def key_of(template: int, component: int, gravity: int) -> int:
    """One number for a kind."""
    return (template << _NAME_BITS | component) << 2 | gravity


def parts_of(key: int) -> tuple[int, int, int]:
    """The template, component and gravity of a key."""
    return key >> 2 >> _NAME_BITS, key >> 2 & (MOST_NAMES - 1), key & 3


def group(records: Records, ids: NDArray[np.int32], component: NDArray[np.int32]) -> Groups:
    """Group the records of a block, at most `MOST_RECORDS`."""
    count = len(ids)
    keys = (ids.astype(np.int64) << _NAME_BITS | component) << 2 | GRAVITY[records.level]
    packed = keys << _PLACE_BITS | np.arange(count)
    packed.sort()  # much faster than a stable argsort, and as stable
    order = packed & (MOST_RECORDS - 1)
    keys = packed >> _PLACE_BITS
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    return Groups(keys[starts], order, starts, np.diff(starts, append=count))


def blank(keys: list[int]) -> NDArray[Any]:
    """New rows for these kinds, nothing counted yet."""
    rows = np.zeros(len(keys), KIND)
    for row, key in zip(rows, keys, strict=True):
        row["template"], row["component"], row["gravity"] = parts_of(key)
    rows["first"] = rows["began"] = np.iinfo(np.int64).max
    rows["last"] = rows["ended"] = np.iinfo(np.int64).min
    return rows


def count(kinds: NDArray[Any], numbers: Ints, groups: Groups, records: Records, times: Ints) -> None:
    """Count a block; `numbers` are the rows of its groups (a row may have several of them)."""
    heads, tails = groups.order[groups.starts], groups.order[groups.starts + groups.counts - 1]
    _space(kinds, numbers, groups, records, times)
    np.add.at(kinds["count"], numbers, groups.counts)
    np.minimum.at(kinds["first"], numbers, records.first[heads])
    np.maximum.at(kinds["last"], numbers, records.first[tails])
    np.minimum.at(kinds["began"], numbers, times[heads])
    np.maximum.at(kinds["ended"], numbers, times[tails])
    levels = np.bincount(
        groups.of * len(Level) + records.level[groups.order], minlength=len(numbers) * len(Level)
    )
    np.add.at(kinds["levels"], numbers, levels.reshape(-1, len(Level)))
    _see(kinds, numbers, groups, records)
    _peak(kinds, numbers, groups, records, times)


def _see(kinds: NDArray[Any], numbers: Ints, groups: Groups, records: Records) -> None:
    """Keep the lines of the first occurrences."""
    seen, lines = kinds["seen"], kinds["seen_line"]
    for place in np.flatnonzero(seen[numbers] < SEEN).tolist():
        row, start = int(numbers[place]), int(groups.starts[place])
        have = int(seen[row])
        more = min(SEEN - have, int(groups.counts[place]))
        lines[row, have : have + more] = records.first[groups.order[start : start + more]]
        seen[row] = have + more


def _space(kinds: NDArray[Any], numbers: Ints, groups: Groups, records: Records, times: Ints) -> None:
    """Keep how evenly the records of a kind come: before the block is counted otherwise."""
    order, starts = groups.order, groups.starts
    own = times[order]
    since = np.diff(own, prepend=own[:1])
    begun = kinds["count"][numbers] > 0
    since[starts] = np.where(begun, own[starts] - kinds["ended"][numbers], 0)
    np.add.at(kinds["squares"], numbers, np.add.reduceat((since / 1000.0) ** 2, starts))
    longest = np.maximum.reduceat(since, starts)
    for place in np.flatnonzero(longest > kinds["gap"][numbers]).tolist():
        row, start = int(numbers[place]), int(starts[place])
        at = start + int(since[start : start + int(groups.counts[place])].argmax())
        before = int(kinds["last"][row]) if at == start else int(records.first[order[at - 1]])
        kinds["gap"][row] = longest[place]
        kinds["gap_began"][row] = own[at] - longest[place]
        kinds["gap_lines"][row] = before, records.first[order[at]]


def _peak(kinds: NDArray[Any], numbers: Ints, groups: Groups, records: Records, times: Ints) -> None:
    """Keep how many there were in the slots in which a kind was busiest."""
    slots = times[groups.order] // SLOT
    change = np.concatenate(([True], slots[1:] != slots[:-1]))
    change[groups.starts] = True
    runs = np.flatnonzero(change)
    slots, sizes, lines = slots[runs], np.diff(runs, append=len(slots)), records.first[groups.order[runs]]
    begin = np.searchsorted(runs, groups.starts)
    goes_on = kinds["slot"][numbers] == slots[begin]
    sizes[begin[goes_on]] += kinds["in_slot"][numbers[goes_on]]
    lines[begin[goes_on]] = kinds["slot_line"][numbers[goes_on]]
    last = np.append(begin[1:], len(runs)) - 1
    for name, values in (("slot", slots), ("in_slot", sizes), ("slot_line", lines)):
        kinds[name][numbers] = values[last]
    of = np.repeat(numbers, last + 1 - begin)
    floor = np.where(kinds["peak"][of] < _LEAST_PEAK, kinds["peak"][of], kinds["second"][of])
    for run in np.flatnonzero(sizes > floor).tolist():
        _rise(kinds[int(of[run])], int(slots[run]), int(sizes[run]), int(lines[run]))


def _rise(row: Any, slot: int, size: int, line: int) -> None:
    """Take in the records of a slot, the first of which is at a line."""
    peak = int(row["peak"])
    if abs(slot - int(row["peak_slot"])) > _NEAR_SLOTS and min(peak, size) >= _LEAST_PEAK:
        row["second"] = max(int(row["second"]), min(peak, size))
    if size > peak:
        row["peak"], row["peak_slot"], row["peak_line"] = size, slot, line


def summed(kinds: NDArray[Any], into: Ints, size: int) -> NDArray[Any]:
    """The rows added up: row i of `kinds` belongs to row `into[i]` of the result, which has `size` rows."""
    _, leaders = np.unique(into, return_index=True)
    result = kinds[leaders].copy()
    result["squares"] = 0.0
    for name in ("count", "traced", "levels"):
        result[name] = 0
        np.add.at(result[name], into, kinds[name])
    np.minimum.at(result["first"], into, kinds["first"])
    np.minimum.at(result["began"], into, kinds["began"])
    np.maximum.at(result["last"], into, kinds["last"])
    np.maximum.at(result["ended"], into, kinds["ended"])
    np.add.at(result["squares"], into, kinds["squares"])
    shared = np.flatnonzero(np.bincount(into, minlength=size) > 1)
    for row in shared.tolist():
        _join(result[row], kinds[into == row])
    return result


def _join(row: Any, parts: NDArray[Any]) -> None:
    """The first occurrences of several rows, and when they were busiest."""
    row["tall"] = parts["tall"][parts["first"].argmin()]
    row["gap"] = 0  # what one was silent, the other may have filled
    row["peak"], row["second"] = 0, parts["second"].max()
    for slot in np.unique(parts["peak_slot"]):
        busy = parts[parts["peak_slot"] == slot]
        _rise(row, int(slot), int(busy["peak"].sum()), int(busy["peak_line"].min()))
    kept = np.arange(SEEN) < parts["seen"][:, None]
    lines = np.sort(parts["seen_line"][kept])[:SEEN]
    row["seen"] = len(lines)
    row["seen_line"][: len(lines)] = lines
