"""Before something is done to the stack: the exact command, what it loses, and what can still be chosen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from agent_core.errors import AgentError, UsageError
from agent_core.text import one_line
from stack.running import Operation
from tui.keymap import Keys
from tui.keys import STACK_ASK, bindings
from tui.screens.approve import ARM_S
from tui.screens.dialog import Dialog, Hint, Hints
from tui.widgets.rows import Item, Rows
from tui.widgets.sheet import Sheet
from tui.widgets.transcript.lines import BLANK, Line, wrap

MOST = 999
"""Containers of one service at most: more are a slip of the finger."""


class Choice(NamedTuple):
    """What was chosen: the names of what is ticked, and a number where one is asked for."""

    ticked: tuple[str, ...] = ()
    number: int = 0


class Ask(NamedTuple):
    """A question.

    Args:
        title: What is asked.
        make: Makes the operation of what is chosen; raises `AgentError` where it cannot be.
        said: What is told above the command; "" for nothing.
        options: What can be ticked: a name, and what it does.
        number: The number that is asked for, as it is now; None for none.
        by_itself: Whether it opens by itself, so that keys typed before it could be seen answer nothing.
    """

    title: str
    make: Callable[[Choice], Awaitable[Operation]]
    said: str = ""
    options: tuple[tuple[str, str], ...] = ()
    number: int | None = None
    by_itself: bool = False


class StackAsk(Dialog[Operation]):
    """Ends with the operation that is to run, or None.

    Args:
        ask: The question.
        keys: For the row of keys.
        arm_s: How long keys answer nothing where the question opens by itself.
    """

    CSS_PATH = "stack_ask.tcss"
    asks = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(STACK_ASK)]

    def __init__(self, ask: Ask, *, keys: Keys, arm_s: float = ARM_S) -> None:
        super().__init__()
        self._ask, self._keys = ask, keys
        self._arm_s = arm_s if ask.by_itself else 0.0
        self._armed = False
        self._ticked: list[str] = []
        self._operation: Operation | None = None
        self._made_for = ""
        self._said = Sheet(id="said")
        self._rows = Rows(id="options", cursor_always=True)
        self._box = Input(type="integer", max_length=len(str(MOST)), placeholder="How many containers")
        self._hints = Hints(self._what_keys_do())

    def compose(self) -> ComposeResult:
        """The command, what can be chosen, the keys."""
        with Vertical(classes="frame") as frame:
            frame.border_title = Content(self._ask.title)
            yield self._said
            if self._ask.number is not None:
                self._box.value = str(self._ask.number)
                self._box.cursor_blink = False
                yield self._box
            if self._ask.options:
                yield self._rows
            yield self._hints

    def on_mount(self) -> None:
        """Make the command of what is chosen at first."""
        self._show_options()
        if self._ask.number is not None:
            self._box.focus()
        elif self._ask.options:
            self._rows.focus()
        self._remake()
        if self._arm_s > 0:
            self.set_timer(self._arm_s, self._arm)
        else:
            self._arm()

    def _arm(self) -> None:
        self._armed = True

    def _what_keys_do(self) -> list[Hint]:
        shown = self._keys.shown
        tick = [(shown("stack_ask.tick"), "tick", "screen.tick")] if self._ask.options else []
        return [
            (shown("stack_ask.run"), "run it", "screen.run"),
            *tick,
            (shown("stack_ask.leave"), "leave it", "screen.leave"),
        ]

    def _show_options(self) -> None:
        self._rows.set_items(
            [
                Item(
                    one_line(said),
                    "title",
                    ((f"[{'x' if name in self._ticked else ' '}] ", "mark", None),),
                    key=name,
                )
                for name, said in self._ask.options
            ]
        )

    # The command of what is chosen

    def _remake(self) -> None:
        self._operation, self._made_for = None, self._box.value
        self.run_worker(self._make, group="make", exclusive=True)

    async def _make(self) -> None:
        try:
            self._operation = operation = await self._ask.make(Choice(tuple(self._ticked), self._number()))
        except AgentError as error:
            self._said.show(partial(_refused, self._ask.said, error))
        else:
            self._said.show(partial(_told, self._ask.said, operation))

    def _number(self) -> int:
        if self._ask.number is None:
            return 0
        text = self._box.value.strip()
        if not text.isdigit() or int(text) > MOST:
            raise UsageError(f"A number from 0 to {MOST} is wanted")
        return int(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Another number."""
        event.stop()
        self._remake()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter runs it."""
        event.stop()

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """A tick more, or one less."""
        event.stop()
        self._tick(event.item.key)

    def _tick(self, name: str) -> None:
        if name in self._ticked:
            self._ticked.remove(name)
        else:
            self._ticked.append(name)
        self._show_options()
        self._remake()

    def action_tick(self) -> None:
        """The same of the row with the cursor."""
        if self._rows.current is not None:
            self._tick(self._rows.current.key)

    def action_run(self) -> None:
        """Run the command that shows; one of a number that was typed on since shows first."""
        if self._box.has_focus:
            self._box.call_later(self._run)
        else:
            self._run()

    def _run(self) -> None:
        shows = self._operation is not None and self._box.value == self._made_for
        if self._armed and shows and self.is_current:
            self.dismiss(self._operation)

    def action_leave(self) -> None:
        """Do nothing."""
        if self._armed and self.is_current:
            self.dismiss(None)


def _told(said: str, operation: Operation, width: int) -> list[Line]:
    lines = [*wrap([(said, "title", None)], width), BLANK] if said else []
    lines += wrap(
        [(one_line(operation.command), "code", None)],
        width,
        first=(("$ ", "dim", None),),
        rest=(("  ", "", None),),
    )
    for line in operation.reaches:
        lines += wrap(
            [(line, "bad-title", None)], width, first=(("▲ ", "bad", None),), rest=(("  ", "", None),)
        )
    if operation.loses:
        lost = f"This loses {operation.loses}. Nothing brings it back."
        lines += [
            BLANK,
            *wrap([(lost, "bad-title", None)], width, first=(("▲ ", "bad", None),), rest=(("  ", "", None),)),
        ]
    return lines


def _refused(said: str, error: AgentError, width: int) -> list[Line]:
    lines = [*wrap([(said, "title", None)], width), BLANK] if said else []
    lines += wrap([(f"{one_line(error.message)}.", "bad", None)], width)
    return [*lines, *wrap([(one_line(error.hint), "hint", None)], width)] if error.hint else lines
