"""A form that a server wants to be filled in: what it asks, its fields, and what is wrong in them.

Nothing is sent by Enter: keys that were meant for the prompt may end up here. Those that move and choose are
handled as they come, before the box that has the focus: what follows belongs to where they led.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal

from textual import events
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input

from agent_core.events import ApprovalNeeded
from agent_core.forms import Filled, Form, Given, problems_in
from agent_core.masking import mask_secrets
from agent_core.text import one_line, plural, printable
from tui.keymap import Keys
from tui.keys import FORM, bindings
from tui.screens.approve import ARM_S
from tui.screens.dialog import Dialog, Hints
from tui.screens.form_field import FieldBox
from tui.widgets.rows import Rows
from tui.widgets.sheet import Sheet
from tui.widgets.transcript.lines import Line, wrap

_EDGES = 4
"""The frame's upper and lower edge, the keys, and the empty line above them."""
_LEAST_FIELDS = 1


class FormScreen(Dialog[Filled]):
    """Ends with the answer, or with None when the question was taken away.

    Args:
        question: The question, with its form.
        form: The form.
        keys: For the row of keys.
        arm_s: How long keys answer nothing.
    """

    CSS_PATH = "form.tcss"
    AUTO_FOCUS = ""
    asks = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(FORM)]

    def __init__(self, question: ApprovalNeeded, form: Form, keys: Keys, *, arm_s: float = ARM_S) -> None:
        super().__init__()
        self._question, self._form, self._arm_s = question, form, arm_s
        self._armed = self._warned = False
        self._late = 0
        self._send_key = keys.shown("form.send")
        self._said = Sheet(self._said_lines, id="asked")
        self._warning = Sheet(id="warning")
        self._boxes = [FieldBox(field, number) for number, field in enumerate(form.fields)]
        self._hints = Hints(
            [
                (self._send_key, "send", "screen.send"),
                (keys.shown("form.refuse"), "decline", "screen.end('decline')"),
                (keys.shown("form.leave"), "close", "screen.end('cancel')"),
                *([(keys.shown("form.next"), "next", "screen.next(1)")] if form.fields else []),
                *([(keys.shown("form.tick"), "choose", "screen.tick")] if self._has_choices() else []),
            ]
        )

    @property
    def call_id(self) -> str:
        """The question that waits."""
        return self._question.call_id

    @property
    def is_armed(self) -> bool:
        """Whether keys answer."""
        return self._armed

    def _has_choices(self) -> bool:
        return any(field.options for field in self._form.fields)

    def compose(self) -> ComposeResult:
        """What is asked, what speaks against it, the fields, the keys."""
        with Vertical(classes="frame") as frame:
            frame.border_title = Content(f"The server {one_line(self._form.asker)} asks you")
            with VerticalScroll(id="message", can_focus=False):
                yield self._said
            yield self._warning
            with VerticalScroll(id="fields", can_focus=False):
                yield from self._boxes
            yield self._hints

    def on_mount(self) -> None:
        """Take answers once the question could be read."""
        self._warning.display = False
        self._warn(self._form.warning)
        self._count(0)
        if self._arm_s <= 0:
            self._arm()
        else:
            self.set_timer(self._arm_s, self._arm)

    def _arm(self) -> None:
        self._armed = True
        if self._boxes and self.is_current and self.focused is None:
            self._boxes[0].editor.focus()

    def on_resize(self, event: events.Resize) -> None:
        """Leave room for the keys: the message and the fields scroll."""
        self._divide(event.size.width, event.size.height)

    def _divide(self, wide: int, high: int) -> None:
        width = min(wide * 9 // 10, 90) - 4
        room = high * 9 // 10 - _EDGES
        message = self.query_one("#message", VerticalScroll)
        lines = len(self._said_lines(width))
        shown = max(min(lines, room // 3), 1)
        message.styles.max_height = shown
        message.can_focus = lines > shown
        room -= shown + (len(self._warning.lines(width)) + 1 if self._warning.display else 0)
        self.query_one("#fields").styles.max_height = max(room - 1, _LEAST_FIELDS)

    def _said_lines(self, width: int) -> list[Line]:
        said = printable(self._form.message).strip() or "(it says nothing)"
        return [row for line in said.split("\n") for row in wrap([(line, "title", None)], width)]

    def _warn(self, text: str) -> None:
        self._warning.display = bool(text)
        self._warning.show(partial(_warned, text))
        self._divide(self.size.width, self.size.height)

    def _count(self, at: int) -> None:
        many = len(self._boxes)
        needed = sum(field.required for field in self._form.fields)
        told = f"field {at + 1} of {many}" if many else "nothing to fill in"
        stars = f" · {plural(needed, 'answer')} needed (*)" if needed else ""
        self.query_one(".frame").border_subtitle = Content(told + stars)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Say where one is."""
        box = next((box for box in self._boxes if event.widget in box.walk_children()), None)
        if box is not None:
            self._count(box.number)
            box.scroll_visible(animate=False)

    # What is typed and chosen

    def on_input_changed(self, event: Input.Changed) -> None:
        """Something else was typed."""
        event.stop()
        self._changed(event.input)

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """An option was chosen, or is no more."""
        event.stop()
        self._pick(event.rows)

    def action_tick(self) -> None:
        """Choose the option with the cursor; in a box it is typed."""
        if not isinstance(self.focused, Rows):
            raise SkipAction
        self._pick(self.focused)

    def action_enter(self) -> None:
        """Choose the option with the cursor; in a box it goes on to the next field."""
        if isinstance(self.focused, Rows):
            self._pick(self.focused)
        else:
            self.action_next(1)

    def action_step(self, step: int) -> None:
        """Go to another option, or out of a box to another field."""
        if isinstance(self.focused, Rows):
            self.focused.action_move(step)
        elif isinstance(self.focused, Input):
            self.action_next(step)
        else:
            raise SkipAction

    def _pick(self, rows: Rows) -> None:
        for box in self._boxes:
            if box.editor is rows:
                box.pick()
        self._changed(rows)

    def _changed(self, editor: Input | Rows) -> None:
        if self._warned:
            self._warned = False
            self._warn(self._form.warning)
        for box in self._boxes:
            if box.editor is editor and box.is_wrong:
                box.check()

    def action_next(self, step: int) -> None:
        """Go to the next field, or to the one before."""
        if step > 0:
            self.focus_next()
        else:
            self.focus_previous()

    # The answer

    def action_send(self) -> None:
        """Send it, once each box has taken what was typed into it before."""
        if not self._armed or not self.is_current:
            return
        late = [box.editor for box in self._boxes if isinstance(box.editor, Input)]
        self._late = len(late)
        for box in late:
            box.call_later(self._taken)
        if not late:
            self._send()

    def _taken(self) -> None:
        self._late -= 1
        if self._late == 0:
            self._send()

    def _send(self) -> None:
        """Send it, if it is right; what looks like a secret only once that was said."""
        if not self.is_current:
            return
        values = tuple(box.given for box in self._boxes)
        if any(problems_in(self._form, values)):
            wrong = [box for box in self._boxes if box.check()]
            wrong[0].editor.focus()
            return
        why = self._against(values)
        if why and not self._warned:
            self._warned = True
            self._warn(f"{why} {self._send_key} once more sends it all the same.")
            return
        self.dismiss(Filled(action="accept", values=values))

    def _against(self, values: tuple[Given, ...]) -> str:
        if any(isinstance(given, str) and mask_secrets(given) != given for given in values):
            return "What you typed looks like a secret, and goes to the server as it is."
        return self._form.warning if any(values) else ""

    def action_end(self, action: Literal["decline", "cancel"]) -> None:
        """Answer nothing: said so, or left alone."""
        if self._armed and self.is_current:
            self.dismiss(Filled(action=action))


def _warned(text: str, width: int) -> list[Line]:
    if not text:
        return []
    return wrap([(text, "bad-title", None)], width, first=(("▲ ", "bad", None),), rest=(("  ", "", None),))
