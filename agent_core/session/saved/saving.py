"""Saving the conversation that goes on: each event is in the file before anybody sees it.

The file is begun by the first turn that is part of the conversation, and is locked as long as it is open.
What is killed has lost at most what it was just about to write, and of a text that streams the last second.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from agent_core.errors import AgentError, ToolError
from agent_core.events import (
    BusChanged,
    Event,
    HookRunning,
    IndexChanged,
    ModelProgress,
    PlaceOpened,
    ReasoningDelta,
    SuggestionsRanked,
    TextDelta,
    ToolFinished,
    ToolProgress,
    TurnFinished,
    TurnQueued,
    TurnStarted,
    TurnUnqueued,
)
from agent_core.files import BusyError, append_line
from agent_core.gitstate import branch_now
from agent_core.session.saved.model import Closed, Head, Loaded, Remark, Renamed, is_about_sessions, new_id
from agent_core.session.saved.shrink import line_of
from agent_core.session.saved.store import SavedSessions

_FLUSH_S = 1.0
_FLUSH_SIZE = 32 * 1024
_MOST_PROGRESS = 64 * 1024
"""Characters of what one running command shows that are saved; its result is saved besides."""
_PASSING = (ModelProgress, HookRunning, IndexChanged, SuggestionsRanked, PlaceOpened, BusChanged)
_REWRITTEN = re.compile("[^\n\r]*\r")
_log = logging.getLogger(__name__)
Delta = TextDelta | ReasoningDelta | ToolProgress


class Saving:
    """The file of the current session.

    Args:
        store: Where the sessions lie.
        mask: Takes secrets out of a text.
        enabled: Whether turns are saved; `open` and `name` switch it on.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        *,
        store: SavedSessions,
        mask: Callable[[str], str],
        enabled: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._mask = mask
        self._clock = clock
        self.enabled = enabled
        self.id = new_id(clock())
        self.name = ""
        self._path: Path | None = None
        self._fd = self._reserved = -1
        self._skipped = ""
        self._pending: list[Delta] = []
        self._size = 0
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._said: list[str] = []
        self._progress: dict[str, int] = {}
        self._waiting: set[str] = set()

    @property
    def begun(self) -> bool:
        """Whether there is a file."""
        return self._path is not None

    # Events

    def take(self, event: Event) -> str:
        """Save an event; returns a warning when saving had to be given up, "" otherwise."""
        if not self.enabled or isinstance(event, _PASSING):
            return ""
        try:
            if isinstance(event, TurnStarted):
                self._skipped = event.turn_id if is_about_sessions(event.text, event.kind) else ""
                if self._skipped in self._waiting and self._path is not None:
                    self._take(TurnUnqueued(turn_id=event.turn_id))  # its own events are not saved
                self._said.clear()
                self._progress.clear()
                if self._path is None and not self._skipped:
                    self._begin()
            if self._path is not None and not (
                self._skipped and getattr(event, "turn_id", "") == self._skipped
            ):
                self._take(event)
        except (OSError, AgentError) as error:
            self._give_up()
            _log.warning("the session is not saved any more: %s", error)
            reason = error.message if isinstance(error, AgentError) else error.strerror or str(error)
            return f"This session is not saved any more: {reason}"
        return ""

    def _take(self, event: Event) -> None:
        if isinstance(event, TextDelta | ReasoningDelta | ToolProgress):
            self._delta(event)
            return
        self.flush()
        if isinstance(event, TurnQueued):
            self._waiting.add(event.turn_id)
        if isinstance(event, TurnFinished) and event.text and event.text == "".join(self._said):
            event = msgspec.structs.replace(event, text="")  # its pieces are there already
        if isinstance(event, ToolFinished):
            self._progress.pop(event.call_id, None)
        self._append(line_of(event, self._clock(), self._mask))

    def _delta(self, event: Delta) -> None:
        if isinstance(event, ToolProgress):
            used = self._progress.get(event.call_id, 0)
            if used > _MOST_PROGRESS:
                return
            self._progress[event.call_id] = used + len(event.text)
        elif isinstance(event, TextDelta):
            self._said.append(event.text)
        if self._pending and not _joins(self._pending[-1], event):
            self.flush()
        if not self._pending:
            self._since = self._clock()
        self._pending.append(event)
        self._size += len(event.text)
        if self._size >= _FLUSH_SIZE and ("\n" in event.text or self._size >= 4 * _FLUSH_SIZE):
            self._flush_lines()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_FLUSH_S, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        try:
            self._flush_lines()
        except OSError as error:
            _log.warning("a piece of the session could not be saved: %s", error)

    def _flush_lines(self) -> None:
        """Write the whole lines that wait: a secret is found only where it is not cut in two."""
        text = "".join(delta.text for delta in self._pending)
        end = len(text) if len(text) > 4 * _FLUSH_SIZE else text.rfind("\n") + 1
        if end and (text.count("-----BEGIN") == text.count("-----END") or end == len(text)):
            self._write_delta(text[:end])
            rest = text[end:]
            self._pending = [_with_text(self._pending[-1], rest)] if rest else []
            self._size = len(rest)

    def flush(self) -> None:
        """Write everything that waits; raises OSError."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pending:
            text = "".join(delta.text for delta in self._pending)
            self._write_delta(text)
            self._pending, self._size = [], 0

    def _write_delta(self, text: str) -> None:
        if isinstance(self._pending[-1], ToolProgress):
            text = _REWRITTEN.sub("", text)  # what a line was before it was written anew
        self._append(line_of(_with_text(self._pending[-1], text), self._since, self._mask))

    # The file

    def _begin(self) -> None:
        folder = self._store.ensure_folder()
        self._path = self._store.path_of(self.id)
        self._fd = _lock(self._path, new=True)
        branch = branch_now(folder.parent.parent)
        self._remark(Head(id=self.id, at=self._clock(), name=self.name, branch=branch))

    def _append(self, line: bytes) -> None:
        assert self._path is not None
        append_line(self._path, line, mode=0o600)

    def _remark(self, remark: Remark) -> None:
        self._append(msgspec.json.encode(remark))

    def reserve(self, loaded: Loaded) -> None:
        """Lock a session that is to be opened; raises `BusyError` where another program has it, OSError."""
        fd = _lock(self._store.path_of(loaded.saved.id), new=False)
        self.release()
        self._reserved = fd

    def open(self, loaded: Loaded) -> None:
        """Go on in the session that was reserved; the one before must be closed."""
        assert self._path is None
        saved = loaded.saved
        self.enabled, self.id, self.name = True, saved.id, saved.name
        self._path = self._store.path_of(saved.id)
        self._fd, self._reserved = self._reserved, -1

    def rename(self, name: str) -> None:
        """Call the session so; raises OSError."""
        self.name = name
        if self._path is not None:
            self.flush()
            self._remark(Renamed(at=self._clock(), name=name))

    def close(self, summary: tuple[str, ...] = ()) -> None:
        """Leave the file in good order and unlock it; raises nothing."""
        if self._path is None:
            return
        try:
            self.flush()
            self._remark(Closed(at=self._clock(), summary=tuple(map(self._mask, summary))))
        except OSError as error:
            _log.warning("the end of the session could not be saved: %s", error)
        self._give_up()
        self.enabled = True

    def release(self) -> None:
        """Unlock what was reserved and not opened."""
        if self._reserved >= 0:
            os.close(self._reserved)
            self._reserved = -1

    def _give_up(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._fd >= 0:
            os.close(self._fd)
        self._pending, self._size = [], 0
        self._fd, self._path, self.enabled = -1, None, False


def _joins(one: Delta, other: Delta) -> bool:
    if isinstance(one, ToolProgress):
        return isinstance(other, ToolProgress) and one.call_id == other.call_id
    return type(one) is type(other) and one.turn_id == other.turn_id


def _with_text(delta: Delta, text: str) -> Delta:
    return msgspec.structs.replace(delta, text=text)


def _lock(path: Path, *, new: bool) -> int:
    """Hold a session's file against other programs; the system lets go when this one ends."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        fd = os.open(path, flags | (os.O_CREAT | os.O_EXCL if new else 0), 0o600)
    except FileNotFoundError:
        raise ToolError(
            f"The session {path.stem} is gone", hint="`sessions` lists those there are."
        ) from None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise BusyError(
            f"The session {path.stem} is open in another program",
            hint="Close it there, or go on in a copy: `fork --of` that session.",
        ) from None
    return fd
