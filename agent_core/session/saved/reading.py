"""Reading the file of a session: whatever happened to it, what can be read is there.

Everything here blocks for as long as the file takes; call it in a thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from agent_core.decoding import JsonDecoder
from agent_core.errors import Interrupted, ToolError
from agent_core.events import Event, TurnFinished, TurnQueued, TurnStarted, TurnUnqueued, Usage, from_json
from agent_core.files import open_regular
from agent_core.session.saved.model import (
    EVENT_TYPES,
    REMARK_TYPES,
    SCHEMA,
    Closed,
    Head,
    Loaded,
    Record,
    Remark,
    SavedSession,
)
from agent_core.text import one_line, plural, shorten

MOST_READ = 48 * 1024 * 1024
"""Bytes of a session that are resumed; of a larger one, the newest."""
_FIRST = 200
_BLOCK, _LONGEST = 1 << 20, 1 << 23


class _Typed(msgspec.Struct):
    type: str
    at: float = 0.0


class _Light(msgspec.Struct):
    """What a list needs of any line."""

    type: str
    at: float = 0.0
    text: str = ""
    usage: Usage | None = None
    name: str = ""


_typed = JsonDecoder(_Typed)
_light = JsonDecoder(_Light)
_remark = JsonDecoder[Remark](Remark)


def read_head(path: Path) -> Head:
    """The head; raises OSError, and `ToolError` where there is none, or it is a newer version's."""
    line = next(_lines(path, 0), b"")
    try:
        head = _remark.decode(line)
    except msgspec.DecodeError:
        head = None
    if not isinstance(head, Head):
        raise ToolError(f"{path.name} does not begin as a session does", hint="It is left as it is.")
    if head.schema > SCHEMA:
        raise ToolError(f"{path.name} was written by a newer version of dspy-tui", hint="Update this one.")
    return head


def summarise(path: Path) -> SavedSession:
    """What a list says of a session; raises as `read_head` does."""
    head = read_head(path)
    name, first, updated, turns, tokens, bad = head.name, "", head.at, 0, 0, 0
    for line in _lines(path, 0):
        try:
            seen = _light.decode(line)
        except msgspec.DecodeError:
            bad += 1
            continue
        updated = max(updated, seen.at)
        if seen.type == "turn_started":
            turns += 1
            first = first or shorten(one_line(seen.text), _FIRST)
        elif seen.type == "turn_finished" and seen.usage is not None:
            tokens += seen.usage.prompt_tokens + seen.usage.completion_tokens
        elif seen.type == "session_renamed":
            name = seen.name
    return SavedSession(
        id=path.stem,
        name=name,
        first=first,
        begun=head.at,
        updated=updated,
        turns=turns,
        tokens=tokens,
        branch=head.branch,
        forked_from=head.forked_from,
        size=path.stat().st_size,
        bad=bad,
    )


def load(path: Path) -> Loaded:
    """The whole session; raises as `read_head` does.

    A line that is broken is left out and named; a turn that was cut off by the end of its program ends as
    interrupted.
    """
    reading = _Reading(summarise(path))
    skipped = max(0, path.stat().st_size - MOST_READ)
    broken: list[int] = []
    for number, line in enumerate(_lines(path, skipped), 1):
        try:
            reading.take(line)
        except msgspec.DecodeError:
            broken.append(number)
    return reading.end(path.name, broken, is_partial=skipped > 0)


class _Reading:
    def __init__(self, saved: SavedSession) -> None:
        self._saved = saved
        self._records: list[Record] = []
        self._open: TurnStarted | None = None
        self._began = self._seen = 0.0
        self._waiting: dict[str, str] = {}
        self._queued: list[str] = []
        self._last = saved.begun

    def take(self, line: bytes) -> None:
        typed = _typed.decode(line)
        self._last = typed.at or self._last
        if typed.type in REMARK_TYPES:
            if isinstance(_remark.decode(line), Closed):
                self._close()
        elif typed.type in EVENT_TYPES:
            self._event(from_json(line))

    def _event(self, event: Event) -> None:
        match event:
            case TurnQueued():
                self._waiting[event.turn_id] = event.text
                self._queued.append(event.turn_id)
            case TurnUnqueued():
                self._waiting.pop(event.turn_id, None)
            case TurnStarted():
                self._cut_off()
                self._waiting.pop(event.turn_id, None)
                self._open, self._began = event, self._last
            case TurnFinished():
                self._open = None
            case _:
                pass
        self._records.append(Record(self._last, event))
        self._seen = self._last

    def _close(self) -> None:
        """A program left: it was told what waited before it came; what waits since is for the next."""
        self._cut_off()
        self._waiting = {
            turn_id: self._waiting[turn_id] for turn_id in self._queued if turn_id in self._waiting
        }
        self._queued.clear()

    def _cut_off(self) -> None:
        """End the turn that its program did not live to end."""
        if self._open is not None:
            error = Interrupted("The program ended before the turn did").info
            end = TurnFinished(
                turn_id=self._open.turn_id,
                outcome="stopped",
                reason="the program ended",
                text="",
                exit=Interrupted.exit_code,
                seconds=max(0.0, self._seen - self._began),
                usage=Usage(),
                error=error,
            )
            self._open = None
            self._records.append(Record(self._last, end))

    def end(self, name: str, broken: list[int], *, is_partial: bool) -> Loaded:
        self._cut_off()
        warnings: list[str] = []
        if broken:
            where = ", ".join(map(str, broken[:5])) + (" …" if len(broken) > 5 else "")
            warnings.append(f"{name}: {plural(len(broken), 'line')} could not be read ({where}); left out")
        if is_partial:
            warnings.append(f"{name} is large; only its newest {MOST_READ >> 20} MB were read")
        return Loaded(
            saved=self._saved,
            records=tuple(self._records),
            waiting=tuple(self._waiting.values()),
            warnings=tuple(warnings),
        )


def _lines(path: Path, start: int) -> Iterator[bytes]:
    """The lines that are not empty; the rest of the line in whose middle `start` lies is left out."""
    fd = open_regular(path, follow=False)
    with open(fd, "rb", buffering=_BLOCK) as file:  # noqa: PTH123 - a descriptor, opened safely
        if start:
            file.seek(start)
            file.readline()
        while line := file.readline(_LONGEST):  # what is longer comes in pieces that are no JSON
            if line.strip():
                yield line
