"""Questions in words, answered by typed words: permission, changes, forms. Whatever else is typed is a no."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from agent_core.changes.model import Chosen
from agent_core.events import ApprovalNeeded, Decision
from agent_core.forms import Filled
from agent_core.plain import in_words
from agent_core.text import printable
from tui.asking_said import rules_of, title_of
from tui.plain.changes import Review
from tui.plain.filling import Filling
from tui.plain.lines import Lines

YES = frozenset({"y", "yes", "once", "ok"})
NO = frozenset({"", "n", "no"})


class Answers(Protocol):
    """Takes the answers."""

    def answer(self, call_id: str, decision: Decision, chosen: Chosen | None = None) -> bool:
        """Of a permission; False when nobody asks any more."""
        ...

    def fill(self, call_id: str, filled: Filled) -> bool:
        """Of a form."""
        ...


class Asking:
    """Asks one question at a time.

    Args:
        lines: Where it is asked.
        answers: Who takes the answers.
        edit: Lets a text be edited; what it is then, None where it is left as it was.
    """

    def __init__(self, *, lines: Lines, answers: Answers, edit: Callable[[str, str], str | None]) -> None:
        self._lines, self._answers, self._edit = lines, answers, edit

    def ask(self, question: ApprovalNeeded) -> None:
        """Ask it and pass the answer on. Raises KeyboardInterrupt for Ctrl-C, which answers nothing."""
        self._lines.forget_typed()
        try:
            taken = self._asked(question)
        except EOFError:
            self._lines.say(["", "No answer is a no."])
            taken = self._no(question)
        if not taken:
            self._lines.say(["That question is not open any more."])

    def _asked(self, question: ApprovalNeeded) -> bool:
        if question.form is not None:
            return self._answers.fill(question.call_id, Filling(self._lines, question.form).ask())
        if question.files:
            decision, chosen = Review(self._lines, question, edit=self._edit).ask()
            return self._answers.answer(question.call_id, decision, chosen)
        return self._answers.answer(question.call_id, self._permission(question))

    def _no(self, question: ApprovalNeeded) -> bool:
        if question.form is not None:
            return self._answers.fill(question.call_id, Filled(action="cancel"))
        return self._answers.answer(question.call_id, "no")

    def _permission(self, question: ApprovalNeeded) -> Decision:
        told = [f"Question: {title_of(question)}", *_indented(question.command)]
        if question.reason:
            told += _indented(in_words(printable(question.reason)))
        if question.rule:
            rules = rules_of(question.rule)
            told.append(f"always would add the {'rule' if len(rules) == 1 else 'rules'}:")
            told += [f"  {rule}" for rule in rules]
        self._lines.say(told)
        choices = "yes, always, or no" if question.rule else "yes or no"
        return answered(self._lines, f"Answer {choices}. No is the default: ", always=bool(question.rule))


def answered(lines: Lines, prompt: str, *, always: bool) -> Decision:
    """Ask until it is an answer."""
    while True:
        typed = lines.read(prompt).strip().lower()
        if typed in YES:
            return "once"
        if typed in NO:
            return "no"
        if always and typed in ("a", "always"):
            return "always"
        lines.say(["That is none of the answers."])


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in printable(text).split("\n")]
