"""What differs between two trees, and how that is told: kinds, renames, lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from agent_core.changes.hunks import counts, is_binary
from agent_core.changes.model import FileChange
from agent_core.checkpoints.api import ChangedFile
from agent_core.checkpoints.records import Change
from agent_core.checkpoints.states import Seen, State, Tree, id_of, is_file, is_folder
from agent_core.text import encodable

Get = Callable[[bytes], bytes | None]
_MOST_BYTES = 2 * 1024 * 1024
_EMPTY = id_of(b"")


class Difference(NamedTuple):
    """A path that is another thing in two trees."""

    path: str
    before: Seen | None
    after: Seen | None


def compare(before: Tree, after: Tree) -> Iterator[Difference]:
    """Every path that differs, other than those that nothing is known of in one of the trees.

    What was ignored before is not new, and what is ignored now is not gone: `became_hidden` names the
    latter.
    """
    for path, was in before.entries.items():
        now = after.entries.get(path)
        if now is None:
            if path in before.tracked or not is_hidden(path, after.hidden):
                yield Difference(path, was, None)
        elif was is not now and _differs(was, now):
            yield Difference(path, was, now)
    for path, now in after.entries.items():
        if path not in before.entries and (path in before.tracked or not is_hidden(path, before.hidden)):
            yield Difference(path, None, now)


def became_hidden(before: Tree, after: Tree) -> list[str]:
    """The paths that were seen before and are ignored now."""
    if after.hidden <= before.hidden:
        return []
    return [
        path
        for path in before.entries
        if path not in after.entries and path not in before.tracked and is_hidden(path, after.hidden)
    ]


def _differs(was: Seen, now: Seen) -> bool:
    if was.mode != now.mode:
        return True
    if is_file(was.state) and not was.id and not now.id:
        return was[2:6] != now[2:6]
    return was.id != now.id


def is_hidden(path: str, hidden: set[str]) -> bool:
    """Whether the path, or a folder that it lies in, is among the hidden ones."""
    if path in hidden:
        return True
    end = path.rfind("/")
    while end > 0:
        if path[:end] in hidden:
            return True
        end = path.rfind("/", 0, end)
    return False


def told(changes: Sequence[Change], get: Get) -> list[ChangedFile]:
    """The changes as they are shown, by path; that folders came and went only where nothing else did."""
    shown, was = _shown(changes)
    rows = [
        _row(change, was=was[change.path])
        if change.path in was
        else _folder(change)
        if is_of_folder(change)
        else _plain(change, get)
        for change in shown
    ]
    return sorted(rows, key=lambda row: row.path)


def count(changes: Sequence[Change]) -> int:
    """How many rows `told` has."""
    return len(_shown(changes)[0])


def _shown(changes: Sequence[Change]) -> tuple[list[Change], dict[bytes, str]]:
    """The changes that are shown, and the former path of each that is a renamed file."""
    gone = {
        (change.before.mode, change.before.id): change
        for change in changes
        if change.after is None and change.before is not None and is_file(change.before)
    }
    was: dict[bytes, str] = {}
    left: set[bytes] = set()
    for change in changes:
        after = change.after
        if change.before is None and after is not None and is_file(after) and after.id != _EMPTY:
            old = gone.pop((after.mode, after.id), None)
            if old is not None:
                left.add(old.path)
                was[change.path] = encodable(old.name)
    rows = [change for change in changes if change.path not in left]
    return [change for change in rows if not _comes_or_goes(change)] or rows, was


def _comes_or_goes(change: Change) -> bool:
    return is_of_folder(change) and None in (change.before, change.after)


def is_of_folder(change: Change) -> bool:
    """Whether it is about a folder and nothing else."""
    return all(state is None or is_folder(state) for state in (change.before, change.after))


def _folder(change: Change) -> ChangedFile:
    how = "deleted" if change.after is None else "created" if change.before is None else "mode"
    return ChangedFile(path=encodable(change.name) + "/", how=how)


def _row(change: Change, *, was: str) -> ChangedFile:
    return ChangedFile(path=encodable(change.name), how="renamed", was=was)


def _plain(change: Change, get: Get) -> ChangedFile:
    before, after = change.before, change.after
    path = encodable(change.name)
    if before is None or is_folder(before):
        added, removed = _count(b"", _text(after, get))
        return ChangedFile(path=path, how="created", added=added, removed=removed)
    if after is None or is_folder(after):
        added, removed = _count(_text(before, get), b"")
        return ChangedFile(path=path, how="deleted", added=added, removed=removed)
    if is_file(before) and is_file(after) and before.id == after.id:
        return ChangedFile(path=path, how="mode")
    added, removed = _count(_text(before, get), _text(after, get))
    return ChangedFile(path=path, how="changed", added=added, removed=removed)


def _text(state: State | None, get: Get) -> bytes | None:
    """The bytes whose lines count; None for what is not kept."""
    if state is None:
        return b""
    return get(state.id) if is_file(state) else state.id


def _count(old: bytes | None, new: bytes | None) -> tuple[int | None, int | None]:
    """Lines added and removed; None where a side is unknown, binary or very large."""
    if old is None or new is None or max(len(old), len(new)) > _MOST_BYTES:
        return None, None
    change = FileChange(path="", before=old, after=new)
    return (None, None) if is_binary(change) else counts(change)
