"""What earlier sessions saw of a source, so that what is new can be told from what always was.

One file per source. It keeps what was counted of each generation of the log (the file until it was rotated):
digesting one twice replaces what it gave before, and so tells the same twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import msgspec

from agent_core.files import keep_aside, open_regular, read_bounded, write_atomic
from agent_core.logs.events.wording import Wordings
from agent_core.migrations import NewerState

VERSION = 2
_UNMASKED = 1
"""The version in which secrets were not masked."""
GENERATIONS = 8
"""Generations that are kept one by one; older ones are added up."""
MOST_TEMPLATES = 6000
"""Templates of a generation, and of all older ones together, that are kept."""
_HEAD = 256
_LIMIT = 64 * 1024 * 1024
_log = logging.getLogger(__name__)
_NEW = 0.5
"""From this newness on a template of its own is one that was not seen before."""


class Generation(msgspec.Struct, frozen=True):
    """What was counted of one generation: records of each template and of each stack trace, by its mark."""

    name: str
    records: int = 0
    templates: dict[str, int] = {}
    traces: dict[str, int] = {}


class _File(msgspec.Struct, frozen=True):
    version: int
    generations: tuple[Generation, ...] = ()
    older: Generation = Generation("")
    earlier: Generation = Generation("")
    """What the generation that is written to had when an earlier session ended."""


def generation_of(path: Path) -> str:
    """What tells a log file from the one that will lie in its place: its inode and its first line.

    Raises OSError as `files.open_regular` does.
    """
    import os

    descriptor = open_regular(path)
    try:
        inode, head = os.fstat(descriptor).st_ino, os.read(descriptor, _HEAD)
    finally:
        os.close(descriptor)
    line = head[: head.find(b"\n") + 1] or (head if len(head) == _HEAD else b"")
    return f"{inode:x}-{blake2b(line, digest_size=8).hexdigest()}"


def mark_of(signature: str) -> str:
    """A short name for a stack trace."""
    return blake2b(signature.encode(errors="replace"), digest_size=8).hexdigest()


class Known:
    """What was seen of a source earlier.

    Args:
        others: What other generations than the one being read had.
        past: What that one had, when an earlier session read it.
        mask: What secrets in their templates were masked with.
    """

    def __init__(
        self,
        others: tuple[Generation, ...] = (),
        past: Generation | None = None,
        *,
        mask: Callable[[str], str] = str,
    ) -> None:
        self._mask = mask
        self._masked: dict[str, str] = {}
        past = past or Generation("")
        self._records = sum(one.records for one in (*others, past))
        self._templates: dict[str, int] = {}
        self._traces: set[str] = set()
        for one in others:
            self._traces.update(one.traces)
            _add(self._templates, one.templates)
        self._wordings = Wordings(self._templates)
        self._past, self._told = past, Wordings(past.templates)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to compare with."""
        return not self._records

    def lacks(self, template: str) -> bool | None:
        """Whether a template is new: False for one that recurs, that other generations had.

        None for one that an earlier session found in this generation, which still has it: that is no news,
        but neither does it recur; and where there is nothing to compare with.
        """
        if self.empty:
            return None
        template = self._as_kept(template)
        if template in self._templates or self._wordings.newness_of(template) < _NEW:
            return False
        told = template in self._past.templates or self._told.newness_of(template) < _NEW
        return None if told else True

    def lacks_trace(self, signature: str) -> bool | None:
        """The same for a stack trace."""
        mark = mark_of(signature)
        if mark in self._traces:
            return False
        return None if self.empty or mark in self._past.traces else True

    def share(self, template: str) -> float:
        """Which part of all records a template had; 0 for none."""
        if self.empty:
            return 0.0
        template = self._as_kept(template)
        count = self._templates.get(template, 0) + self._past.templates.get(template, 0)
        return count / max(1, self._records)

    def _as_kept(self, template: str) -> str:
        """A template as it is kept."""
        kept = self._masked.get(template)
        if kept is None:
            kept = self._masked[template] = self._mask(template)
        return kept


