"""The logs: what stands out in them, the log files found, and their latest lines."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual.binding import BindingType
from textual.message import Message

from agent_core.text import one_line, plural
from agent_core.workspace import Workspace
from tui.keys import LOG_PANE, bindings
from tui.panes.logfile import NONE, heading, log_items
from tui.widgets.rows import Item, Rows

if TYPE_CHECKING:
    from agent_core.logs.api import CodePlace, Digest, DigestQuery, KeyEvent
    from agent_core.logs.discover import LogFile
    from agent_core.logs.tail import Tail

_FOLLOWED, _MOST_LINES, _FEWEST_LINES = 6, 40, 4
_NEXT = 3
"""Rows left to the second file: a gap, its head, a line."""
_FEWEST_EVENTS = 3
_LOOK_S, _REST_S = 0.1, 2.0
"""How often a growing log is read, and for how long it must not grow to be left to the watching."""
_NARROW = 50
_MORE, _BACK, _MOST_FILES = "more", "back", 1000
_SEARCH_S, _RARELY_S, _SHARE = 5.0, 60.0, 50
"""How often logs are looked for while there are none, at first and later, and in which share of the time."""


class Logs(Rows):
    """Key events over the latest changed log files, each with its last lines; it follows them."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(LOG_PANE)]

    class Found(Message, namespace="logs"):
        """There are log files, for the first time."""

    class EventChosen(Message, namespace="logs"):
        """A key event was chosen."""

        def __init__(self, event_id: str) -> None:
            super().__init__()
            self.event_id = event_id

    class Opened(Message, namespace="logs"):
        """A log file was chosen."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    class FilesWanted(Message, namespace="logs"):
        """It is to be about the log files again."""

    class BusWanted(Message, namespace="logs"):
        """The bus is to be shown with the files, alone, or not at all: the next of the three."""

    class FilterWanted(Message, namespace="logs"):
        """A filter is to be typed."""

    class Mentioned(Message, namespace="logs"):
        """Something is to be asked about: lines of a log, or all of it."""

        def __init__(self, place: str) -> None:
            super().__init__()
            self.place = place

    class CodeWanted(Message, namespace="logs"):
        """The place that an event leads to is to be opened; None where it leads to none."""

        def __init__(self, place: CodePlace | None) -> None:
            super().__init__()
            self.place = place

    def __init__(self) -> None:
        super().__init__(id="logs", empty="Looking for log files …")
        self.border_title = "Logs"
        self._workspace: Workspace | None = None
        self._globs: tuple[str, ...] = ()
        self._files: list[LogFile] = []
        self._tails: dict[str, Tail] = {}
        self._found = False
        self._chasing = False
        self._grew_at = 0.0
        self._reading = asyncio.Lock()
        self.source = ""
        """What it is about: containers as `compose:SERVICE`, the bus as `bus`; "" for the log files."""
        self.with_bus = True
        """Whether key events of the bus show with the files."""
        self.services: tuple[str, ...] = ()
        """Those that the bus has key events of."""
        self.digest: Digest | None = None
        """What was heard last of what the logs say."""

    async def begin(self, workspace: Workspace, globs: Sequence[str]) -> None:
        """Find the files and read their ends."""
        self._workspace, self._globs = workspace, tuple(globs)
        await self.look_around()
        if not self._files:
            self.run_worker(self._look_for_some(), group="some")

    async def _look_for_some(self) -> None:
        """Look for logs until there are some: of folders that nobody had, the watching tells nothing."""
        clock, pause = asyncio.get_running_loop().time, _SEARCH_S
        while not self._files:
            await asyncio.sleep(pause)
            began = clock()
            await self.look_around()
            pause = max(min(1.5 * pause, _RARELY_S), _SHARE * (clock() - began))

    @property
    def watched(self) -> DigestQuery:
        """What is followed of the logs."""
        from agent_core.logs.api import WATCHED

        return msgspec.structs.replace(WATCHED, sources=(self.source,)) if self.source else WATCHED

    def about(self, source: str) -> None:
        """Be about containers or the bus, or with "" about the log files again."""
        self.source, self.digest = source, None
        self._show()

    def take_services(self, services: tuple[str, ...]) -> None:
        """The bus has key events of these."""
        self.services = services
        self._show()

    @property
    def folders(self) -> set[str]:
        """The folders that hold the followed files."""
        return {file.path.rpartition("/")[0] or "." for file in self._files[:_FOLLOWED]}

    def take(self, digest: Digest) -> None:
        """Show what the logs say now; where that cannot be told, what they said before stays."""
        if digest.note and not digest.sources and self.digest is not None:
            return
        before, self.digest = self.digest, digest
        self._show()
        if before is None and not self.has_focus:
            self.put_cursor(0)  # what stands out is what the pane is gone to for
        if before is not None and {one.name for one in before.sources} != {
            one.name for one in digest.sources
        }:
            self.run_worker(self.look_around, group="sources", exclusive=True)

    async def look_around(self) -> None:
        """Find the files anew."""
        if self._workspace is None:
            return
        from agent_core.logs.discover import discover
        from agent_core.logs.tail import Tail

        self._files = await asyncio.to_thread(discover, self._workspace, globs=self._globs, limit=_MOST_FILES)
        if self._files and not self._found:
            self._found = True
            self.post_message(self.Found())
        followed = self._files[:_FOLLOWED]
        root = self._workspace.root
        self._tails = {
            file.path: self._tails.get(file.path) or Tail(root / file.path, keep=_MOST_LINES)
            for file in followed
        }
        await self._read(self._tails)
        self._show()

    async def changed(self, paths: Iterable[Path]) -> None:
        """Something changed on the disk: read what is followed, look around for what is new."""
        if self._workspace is None:
            return
        root = self._workspace.root
        names = {path.relative_to(root).as_posix() for path in paths if path.is_relative_to(root)}
        if any(self._may_be_new(name) for name in names - set(self._tails)):
            await self.look_around()
        elif names & set(self._tails):
            self._grew_at = asyncio.get_running_loop().time()
            if not self._chasing:
                self._chasing = True
                self.run_worker(self._chase(), group="chase")

    async def _chase(self) -> None:
        """Read what is followed until it rests: of what changes all the time, the watching tells late."""
        clock = asyncio.get_running_loop().time
        while clock() - self._grew_at < _REST_S:
            if await self._read(self._tails):
                self._grew_at = clock()
                self._show()
            await asyncio.sleep(_LOOK_S)
        self._chasing = False

    def _may_be_new(self, name: str) -> bool:
        return ".log" in name or name.rpartition("/")[0] in self.folders

    async def _read(self, paths: Iterable[str]) -> bool:
        changed = False
        async with self._reading:  # a tail is looked at by one thread at a time
            for path in list(paths):
                tail = self._tails.get(path)
                changed = (tail is not None and await asyncio.to_thread(tail.look)) or changed
        return changed

    def _show(self) -> None:
        if self.source:
            self._show_containers()
            return
        items = self._told()
        followed = self._files[:_FOLLOWED]
        for number, file in enumerate(followed):
            items += [Item("", can_choose=False)] if items else []
            tail = self._tails[file.path]
            rows = self.size.height - len(items) - 1 - (_NEXT if number + 1 < len(followed) else 0)
            count = max(_FEWEST_LINES, min(rows, _MOST_LINES))
            items += log_items(file, tail, count, narrow=self.size.width < _NARROW)
        if (more := len(self._files) - _FOLLOWED) > 0:
            items += [Item("", can_choose=False), Item(f"and {more} more", "dim", can_choose=False)]
        said = [f"{len(self._files)} found"] if self._files else []
        said += ["with the bus"] if self.services and self.with_bus else []
        self.border_subtitle = " · ".join(said)
        self.set_items(items, empty=NONE)

    def _show_containers(self) -> None:
        """What stands out in what containers say."""
        digest = self.digest
        note = "Reading what they say …" if digest is None else digest.note or "Nothing stands out so far."
        self.border_subtitle = ""
        self.set_items(
            [
                Item(heading(self.source, len(self.services)), "h2", can_choose=False),
                *(self._told() or [Item(one_line(note), "dim", can_choose=False)]),
                Item("", can_choose=False),
                Item("Back to the log files", "mark", key=_BACK),
            ]
        )

    def _told(self) -> list[Item]:
        """Bars, where there are several, and key events; about half of the pane is left to the files."""
        from tui.widgets.histogram import bar_rows
        from tui.widgets.logevents import event_item, shared

        digest = self.digest
        if digest is None or not digest.events:
            return []
        room = max(1, self.size.height // 2 - 2, min(_FEWEST_EVENTS, self.size.height - _FEWEST_LINES - 2))
        shown = shared(digest.events, room if len(digest.events) <= room else max(1, room - 1))
        bars = bar_rows(digest.bars, self.size.width - 2)
        items = [Item("", lead=bars[0], can_choose=False)] if len(digest.bars) > 1 else []
        items += [event_item(event) for event in shown]
        more = len(digest.events) - len(shown) + digest.left_out
        items += [Item(f"and {plural(more, 'event')} more", "dim", key=_MORE)] if more else []
        return items

    def on_resize(self) -> None:
        """There is room for more lines, or fewer."""
        if self._files or self.source or self.digest is not None:
            self._show()

    def action_choose(self) -> None:
        """Open the log, or the event."""
        key = self.current.key if self.current else ""
        path = key.partition("\n")[0]
        if key == _BACK:
            self.post_message(self.FilesWanted())
        elif path in self._tails:
            self.post_message(self.Opened(path))
        elif key:
            self.post_message(self.EventChosen("" if key == _MORE else key))

    def action_bus(self) -> None:
        """Show key events of the bus with the files, alone, or not at all."""
        self.post_message(self.BusWanted())

    @property
    def _event(self) -> KeyEvent | None:
        """The event with the cursor."""
        key = self.current.key if self.current else ""
        events = self.digest.events if self.digest is not None else ()
        return next((event for event in events if event.id == key), None)

    def action_filter(self) -> None:
        """Type a filter over all of it."""
        self.post_message(self.FilterWanted())

    def action_mention(self) -> None:
        """Ask about the event, or about the log."""
        from tui.widgets.logevents import cited

        event = self._event
        path = self.current.key.partition("\n")[0] if self.current else ""
        if event is not None or path in self._tails:
            self.post_message(self.Mentioned(path if event is None else cited(event)))

    def action_code(self) -> None:
        """Open the place that the event leads to."""
        event = self._event
        self.post_message(self.CodeWanted(event.places[0] if event is not None and event.places else None))
