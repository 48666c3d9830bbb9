"""The Learning screen: whether the suggestions help, what was learnt, and what can be done about it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input

from agent_core.errors import AgentError
from agent_core.rl.api import Evaluation, Learning, Overview, Suggestion
from agent_core.text import one_line, shorten_middle
from tui.keymap import Keys
from tui.keys import LEARNING, bindings
from tui.screens import learning_said as said
from tui.screens.arrange import MEDIUM, WIDE
from tui.screens.dialog import Dialog, Hint, Hints
from tui.screens.training import Policies, Training, trains
from tui.widgets.sheet import Sheet
from tui.widgets.transcript.lines import Line

if TYPE_CHECKING:
    from tui.screens.learning_plots import CurvePlot, RewardPlot, ValuePlot

_EXPORT = "dspy-rl-events.jsonl"
_TYPED = {
    "exporting": ("Write the record to a file of the workspace", "write it"),
    "training": ("The command that trains; `help rl` tells its options", "run it"),
}
"""What is typed: what is said of it, what Enter does."""
_NO_TRAINING = "Only rl train is run here"
Mode = Literal["", "asking", "exporting", "training"]
Doing = Callable[[], Coroutine[Any, Any, str]]
"""Does something to what was learnt; returns what to say of it."""


class LearningScreen(Dialog[None]):
    """Reads how learning stands, and evaluates meanwhile.

    Args:
        learning: What is shown and steered.
        training: The same of what is trained offline.
        suggestions: What is suggested now.
        keys: For the row of keys.
        clock: Seconds since 1970; for tests.
    """

    CSS_PATH = "learning.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(LEARNING)]

    def __init__(
        self,
        *,
        learning: Learning,
        training: Training,
        suggestions: Callable[[], Sequence[Suggestion]],
        keys: Keys,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._learning = learning
        self._training, self._policies = training, Policies()
        self._state = training.run.state if training.run else ""
        self._points = 0
        self._suggestions = suggestions
        self._keys = keys
        self._clock = clock
        self._overview: Overview | None = None
        self._mode: Mode = ""
        self._standing, self._next, self._worth = Sheet(id="standing"), Sheet(id="next"), Sheet(id="worth")
        self._tools, self._recent = Sheet(id="tools"), Sheet(id="recent")
        self._values: ValuePlot | None = None
        self._curve: CurvePlot | None = None
        self._rewards: RewardPlot | None = None
        self._plots = Container(id="plots")
        self._trainings = Sheet(id="trainings")
        self._trained = Container(self._trainings, id="training")
        self._page = VerticalScroll(
            self._standing, self._next, self._worth, self._plots, self._trained,
            Container(self._tools, self._recent, id="lists"), id="page",
            can_focus=False,
        )  # fmt: skip
        self._box = Input()
        self._hints = Hints(self._what_keys_do())

    def compose(self) -> ComposeResult:
        """One page that scrolls, the line for a path, and the keys."""
        with Vertical(classes="frame") as frame:
            frame.border_title = "Learning"
            yield self._page
            self._box.cursor_blink = False
            yield self._box
            yield self._hints

    def on_mount(self) -> None:
        """Show what there is."""
        self._standing.show(lambda _: [Line((("Reading …", "dim", None),))])
        self._training.on_change = self._look_at_training
        self.action_evaluate()

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self._training.on_change = lambda: None

    def on_resize(self, event: events.Resize) -> None:
        """Side by side where there is room."""
        self.set_class(event.size.width >= MEDIUM, "-wide")
        self.set_class(event.size.width >= WIDE, "-widest")

    def _what_keys_do(self) -> list[Hint]:
        shown = self._keys.shown
        if self._mode == "asking":
            yes, no = shown("learning.yes"), shown("learning.close")
            return [(yes, "forget it", "screen.yes"), (no, "keep it", "screen.close")]
        if self._mode in _TYPED:
            return [
                ("Enter", _TYPED[self._mode][1], "screen.write"),
                (shown("learning.close"), "leave it", "screen.close"),
            ]
        thaw = self._overview is not None and self._overview.frozen
        return [
            (shown("learning.evaluate"), "evaluate again", "screen.evaluate"),
            (shown("learning.freeze"), "thaw" if thaw else "freeze", "screen.freeze"),
            (
                shown("learning.train"),
                "stop training" if self._training.goes_on else "train",
                "screen.train",
            ),
            (shown("learning.reset"), "reset", "screen.reset"),
            (shown("learning.export"), "export", "screen.export"),
            (shown("learning.close"), "close", "screen.close"),
        ]

    # What is shown

    async def _read(self) -> None:
        """How learning stands, then what it is worth."""
        try:
            overview = await self._learning.overview()
        except AgentError as error:
            self._standing.show(partial(said.failed, error))
            return
        self._overview = overview
        self._hints.set_hints(self._what_keys_do())
        self._standing.show(partial(said.standing, overview))
        suggestions = self._suggestions()
        self._next.show(partial(said.next_up, suggestions))
        self._next.display = bool(suggestions)
        now = self._clock()
        self._tools.show(partial(said.tools, overview.tools) if overview.tools else lambda _: [])
        self._recent.show(partial(said.recent, overview.recent, now=now) if overview.recent else lambda _: [])
        await self._show_rewards(overview.rewards)
        if not overview.scores:
            self._worth.show(partial(said.nothing, overview))
            self._show_value(None)
            return
        self._worth.show(lambda width: [said.title("Value", "evaluating …", width=width)])
        try:
            evaluation = await self._learning.evaluate()
        except AgentError as error:
            self._worth.show(partial(said.failed, error))
            self._show_value(None)
        else:
            self._worth.show(partial(said.worth, evaluation))
            self._show_value(evaluation)

    def _look_at_training(self) -> None:
        """Show how the training stands; what it left behind is read when it has ended."""
        self._show_training()
        points = len(self._training.run.points) if self._training.run else 0
        if points != self._points:
            self._points = points
            self.run_worker(self._show_curve, group="curve", exclusive=True)
        state = self._training.run.state if self._training.run else ""
        if state != self._state:  # not with each line of its progress: one may read elsewhere meanwhile
            self._state = state
            self._bring_training()
        if not self._mode:
            self._hints.set_hints(self._what_keys_do())
        if not self._training.goes_on:
            self.run_worker(self._read_what_came, group="policies", exclusive=True)

    def _bring_training(self) -> None:
        """Scroll it into view, once it has its new size."""
        self.call_after_refresh(self._page.scroll_to_widget, self._trained, animate=False, top=True)

    async def _read_what_came(self) -> None:
        await self._read_policies()
        self._bring_training()

    def _show_training(self) -> None:
        from tui.screens.training_said import trainings

        self._trainings.show(
            partial(
                trainings,
                self._policies,
                self._training.run,
                key=self._keys.shown("learning.train"),
                now=self._clock(),
            )
        )

    async def _read_policies(self) -> None:
        self._policies = await self._training.policies()
        self._show_training()
        await self._show_curve()

    async def _show_curve(self) -> None:
        from tui.screens.training_said import course

        curve = course(self._policies, self._training.run)
        if curve and self._curve is None:
            await asyncio.to_thread(import_module, "tui.screens.learning_plots")
            from tui.screens.learning_plots import CurvePlot

            self._curve = CurvePlot(id="curve")
            await self._trained.mount(self._curve)
        if self._curve is not None:
            self._curve.set_class(self._curve.show(curve), "-some")

    async def _show_rewards(self, rewards: Sequence[tuple[float, float]]) -> None:
        drawn = len(rewards) > 1  # of one there is nothing to see over time
        if drawn and self._rewards is None:
            # The plotting library takes a tenth of a second to be imported.
            await asyncio.to_thread(import_module, "tui.screens.learning_plots")
            from tui.screens.learning_plots import RewardPlot, ValuePlot

            self._values, self._rewards = ValuePlot(id="values"), RewardPlot(id="rewards")
            await self._plots.mount(self._values, self._rewards)
        if self._rewards is not None:
            self._rewards.show(rewards)
            self._rewards.set_class(drawn, "-some")
        self._plots.set_class(drawn, "-some")

    def _show_value(self, evaluation: Evaluation | None) -> None:
        if self._values is not None:
            some = evaluation is not None and self._values.show(evaluation)
            self._values.set_class(some, "-some")

    # Keys and mouse

    def action_evaluate(self) -> None:
        """Read and evaluate, also again."""
        self.run_worker(self._read, group="read", exclusive=True)
        self.run_worker(self._read_policies, group="policies", exclusive=True)

    def action_lines(self, step: int) -> None:
        """Scroll by lines."""
        self._page.scroll_relative(y=step, animate=False)

    def action_page(self, step: int) -> None:
        """Scroll by pages."""
        self._page.scroll_relative(y=step * max(1, self._page.size.height - 1), animate=False)

    def action_edge(self, step: int) -> None:
        """Go to the beginning or the end."""
        (self._page.scroll_end if step > 0 else self._page.scroll_home)(animate=False)

    def action_freeze(self) -> None:
        """Stop learning, or go on."""
        if self._overview is not None:
            self._do(partial(self._freeze, not self._overview.frozen))

    async def _freeze(self, frozen: bool) -> str:
        await self._learning.freeze(frozen)
        return "Frozen: it records and learns nothing" if frozen else "It learns again"

    def action_reset(self) -> None:
        """Ask whether everything is to be forgotten."""
        if self._overview is not None:
            self._turn("asking", "Forget what was learnt? A backup is kept.")

    def action_yes(self) -> None:
        """Forget it."""
        if self._mode == "asking":
            self._turn("")
            self._do(self._reset)

    async def _reset(self) -> str:
        backup = await self._learning.reset()
        return f"Forgotten. Backup: {one_line(backup.name)}"

    def action_export(self) -> None:
        """Type where to."""
        if self._overview is not None:
            self._type("exporting", _EXPORT)

    def action_train(self) -> None:
        """Type the command that trains; or stop the training that goes on."""
        if self._training.goes_on:
            self._training.stop()
        else:
            self._type("training", self._training.proposed)

    def _type(self, mode: Mode, proposed: str) -> None:
        self._box.value = proposed
        self._turn(mode, _TYPED[mode][0])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Write it there."""
        event.stop()
        self.action_write()

    def action_write(self) -> None:
        """Write the record to the path that is typed, or run the command."""
        mode, typed = self._mode, self._box.value.strip()
        if mode not in _TYPED or not typed:
            return
        if mode == "training" and not trains(typed):
            self._turn(mode, _NO_TRAINING)
            return
        self._turn("")
        if mode == "exporting":
            self._do(partial(self._export, typed))
        else:
            # with the slash it is a command whatever follows, never a question
            self._training.start("/" + typed.removeprefix("/").lstrip())

    async def _export(self, path: str) -> str:
        return f"Written to {one_line(str(await self._learning.export(path)))}"

    def action_close(self) -> None:
        """Leave what is asked or typed; else go back."""
        if self._mode:
            self._turn("")
        else:
            self.dismiss(None)

    def _turn(self, mode: Mode, title: str = "") -> None:
        self._mode = mode
        self.query_one(".frame").border_subtitle = Content(
            shorten_middle(title, max(20, self.size.width - 14))
        )
        self.set_class(mode in _TYPED, "-typing")
        self._hints.set_hints(self._what_keys_do())
        if mode in _TYPED:
            self._box.focus()
            self._box.cursor_position = len(self._box.value)
        else:
            self.set_focus(None)

    def _do(self, doing: Doing) -> None:
        # A worker of the app: what was begun is ended, also when the screen is left meanwhile.
        app = self.app  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        app.run_worker(partial(self._done, doing), group="learning")

    async def _done(self, doing: Doing) -> None:
        app = self.app  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        try:
            told = await doing()
        except AgentError as error:
            text = f"{error.message}. {error.hint}".strip()
            app.notify(text, severity="error", timeout=6, markup=False)
            return
        if self.is_attached:
            self._turn("", told)
            self.action_evaluate()
        else:
            app.notify(told, markup=False)
