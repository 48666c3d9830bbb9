"""The models: list, switch, pull with a progress bar, and stop pulling."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input

from agent_core.errors import AgentError
from agent_core.events import PullProgress
from agent_core.text import human_size, one_line, plural
from tui.keymap import Keys
from tui.keys import MODELS, bindings
from tui.screens.dialog import Hint, Hints
from tui.screens.pick import Filtered
from tui.widgets.progress import Progress
from tui.widgets.rows import Item, Rows

if TYPE_CHECKING:
    from agent_core.llm.select import Models

_PULL = "\0pull"


class ModelsScreen(Filtered):
    """Enter uses a model; a name that is not there can be pulled."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(MODELS)]
    title_shown = "Models"
    placeholder = "A model's name, such as qwen3:1.7b"

    def __init__(self, *, models: Models, keys: Keys) -> None:
        super().__init__()
        self._models = models
        self._keys = keys
        self._names: list[str] | None = None
        self._trouble = ""
        self._pulling: asyncio.Task[None] | None = None

    def compose(self) -> ComposeResult:
        """The same as for every list, and a bar."""
        with Vertical(classes="frame") as frame:
            frame.border_title = self.title_shown
            box = Input(placeholder=self.placeholder, id="query")
            box.cursor_blink = False
            yield box
            yield Rows(id="found", cursor_always=True, empty="Asking the endpoint …")
            yield Progress()
            yield Hints(self.what_keys_do())

    def what_keys_do(self) -> Sequence[Hint]:
        """The row of keys."""
        shown = self._keys.shown
        return (
            (shown("choice.choose"), "use", "screen.choose"),
            (shown("models.pull"), "pull what is typed", "screen.pull"),
            (shown("models.close"), "stop, close", "screen.close"),
        )

    async def search(self, query: str) -> None:
        """Show the models whose names hold what is typed, and offer to pull another."""
        if self._names is None:
            await self._ask()
        names = self._names or []
        wanted = query.strip()
        used = self._models.info.name if self._models.info else ""
        items = [_model(name, used) for name in names if wanted.lower() in name.lower()]
        if wanted and wanted not in names:
            items.append(Item(f"Pull {one_line(wanted)}", "mark", (("  ", "", None),), key=_PULL))
        rows = self.query_one(Rows)
        rows.set_items(items, empty=self._trouble or "The endpoint has no model. Type a name to pull one.")
        self.query_one(".frame").border_subtitle = (self._trouble and "no endpoint") or plural(
            len(names), "model"
        )

    async def _ask(self) -> None:
        try:
            self._names, self._trouble = await self._models.list_models(), ""
        except AgentError as error:
            self._names, self._trouble = [], f"{error.message}. {error.hint}".strip()

    def chosen(self, item: Item) -> None:
        """Use the model, or pull it."""
        if item.key == _PULL:
            self.action_pull()
        else:
            self.run_worker(self._use(item.key), group="use", exclusive=True)

    async def _use(self, name: str) -> None:
        progress = self.query_one(Progress)
        progress.say(f"Asking for {one_line(name)} …")
        try:
            await self._models.switch(name)
        except AgentError as error:
            progress.say(f"{error.message}. {error.hint}".strip(), bad=True)
        else:
            self.dismiss(name)

    def action_pull(self) -> None:
        """Pull the model that is typed, once all that was typed is there."""
        self.query_one(Input).call_later(self._begin_pull)

    def _begin_pull(self) -> None:
        name = self.query_one(Input).value.strip()
        if name and self._pulling is None:
            self.run_worker(self._pull(name), group="pull", exclusive=True)

    async def _pull(self, name: str) -> None:
        progress = self.query_one(Progress)
        self._pulling = asyncio.current_task()
        last = PullProgress(model=name, status="starting")
        progress.show(last)
        try:
            async with aclosing(self._models.pull(name)) as steps:
                async for last in steps:
                    progress.show(last)
            self._names = None
            await self.search(name)
            progress.say(f"Pulled {one_line(name)}, {human_size(last.total)}. Enter uses it.")
        except AgentError as error:
            progress.say(f"{error.message}. {error.hint}".strip(), bad=True)
        except asyncio.CancelledError:
            if self.is_mounted:
                progress.say(f"Stopped pulling {one_line(name)}; what came is kept for the next time.")
            raise
        finally:
            self._pulling = None

    def action_close(self) -> None:
        """Stop pulling; else go back."""
        if self._pulling is not None:
            self._pulling.cancel()
        else:
            self.dismiss(None)


def _model(name: str, used: str) -> Item:
    mark = ("● " if name == used else "  ", "ok", None)
    note = (("in use", "dim", None),) if name == used else ()
    return Item(one_line(name), "title", (mark,), note, key=name, middle=True)
