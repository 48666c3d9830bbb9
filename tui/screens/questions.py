"""Questions that wait for the person: one is shown at a time, in the order in which they came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.app import App

from agent_core.events import ApprovalNeeded
from tui.keymap import Keys

if TYPE_CHECKING:
    from agent_core.forms import Form
    from agent_core.session.session import Session
    from tui.screens.approve import ApproveScreen
    from tui.screens.form import FormScreen
    from tui.screens.review import ReviewScreen


class Questions:
    """Shows them and passes the answers on.

    Args:
        app: Where they show.
        session: Takes the answers.
        keys: For their rows of keys.
    """

    def __init__(self, *, app: App[Any], session: Session, keys: Keys) -> None:
        self._app, self._session, self._keys = app, session, keys
        self._waiting: list[ApprovalNeeded] = []
        self._shown: ApproveScreen | FormScreen | ReviewScreen | None = None
        self._split: bool | None = None

    def ask(self, question: ApprovalNeeded) -> None:
        """Show a question now, or when those before it are answered."""
        self._waiting.append(question)
        self._next()

    def answered(self, call_id: str) -> None:
        """Take a question away that something else answered, and whatever was opened over it."""
        self._waiting = [question for question in self._waiting if question.call_id != call_id]
        shown = self._shown
        if shown is None or shown.call_id != call_id:
            return
        stack = self._app.screen_stack
        over = stack[stack.index(shown) + 1 :] if shown in stack else []
        for screen in [*reversed(over), shown]:
            if screen.is_current:
                screen.dismiss(None)

    def _next(self) -> None:
        if self._shown is not None or not self._waiting:
            return
        question = self._waiting.pop(0)
        if question.form is not None:
            self._fill_in(question, question.form)
        elif question.files:
            self._review(question)
        else:
            self._approve(question)

    def _approve(self, question: ApprovalNeeded) -> None:
        from tui.screens.approve import ApproveScreen

        def end(decision: Any) -> None:
            self._shown = None
            if decision is not None:
                self._session.answer(question.call_id, decision)
            self._next()

        self._shown = ApproveScreen(question, self._keys)
        self._app.push_screen(self._shown, end)

    def _review(self, question: ApprovalNeeded) -> None:
        from tui.screens.review import ReviewScreen

        def end(reply: Any) -> None:
            self._shown = None
            if reply is not None:
                self._session.answer(question.call_id, reply.decision, reply.chosen)
            self._next()

        self._shown = ReviewScreen(question, self._keys, split=self._split, keep_split=self._keep)
        self._app.push_screen(self._shown, end)

    def _fill_in(self, question: ApprovalNeeded, form: Form) -> None:
        from tui.screens.form import FormScreen

        def end(filled: Any) -> None:
            self._shown = None
            if filled is not None:
                self._session.fill(question.call_id, filled)
            self._next()

        self._shown = FormScreen(question, form, self._keys)
        self._app.push_screen(self._shown, end)

    def _keep(self, split: bool) -> None:
        self._split = split
