"""A question of permission: the exact command, why it is asked, and the rule that "always" would add.

Whatever is long scrolls, and the frame says so: the keys that answer are on screen always.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from agent_core.events import ApprovalNeeded, Decision
from agent_core.text import printable
from tui.asking_said import rules_of, title_of
from tui.keymap import Keys
from tui.keys import QUESTION, bindings
from tui.screens.dialog import Dialog, Hints

ARM_S = 0.4
"""Keys typed before the question could be seen answer nothing."""
_WIDTH = 90
_EDGES = 4
"""The frame's upper and lower edge, the keys, and the empty line above them."""
_MOST = {"#rules": 7, "#reason": 6, "#command": 14}
"""Lines of each part, where there is room; the command gets what the others leave."""


class ApproveScreen(Dialog[Decision]):
    """Ends with the decision, or with None when the question was answered elsewhere."""

    CSS_PATH = "approve.tcss"
    asks = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(QUESTION)]

    def __init__(self, question: ApprovalNeeded, keys: Keys, *, arm_s: float = ARM_S) -> None:
        super().__init__()
        self._question = question
        self._arm_s = arm_s
        self._armed = False
        self._always_key = keys.shown("approve.always")
        always = [(self._always_key, "always", "screen.decide('always')")] if question.rule else []
        self._hints = Hints(
            [
                (keys.shown("approve.once"), "once" if question.rule else "yes", "screen.decide('once')"),
                *always,
                (keys.shown("approve.no"), "no", "screen.decide('no')"),
            ]
        )

    @property
    def call_id(self) -> str:
        """The call that waits."""
        return self._question.call_id

    def compose(self) -> ComposeResult:
        """The command, the reason, the rule, the keys."""
        question = self._question
        with Vertical(classes="frame") as frame:
            frame.border_title = title_of(question)
            with VerticalScroll(id="command"):
                yield Static(Content(printable(question.command)), markup=False)
            if question.reason:
                with VerticalScroll(id="reason", can_focus=False):
                    yield Static(Content(printable(question.reason)), markup=False)
            rules = rules_of(question.rule)
            added = f"{self._always_key} always adds the {'rule' if len(rules) == 1 else 'rules'}"
            gap = "  " if len(rules) == 1 else "\n"
            shown = "\n".join(rules)
            if question.rule:
                with VerticalScroll(id="rules"):
                    yield Static(Content.assemble((f"{added}{gap}", "dim"), (shown, "bold")), markup=False)
            yield self._hints

    def on_resize(self, event: events.Resize) -> None:
        """Leave room for the keys, and say where there is more than can be seen."""
        width = min(event.size.width * 9 // 10, _WIDTH) - 6
        room = event.size.height * 9 // 10 - _EDGES
        parts = [self.query_one(name, VerticalScroll) for name in _MOST if self.query(name)]
        needed = {part: self._lines(part, width) for part in parts}
        room -= len(parts)  # an empty line before each
        for place, part in enumerate(parts, 1):
            fair = room if place == len(parts) else max(room // 3, 1)
            shown = max(min(needed[part], _MOST[f"#{part.id}"], fair), 1)
            part.styles.max_height = shown
            room -= shown
            if part.id == "command":
                hidden = needed[part] - shown
                more = f"{hidden} more lines: ↑ ↓ scroll" if hidden > 0 else ""
                self.query_one(".frame").border_subtitle = more

    def _lines(self, part: VerticalScroll, width: int) -> int:
        text = part.query_one(Static)
        return text.get_content_height(self.size, self.size, width)

    def on_mount(self) -> None:
        """Take answers once the question could be read."""
        if self._arm_s <= 0:
            self._armed = True
        else:
            self.set_timer(self._arm_s, self._arm)

    def _arm(self) -> None:
        self._armed = True

    def action_decide(self, decision: Decision) -> None:
        """Answer."""
        if self._armed and self.is_current:
            self.dismiss(decision)
