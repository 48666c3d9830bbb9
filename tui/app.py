"""The full-screen application: themes, keys, and what begins after the first paint."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.text import Text
from textual import events
from textual.actions import SkipAction
from textual.app import App
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.worker import WorkerFailed

from tui.keymap import Keys
from tui.keys import ANYWHERE, bindings
from tui.screens.finder import Finder
from tui.screens.work import WorkScreen
from tui.symbols import Plainly, WholeCells, wanted
from tui.theme import DARK, PLAIN, THEMES, completed, is_high, opposite
from tui.widgets.rows import Rows

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.theme import Theme

    from agent_core.runtime import Runtime
    from tui.leader import Leader

_PAUSE_S = 0.02
"""Left to the thread that writes the first paint to the terminal, before other work begins."""
_TURN_S = 0.001
"""How long the loop waits for its turn at most while a thread computes: importing what is slow, the loop has
to wait many times in a row, with no key answered meanwhile."""
_WRONG = "Something went wrong inside dspy-tui"
_TWICE_S = 4.0
_log = logging.getLogger(__name__)


def _everything() -> Any:
    from tui.palette import EverythingProvider

    return EverythingProvider


class DspyApp(App[None], inherit_bindings=False):
    """One workspace on the screen.

    Args:
        runtime: What was wired for the workspace; closed when the app ends.
        clock: Seconds that only go forward; for tests.
    """

    TITLE = "dspy-tui"
    CSS_PATH = Path(__file__).parent / "screens" / "work.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(ANYWHERE)]
    COMMANDS: ClassVar[set[Any]] = {_everything}
    ENABLE_SELECT_AUTO_SCROLL = False

    def __init__(self, runtime: Runtime, *, clock: Callable[[], float] = monotonic) -> None:
        plain = bool(os.environ.get("NO_COLOR"))
        super().__init__(ansi_color=True if plain else None)
        self.runtime = runtime
        self.keys = Keys(runtime.config.settings.keys, runtime.config.settings.key_set)
        self._leader: Leader | None = None
        self.is_away = False
        """Whether another program has the terminal."""
        self.work = WorkScreen(runtime, self.keys, clock=clock)
        self._clock, self._asked_to_end = clock, -_TWICE_S
        self._warnings = [*runtime.warnings(), *filter(None, (self.work.kept.warning,)), *self.keys.problems]
        for theme in THEMES:
            self.register_theme(theme)
        self.show_symbols(runtime.config.settings.symbols)
        self.theme = PLAIN if plain else self._wanted_theme()

    def _wanted_theme(self) -> str:
        config = self.runtime.config
        name = config.settings.theme
        origin = config.origins.get("theme")
        if self.console.color_system in ("standard", None) and (origin is None or origin.kind == "default"):
            return PLAIN  # sixteen colours: the terminal's own are better than the nearest to ours
        if name in self.available_themes:
            return name
        self._warnings.append(f"theme: there is no theme {name!r}")
        return DARK

    def get_css_variables(self) -> dict[str, str]:
        """The tokens of the theme, and those of ours that are made of them."""
        self.theme_variables = completed(super().get_css_variables())
        shapes = self.no_color or self.native_ansi_color or is_high(self.theme_variables)
        self.update_classes({"-shapes": shapes}, update=False)
        return self.theme_variables

    def show_symbols(self, setting: str) -> None:
        """Draw with the marks that a setting, or with `auto` the terminal, allows."""
        level = wanted(setting)
        kept = [each for each in self._filters if not isinstance(each, Plainly)]
        self._filters = [*kept, Plainly(level)]
        ScrollBar.renderer = ScrollBarRender if level == "unicode" else WholeCells
        if self.is_running:
            self._invalidate_css()
            self.refresh_css(animate=False)

    def get_driver_class(self) -> type[Driver]:
        """The terminal, but where something else is asked for in the environment."""
        from textual.drivers.linux_driver import LinuxDriver

        found = super().get_driver_class()
        if found is LinuxDriver:
            from tui.terminal import Terminal

            return Terminal
        if found.__name__ == "WebDriver":
            from tui.serve.page import Page

            return Page
        return found

    def get_default_screen(self) -> WorkScreen:
        """The work screen."""
        return self.work

    def on_mount(self) -> None:
        """Everything else waits until the first paint is out."""
        if self.keys.bound:
            self.set_keymap(self.keys.bound)
        self.app_resume_signal.subscribe(self, self._redraw)  # pyright: ignore[reportUnknownMemberType]
        self.theme_changed_signal.subscribe(self, self._cursors_anew)  # pyright: ignore[reportUnknownMemberType]
        self.work.call_after_refresh(self.set_timer, _PAUSE_S, self._begin)

    def _cursors_anew(self, _: Theme) -> None:
        """A cursor that was a shade may have to be a shape by now."""
        from tui.widgets.diff.view import DiffView
        from tui.widgets.windowed import Windowed

        for screen in self.screen_stack:
            for rows in (*screen.query(Rows), *screen.query(DiffView)):
                rows.redraw()
            for lines in screen.query(Windowed):
                lines.draw()

    def _redraw(self, _: App[Any]) -> None:
        """After a suspension the terminal is empty."""
        self.refresh(layout=True)

    async def _begin(self) -> None:
        """Fill the screen and start the background work."""
        from tui.garbage import set_aside
        from tui.router import welcome

        set_aside()
        gc.enable()
        sys.setswitchinterval(_TURN_S)
        await self.work.begin()
        names = {name: self.keys.shown(name) for name in ("help", "palette")}
        tools = len(self.runtime.registry.known)
        self.work.transcript.show_welcome(welcome(self.runtime.workspace.root.name, tools, names))
        for warning in self._warnings:
            self.work.transcript.add_notice("warning", warning)

    async def on_unmount(self) -> None:
        """Cancel what runs and close every connection."""
        await self.runtime.aclose()

    async def on_event(self, event: events.Event) -> None:
        """What comes behind the leader key is its; a letter may be a key where nothing is typed."""
        if isinstance(event, events.InputEvent | events.Paste) and not event.is_forwarded:
            if self._leader is not None and self._leader.waits and await self._leader.take(event):
                return
            if (
                isinstance(event, events.Key)
                and event.key in self.keys.loose
                and await self._loose(event.key)
            ):
                return
        await super().on_event(event)

    async def _loose(self, key: str) -> bool:
        """Run the action that a letter has where nothing is typed and the place does not use it."""
        from tui.leader import typed_into

        if typed_into(self.screen) is not None or key in self.screen.active_bindings:
            return False
        return await self.run_action(self.keys.loose[key].does, self)

    # What nobody expected. Textual would show tracebacks, with the values of all variables.

    def _handle_exception(self, error: Exception) -> None:
        """Background work that failed ends alone, and says so; anything else ends the program."""
        if not isinstance(error, WorkerFailed) or self._exit:
            super()._handle_exception(error)
            return
        _log.error("background work failed", exc_info=error.error)
        if self._exception is None:  # for tests: they fail with it
            self._exception = error
        self.work.transcript.add_notice("error", _WRONG, self._where())

    def _fatal_error(self) -> None:
        """End, and name the log in which the traceback is."""
        _log.error("the screen failed", exc_info=self._exception)
        self._exit_renderables.append(Text(f"dspy-tui: {_WRONG}\n  {self._where()}"))
        self._close_messages_no_wait()

    def _where(self) -> str:
        return f"The traceback is in {self.runtime.log.path}."

    # For the key table and the palette

    def action_command_palette(self) -> None:
        """Find anything."""
        if not CommandPalette.is_open(cast("App[Any]", self)):
            self.push_screen(Finder())

    def action_toggle_theme(self) -> None:
        """Light or dark, of the same contrast; where the terminal's own colours have to be, they stay."""
        if self.no_color:
            self.work.say("NO_COLOR is set: the terminal's own colours stay")
            return
        self.theme = opposite(self.theme, dark=self.current_theme.dark)

    async def action_quit(self) -> None:
        """End the program; one in which a training goes on when that is wanted twice."""
        if self.runtime.training.goes_on and self._clock() - self._asked_to_end > _TWICE_S:
            self._asked_to_end = self._clock()
            key = self.keys.shown("quit")
            self.work.say(f"A training goes on, which ends with the program: once more {key} ends both")
            return
        self.exit()

    async def do(self, action: str) -> None:
        """Run an action of the key table, on the screen that shows where it has it; else on the work screen,
        for which whatever lies over it is left."""
        name = action.partition("(")[0].removeprefix("screen.")
        if not action.startswith("screen.") or hasattr(self.screen, f"action_{name}"):
            await self.run_action(action)
        elif self._back_to_work():
            await self.work.run_action(action)

    def _back_to_work(self) -> bool:
        """Leave what lies over the work screen, unless a question waits there."""
        over = self.screen_stack[self.screen_stack.index(self.work) + 1 :]
        if any(getattr(screen, "asks", False) for screen in over):
            self.work.say("First answer what is asked here")
            return False
        for screen in reversed(over):
            screen.dismiss(None)
        return True

    @property
    def driver(self) -> Driver | None:
        """What draws and reads the keys."""
        return self._driver

    @contextmanager
    def away(self) -> Generator[None]:
        """Give the terminal to another program; what the keyboard sends as SIGINT is that program's."""
        self.is_away = True
        try:
            with self.suspend():
                yield
        finally:
            self.is_away = False

    @property
    def leader(self) -> Leader:
        """What waits for the letter behind the leader key."""
        if self._leader is None:
            from tui.leader import Leader

            self._leader = Leader(self)
        return self._leader

    def action_leader(self, level: str = "letters") -> None:
        """The next letter runs an action; what is selected in a text is cut instead."""
        from tui.leader import typed_into

        if (box := typed_into(self.screen)) is not None and box.selected_text:
            raise SkipAction
        self.leader.begin(level)

    def copy_to_clipboard(self, text: str) -> None:
        """Put a text on the clipboard of who looks at the screen, and say how it got there."""
        from tui.copying import copy

        self._clipboard = text
        driver = self._driver
        if driver is not None and not self.is_headless:
            mode = self.runtime.config.settings.copy
            self.run_worker(copy(self, driver, text, mode), group="copy", exclusive=True)

    def action_help(self) -> None:
        """Tell what the place is that has the focus, and every key and command."""
        from tui.places import here
        from tui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss(None)
        else:
            self.push_screen(HelpScreen(self.keys, self.runtime.registry.known, places=here(self.screen)))

    def begin_command(self, name: str) -> None:
        """Put a command into the prompt."""
        self.work.chat.prompt.put(f"{name} ")
        self.work.chat.prompt.focus()

    def use_model(self, name: str) -> None:
        """Switch to a model."""
        self.runtime.session.submit(f"/model use {name}")
