"""The Stack screen: how the services stand, what each uses, and what can be done with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from time import monotonic
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll

from agent_core.errors import AgentError, ErrorInfo
from agent_core.text import cells, one_line, shorten, shorten_middle
from stack.watch import Reading, watch
from tui.keymap import Keys
from tui.keys import STACK, bindings
from tui.screens import stack_rows as rows_of
from tui.screens import stack_said as said
from tui.screens.dialog import Frame, Hints
from tui.screens.parts import Parts
from tui.screens.stack_desk import StackDesk
from tui.screens.stack_doing import StackDoing
from tui.screens.stack_job_said import lines as job_lines
from tui.screens.stack_list import ServiceList
from tui.screens.stack_rows import ALL, Histories, Service
from tui.widgets.choices import SecondClickChoices
from tui.widgets.sheet import Sheet
from tui.widgets.transcript.lines import Line

_AGAIN_S = 3.0
"""How often it is looked for a stack, or an engine, while there is none."""
_NEWS_S = 0.1
"""How often the steps of an operation are drawn at most."""
_WIDE, _LOW, _HIGH = 118, 32, 44
"""Columns from which on a service stands in full beside the list; rows below which there is room for one
thing at a time, and from which on there is room for all."""


class StackScreen(StackDoing):
    """Watches the stack while it is open. An operation goes on when it is left, and tells of its end.

    Args:
        desk: What is kept between two openings.
        keys: For the row of keys.
        clock: Seconds that only go forward.
    """

    PARTS = Parts("stack", "list", "about")
    CSS_PATH = "stack.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(STACK)]

    def __init__(
        self,
        *,
        desk: StackDesk,
        keys: Keys,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(desk=desk, keys=keys)
        self._clock = clock
        self._services: list[Service] = []
        self._histories = Histories()
        self._engine = ""
        self._place = one_line(desk.stack_dir)
        self._fault: ErrorInfo | None = None
        self._shown: tuple[Line, ...] = ()
        self._news = False
        self._made = asyncio.Event()
        self._head, self._rows = Sheet(id="head"), SecondClickChoices(id="services", cursor_always=True)
        self._list = ServiceList(self._head, self._rows, id="list")
        self._banner, self._fault_sheet = Sheet(id="banner"), Sheet(id="fault")
        self._details, self._job = Sheet(id="details"), Sheet(id="job")
        self._hints = Hints([])

    def compose(self) -> ComposeResult:
        """The services, the chosen one in full, the operation, and the keys."""
        self.run_worker(self._watch, group="watch")  # the engine answers while all this is made
        with Frame():
            yield self._banner
            yield VerticalScroll(self._fault_sheet, id="nothing", can_focus=False)
            yield Container(
                self._list,
                VerticalScroll(self._details, id="about", can_focus=False),
                id="both",
            )
            yield self._job
            yield self._hints

    def on_mount(self) -> None:
        """Watch from now on, and follow the operation."""
        self._fit(self.size.width, self.size.height)
        self._rows.focus()
        self.add_class("-waiting")
        self._fault_sheet.show(lambda _: [Line((("Asking the engine …", "dim", None),))])
        self._say()
        self.desk.jobs.on_change = self._job_news
        self._show_job()
        self.set_interval(1.0, self._tick)
        self._made.set()

    def on_unmount(self) -> None:
        """What goes on tells of its end by itself from now on."""
        jobs = self.desk.jobs
        if jobs.on_change != self._job_news:
            return  # it was opened again by now
        jobs.on_change = None
        if jobs.busy and jobs.job is not None and self.app.is_running:  # pyright: ignore[reportUnknownMemberType]
            self.tell(f"{jobs.job.operation.what} goes on; {self.keys.shown('stack')} shows it")

    def on_resize(self, event: events.Resize) -> None:
        """Side by side where there is room."""
        self._fit(event.size.width, event.size.height)
        self.call_after_refresh(self._arranged)

    def _fit(self, width: int, height: int) -> None:
        self.set_class(width >= _WIDE, "-wide")
        self.set_class(height < _LOW, "-low")
        self.set_class(height >= _HIGH, "-high")

    def _arranged(self) -> None:
        self._show_rows()
        self._show_details()
        self._show_job()
        self._say()

    # Watching

    async def _watch(self) -> None:
        """Follow the stack; where there is none, or nothing to run it, look again from time to time."""
        while True:
            try:
                self.stack = stack = await self.desk.open()
            except AgentError as error:
                self.stack = None
                await self._made.wait()
                self._take_fault(error.info)
                await asyncio.sleep(_AGAIN_S)
                continue
            self.run_worker(self.desk.scaling.run(stack, self._show_details), group="scaling", exclusive=True)
            async with aclosing(watch(stack)) as readings:
                async for reading in readings:
                    await self._made.wait()
                    if reading.fault is not None and not await self.desk.is_there():
                        break
                    self._take(reading)

    def _take(self, reading: Reading) -> None:
        """Show how it stands now."""
        self.reading = reading
        if reading.fault is not None:
            self._take_fault(reading.fault)
        else:
            self._fault = None
            self.remove_class("-waiting", "-fault")
            if not self._engine and reading.known is not None:  # nothing competes with the first states
                self.run_worker(self._ask_engine, group="engine", exclusive=True)
        if reading.services:
            self._take_services(reading)
        self._say()

    async def _ask_engine(self) -> None:
        try:
            self._engine = await self.desk.engine()
        except AgentError:
            return  # the watching meets the same, and tells it
        self._show_details()
        self._say()

    def _take_services(self, reading: Reading) -> None:
        self._services = self._histories.take(reading, self._clock())
        self._show_rows()
        self._show_details()

    def _take_fault(self, fault: ErrorInfo) -> None:
        """Say why nothing is known; what was known last stays."""
        self._fault = fault
        again = "It is tried again by itself."
        known = self.stack is not None and bool(self._services)
        self.set_class(known, "-fault")
        self.set_class(not known, "-waiting")
        if known:
            self._banner.show(partial(said.banner, fault))
        else:
            self._services, self.reading = [], Reading()
            if self.can_init:
                again = "You see them first. A stack that is made elsewhere shows here by itself."
            self._fault_sheet.show(
                partial(said.fault, fault, again, shown=self.keys.shown, bad=not self.can_init)
            )
        self._say()

    @property
    def can_init(self) -> bool:
        """Whether there are no files, so that they can be written."""
        fault = self._fault
        return self.stack is None and fault is not None and "stack init" in fault.hint

    # What is shown

    def _show_rows(self) -> None:
        width = self._list.size.width - self._rows.show_vertical_scrollbar
        if width <= 1 or not self._services:
            return
        look = rows_of.columns(self._services, width)
        if look != self._look:
            self._look = look
            self._head.show(lambda _: [rows_of.head(look)])
        self._rows.set_items(rows_of.items(self._services, look))
        self._rows.put_cursor(self._rows.cursor)

    _look: rows_of.Columns | None = None

    @property
    def chosen(self) -> Service | None:
        """The service with the cursor; None for all."""
        key = self._rows.current.key if self._rows.current is not None else ALL
        return next((each for each in self._services if each.state.name == key), None)

    def choose(self, name: str) -> None:
        """Put the cursor on a service."""
        for index, item in enumerate(self._rows.items):
            if item.key == name:
                self._rows.put_cursor(index)

    def _show_details(self) -> None:
        if not self._services:
            return
        make = partial(
            said.details, self.chosen, tuple(self._services), self.reading,
            place=self._place, engine=self._engine, shown=self.keys.shown, scaling=self._scaling(),
        )  # fmt: skip
        made = tuple(make(max(20, self._details.size.width)))
        if made != self._shown:  # laid out anew only where it says something else
            self._shown = made
            self._details.show(make)

    def _scaling(self) -> tuple[str, ...]:
        """What the autoscaler says of the chosen service, or of all."""
        return self.desk.scaling.said(self.chosen.state.name if self.chosen is not None else "")

    def _say(self) -> None:
        """Title, state and keys."""
        width = max(20, self.size.width - 10)
        known = self.reading.known
        project = f"{one_line(known.project)} in " if known is not None and known.project else ""
        title = shorten_middle(f"Stack: {project}{self._place}", width)
        told = [rows_of.counted(self._services)] if self._services else []
        told = ["not known now", *told] if self._fault is not None and self._services else told
        whole = " · ".join([*told, self._engine])
        fits = self._engine and cells(whole) <= width
        self.entitle(title, whole if fits else shorten(" · ".join(told), width))
        self._hints.set_hints(self.what_keys_do())

    def on_service_list_sized(self) -> None:
        """There is room for the services, or another."""
        self._show_rows()

    def on_choices_moved(self) -> None:
        """Another service stands in full."""
        self._show_details()
        self.query_one("#about", VerticalScroll).scroll_home(animate=False)

    # The operation

    def _job_news(self) -> None:
        """Draw it soon: steps come in bursts."""
        if not self._news:
            self._news = True
            self.set_timer(_NEWS_S, self._draw_news)

    def _draw_news(self) -> None:
        self._news = False
        self._show_job()
        self._say()
        self.job_changed()

    def _tick(self) -> None:
        if self.desk.jobs.busy:
            self._show_job()

    def _show_job(self) -> None:
        jobs = self.desk.jobs
        job = jobs.job
        if self.has_class("-job") != (job is not None):
            self.set_class(job is not None, "-job")
            self.call_after_refresh(self._show_rows)
        if job is not None:
            rows = 7 if self.has_class("-low") else 16 if self.has_class("-high") else 9
            make = partial(job_lines, job, rows=rows, seconds=jobs.seconds, shown=self.keys.shown)
            self._job.show(lambda width: make(width))
