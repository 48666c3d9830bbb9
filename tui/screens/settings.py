"""Every setting: what it is, where its value came from, and a way to change it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input

from agent_core.config import Config
from agent_core.config_said import choices, spelled
from agent_core.config_sources import Field, masked_setting
from agent_core.config_writing import Where, settable
from agent_core.errors import AgentError
from agent_core.text import plural, shorten
from tui.keymap import Keys
from tui.keys import SETTINGS, bindings
from tui.screens import settings_said as said
from tui.screens.dialog import Frame, Hints, TypingDialog
from tui.screens.parts import Parts
from tui.screens.settings_desk import SettingsDesk
from tui.widgets.choices import SecondClickChoices
from tui.widgets.rows import Rows
from tui.widgets.sheet import Sheet

_WIDE, _LOW = 100, 20
"""Columns from which on a setting stands in full beside the list; rows below which there is room for one
thing at a time."""


class SettingsScreen(TypingDialog[None]):
    """Made from the table of settings. What is written is written at once; a wrong value stays in its box.

    Args:
        desk: Reads and writes.
        config: The settings as the program has them.
        keys: For the row of keys.
        changed: Is told the name of a setting that was changed, and the settings as they are then.
        setting: The one that has the cursor at first.
    """

    PARTS = Parts("settings", "settings", "about")
    CSS_PATH = "settings.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(SETTINGS)]

    def __init__(
        self,
        *,
        desk: SettingsDesk,
        config: Config,
        keys: Keys,
        changed: Callable[[str, Config], None],
        setting: str = "",
    ) -> None:
        super().__init__()
        self._desk, self._config, self._keys = desk, config, keys
        self._changed, self._first = changed, setting
        self._where: Where = "user"
        self._typed, self._own, self._shown = "", False, ""
        self._trouble: AgentError | None = None
        self._settings = said.settings_of(config)
        self._rows = SecondClickChoices(id="settings", cursor_always=True, empty="No setting has that.")
        self._details, self._hints = Sheet(id="details"), Hints([])

    def compose(self) -> ComposeResult:
        """The settings, the chosen one in full, and the keys."""
        with Frame():
            yield from self.boxes(
                filter="Only settings with these words in name, value or description",
                value="Its value, as for --set; Enter writes it",
            )
            yield Container(self._rows, VerticalScroll(self._details, id="about", can_focus=False), id="both")
            yield self._hints

    @property
    def content(self) -> Widget:
        """The settings."""
        return self._rows

    async def on_mount(self) -> None:
        """Show what the program has, then what the files have by now."""
        self._fit(self.size.width, self.size.height)
        self._rows.focus()
        self._show()
        self.run_worker(self._read_again, group="settings", exclusive=True)

    def on_resize(self, event: events.Resize) -> None:
        """Side by side where there is room."""
        self._fit(event.size.width, event.size.height)
        self.call_after_refresh(self._show)

    def _fit(self, width: int, height: int) -> None:
        self.set_class(width >= _WIDE, "-wide")
        self.set_class(height < _LOW and width < _WIDE, "-low")

    async def _read_again(self) -> None:
        self._config = await self._desk.config()
        self._settings = said.settings_of(self._config)
        self._show()

    # What is shown

    @property
    def chosen(self) -> said.Setting | None:
        """The setting with the cursor."""
        key = self._rows.current.key if self._rows.current is not None else ""
        return next((one for one in self._settings if one.field.name == key), None)

    def _position(self, name: str) -> int:
        return next((at for at, item in enumerate(self._rows.items) if item.key == name), 0)

    def _show(self) -> None:
        found = said.wanted(self._settings, self._typed, own=self._own)
        width = self._rows.size.width - self._rows.show_vertical_scrollbar
        if width > 1:
            here = self._rows.current.key if self._rows.current is not None else self._first
            self._rows.set_items(said.items(found, width))
            self._rows.put_cursor(self._position(here))
        own = sum(one.is_own for one in self._settings)
        files = {"user": "your file", "workspace": "the workspace's file"}
        told = f"{plural(len(found), 'setting')} · {own} set · changes go into {files[self._where]}"
        one = self.chosen
        title = f"Settings: {one.field.name}" if one is not None and self.box("value").display else "Settings"
        self.entitle(title, shorten(told, max(20, self.size.width - 10)))
        self._show_details()
        self._hints.set_hints(self._what_keys_do())

    def _show_details(self) -> None:
        self._details.show(partial(said.details, self.chosen, self._config, self._where, self._trouble))

    def _what_keys_do(self) -> list[tuple[str, str, str]]:
        shown = self._keys.shown
        if self.box("value").display:
            leave = (shown("settings.close"), "leave it", "screen.close")
            return [("Enter", "write it", "screen.submit"), leave, (shown("help"), "all keys", "app.help")]
        other = "workspace's file" if self._where == "user" else "your file"
        return [
            (shown("settings.change"), "change", "screen.change"),
            (shown("settings.unset"), "unset", "screen.unset"),
            (shown("settings.filter"), "filter", "screen.filter"),
            (shown("settings.close"), "close", "screen.close"),
            (shown("settings.where"), other, "screen.where"),
            (shown("settings.own"), "all" if self._own else "only what is set", "screen.own"),
            (shown("help"), "all keys", "app.help"),
        ]

    def on_choices_moved(self) -> None:
        """Another setting stands in full."""
        name = self.chosen.field.name if self.chosen is not None else ""
        if name == self._shown:  # the rows were only drawn anew
            return
        self._shown, self._trouble = name, None
        self.end_typing("value")
        self._show_details()
        self.query_one("#about", VerticalScroll).scroll_home(animate=False)

    # Keys

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Enter changes it."""
        event.stop()
        self.action_change()

    def action_change(self) -> None:
        """The next of a few values; else type one."""
        one = self.chosen
        if one is None:
            return
        try:
            settable(one.field.name, self._where)
        except AgentError as error:
            self._fail(error)
            return
        if not isinstance(self.focused, Input):
            self.run_worker(partial(self._change, one.field), group="settings", exclusive=True)

    async def _change(self, field: Field) -> None:
        """Go on from what the file says: what else counts for the value is none of its business."""
        here = await self._desk.written(field.name, self._where)
        if here is None:
            here = "" if field.adds_up else spelled(getattr(self._config.settings, field.name))
        if kinds := choices(field):
            await self._write(field.name, kinds[(kinds.index(here) + 1 if here in kinds else 0) % len(kinds)])
            return
        box = self.type_into("value")
        box.value = here if here == spelled(masked_setting(field.name, here)) else ""
        box.cursor_position = len(box.value)
        self._show()

    def action_submit(self) -> None:
        """Write what is typed."""
        if (one := self.chosen) is not None:
            self._put(one.field.name, self.box("value").value)

    def action_unset(self) -> None:
        """Take it out of the file."""
        if (one := self.chosen) is not None:
            self.run_worker(partial(self._take_out, one.field.name), group="settings", exclusive=True)

    def action_where(self) -> None:
        """Write into the other file from now on."""
        self._where = "workspace" if self._where == "user" else "user"
        self._trouble = None
        self._show()

    def action_own(self) -> None:
        """Only what somebody has set, or all."""
        self._own = not self._own
        self._show()

    def action_filter(self) -> None:
        """Type what the settings are to have."""
        self.type_into("filter")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter by what is typed now."""
        event.stop()
        if event.input.id == "filter":
            self._typed = event.value
            self._show()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on to what is left, or write the value."""
        event.stop()
        if event.input.id == "filter":
            if event.value.strip() or not self.end_typing("filter"):
                self._rows.focus()
        else:
            self.action_submit()

    def _put(self, name: str, text: str) -> None:
        self.run_worker(partial(self._write, name, text), group="settings", exclusive=True)

    async def _write(self, name: str, text: str) -> None:
        try:
            await self._desk.put(name, text, self._where)
        except AgentError as error:
            self._fail(error)
            return
        self.end_typing("value")
        await self._after(name)

    async def _take_out(self, name: str) -> None:
        try:
            found = await self._desk.take_out(name, self._where)
        except AgentError as error:
            self._fail(error)
            return
        if not found:
            self.notify("It is not set in that file", timeout=3, markup=False)
        await self._after(name)

    async def _after(self, name: str) -> None:
        self._trouble = None
        await self._read_again()
        self._changed(name, self._config)

    def _fail(self, error: AgentError) -> None:
        self._trouble = error
        self._show_details()
        self.query_one("#about", VerticalScroll).scroll_home(animate=False)

    def action_settings(self) -> None:
        """The key that opened it closes it."""
        self.dismiss(None)

    def action_close(self) -> None:
        """End what is typed; else go back."""
        if self.end_typing("value") or self.end_typing("filter"):
            self._trouble = None
            self._show()
        else:
            self.dismiss(None)
