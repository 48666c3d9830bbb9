"""Over the review of a change: the rules that "always" adds, and an editor for a proposed file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static, TextArea

from agent_core.text import human_size, one_line, printable, shorten_middle
from tui.keymap import Keys
from tui.keys import ALWAYS, EDIT, bindings
from tui.screens.dialog import Dialog, Hints, title_room
from tui.widgets.diff.draft import FileDraft
from tui.widgets.editor import NAME, editor_theme
from tui.widgets.transcript.palette import Palette

_MOST = 1024 * 1024
"""Characters of a text that is edited here."""


class AlwaysScreen(Dialog[bool]):
    """Ends with whether the rules are wanted.

    Args:
        rules: What is added.
        keys: For the row of keys.
    """

    CSS_PATH = "review.tcss"
    asks = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(ALWAYS)]

    def __init__(self, rules: Sequence[str], keys: Keys) -> None:
        super().__init__()
        self._keys = keys
        self._rules = tuple(rules)

    def compose(self) -> ComposeResult:
        """The rules and the keys."""
        with Vertical(classes="frame") as frame:
            frame.border_title = "Apply, and always allow this?"
            yield Static("From now on nothing is asked for what these rules allow:", markup=False)
            with VerticalScroll():
                yield Static(Content("\n".join(self._rules)), markup=False)
            shown = self._keys.shown
            yield Hints(
                [
                    (shown("review.always_yes"), "apply and add them", "screen.answer(True)"),
                    (shown("review.always_no"), "back", "screen.answer(False)"),
                ]
            )

    def action_answer(self, wanted: bool) -> None:
        """Answer."""
        self.dismiss(wanted)


class EditScreen(Dialog[str]):
    """Ends with the text as it was edited, or None.

    Args:
        path: The file; its name tells the language.
        text: What is proposed, with plain line ends.
        keys: For the row of keys.
        line: Where the cursor begins, from 1.
    """

    CSS_PATH = "review.tcss"
    asks = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(EDIT)]

    def __init__(self, path: str, text: str, keys: Keys, *, line: int = 1) -> None:
        super().__init__()
        self._line = line
        self._path = path
        self._text = text
        self._keys = keys
        self._warned = False

    def compose(self) -> ComposeResult:
        """The text and the keys."""
        shown = self._keys.shown
        with Vertical(classes="frame"):
            yield TextArea(
                self._text, show_line_numbers=True, soft_wrap=False, tab_behavior="indent", id="text"
            )
            yield Hints(
                [
                    (shown("edit.save"), "propose it so", "screen.save"),
                    (shown("edit.cancel"), "leave it as it was", "screen.cancel"),
                ]
            )

    def on_mount(self) -> None:
        """Colours, where the editor knows the language."""
        from tui.widgets.transcript.highlight import language_of

        area = self.query_one(TextArea)
        area.cursor_blink = False
        language = language_of(self._path)
        if language in area.available_languages:
            area.language = language
            self._colour()
        area.focus()
        area.move_cursor((max(0, self._line - 1), 0), center=True)

    def on_resize(self, event: events.Resize) -> None:
        """Show as much of the path as there is room for."""
        self.call_after_refresh(self._entitle)

    def _entitle(self) -> None:
        frame, said = self.query_one(".frame"), "Edit "
        path = shorten_middle(one_line(self._path), title_room(frame) - len(said))
        frame.border_title = Content(said + path)

    def notify_style_update(self) -> None:
        """The theme changed."""
        super().notify_style_update()
        if self.is_mounted:
            self._colour()

    def _colour(self) -> None:
        area = self.query_one(TextArea)
        variables = self.app.theme_variables  # pyright: ignore[reportUnknownMemberType]
        palette = Palette(variables, foreground=area.colors[3], background=area.colors[2])
        area.register_theme(editor_theme(palette))
        area.theme = NAME

    def action_save(self) -> None:
        """End with the text."""
        self.dismiss(self.query_one(TextArea).text)

    def action_cancel(self) -> None:
        """End without; where something was edited, only when asked twice."""
        if self.query_one(TextArea).text == self._text or self._warned:
            self.dismiss(None)
        else:
            self._warned = True
            key = self._keys.shown("edit.cancel")
            self.notify(f"{key} once more drops what you edited", timeout=4, markup=False)


def why_not_edited(file: FileDraft) -> str:
    """Why a file cannot be edited here; "" when it can."""
    text = file.text()
    if file.change.after is None:
        return "It is deleted: there is nothing to edit"
    if file.whole:
        return "It cannot be edited here: it is binary, or written in a wide encoding"
    if len(text) > _MOST:
        return f"It is too large to be edited here ({human_size(len(text))})"
    if printable(text) != text:
        return "It has characters that cannot be shown; edit it once it is written"
    return ""