class _Version(msgspec.Struct, frozen=True):
    version: int


class Baseline:
    """What is remembered of one source.

    Args:
        path: The file it is kept in; it need not exist.
        mask: Hides secrets in what is kept.
    """

    def __init__(self, path: Path, *, mask: Callable[[str], str] = str) -> None:
        self._path, self._mask = path, mask
        self._newer: NewerState | None = None
        try:
            self._file = _read(path, mask)
        except NewerState as newer:
            self._file, self._newer = _File(VERSION), newer

    def known(self, generation: str) -> Known:
        """What to compare a generation with: all the others, and its own past, see `set_apart`."""
        others = [one for one in self._file.generations if one.name != generation]
        past = self._file.earlier if self._file.earlier.name == generation else None
        return Known((*others, self._file.older), past, mask=self._mask)

    def set_apart(self, generation: str) -> None:
        """Take what a generation had so far for its past, so that a log that is never rotated has news, too.

        Raises OSError when it cannot be kept, `NewerState` where a newer version keeps it.
        """
        past = next((one for one in self._file.generations if one.name == generation), None)
        if past is not None:
            self._keep(msgspec.structs.replace(self._file, earlier=past))

    def learn(self, seen: Generation) -> None:
        """Take in what a generation had, in place of what it had before.

        Raises OSError when it cannot be kept, `NewerState` where a newer version keeps it.
        """
        before = self._file.generations
        others = [one for one in before if one.name != seen.name]
        older = self._file.older
        for one in others[: max(0, len(others) + 1 - GENERATIONS)]:
            older = _sum(older, one)
        kept = (*others[-(GENERATIONS - 1) :], _bounded(_masked(seen, self._mask)))
        self._keep(_File(VERSION, kept, older, self._file.earlier))

    def _keep(self, file: _File) -> None:
        if self._newer is not None:
            raise self._newer
        self._file = file
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self._path, msgspec.msgpack.encode(self._file), mode=0o600, durable=False)


def _read(path: Path, mask: Callable[[str], str]) -> _File:
    """The file's content; one that is broken is kept aside, and it is learned anew. Raises `NewerState`."""
    try:
        content = read_bounded(path, _LIMIT)
        if (version := msgspec.msgpack.decode(content, type=_Version).version) > VERSION:
            raise NewerState(path.name, version)
        found = msgspec.msgpack.decode(content, type=_File)
        if found.version == VERSION:
            return found
        if found.version == _UNMASKED:  # no copy of it is kept: it may hold secrets
            generations = tuple(_masked(one, mask) for one in found.generations)
            return _File(VERSION, generations, _masked(found.older, mask), _masked(found.earlier, mask))
        problem = f"is of version {found.version}"
    except OSError:
        return _File(VERSION)
    except (ValueError, RecursionError):
        problem = "is broken"
    _log.warning("%s %s; it is kept as %s", path, problem, keep_aside(path) or "it is")
    return _File(VERSION)


def _masked(seen: Generation, mask: Callable[[str], str]) -> Generation:
    templates: dict[str, int] = {}
    for template, count in seen.templates.items():
        _add(templates, {mask(template): count})
    return msgspec.structs.replace(seen, templates=templates)


def _sum(one: Generation, two: Generation) -> Generation:
    templates, traces = dict(one.templates), dict(one.traces)
    _add(templates, two.templates)
    _add(traces, two.traces)
    return _bounded(Generation(one.name, one.records + two.records, templates, traces))


def _add(total: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        total[name] = total.get(name, 0) + count


def _bounded(seen: Generation) -> Generation:
    return msgspec.structs.replace(seen, templates=_top(seen.templates), traces=_top(seen.traces))


def _top(counts: dict[str, int]) -> dict[str, int]:
    if len(counts) <= MOST_TEMPLATES:
        return counts
    return dict(sorted(counts.items(), key=lambda item: -item[1])[:MOST_TEMPLATES])
