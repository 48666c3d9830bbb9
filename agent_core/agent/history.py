"""What was said before, kept for questions that follow on."""

from __future__ import annotations

import msgspec

_MOST = 50


class Exchange(msgspec.Struct, frozen=True):
    """A question and its answer."""

    question: str
    answer: str


class History:
    """The newest 50 exchanges of a conversation; the budget decides how many of them a model gets to see."""

    def __init__(self, exchanges: tuple[Exchange, ...] = ()) -> None:
        self._exchanges = list(exchanges)[-_MOST:]

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Oldest first."""
        return tuple(self._exchanges)

    def add(self, question: str, answer: str) -> None:
        """Remember an exchange; one without an answer is not worth remembering."""
        if answer.strip():
            self._exchanges = [*self._exchanges, Exchange(question, answer)][-_MOST:]

    def remark(self, question: str, text: str) -> None:
        """Add to the answer that was given last to this question what was said of it afterwards."""
        last = self._exchanges[-1] if self._exchanges else None
        if last is not None and last.question == question:
            self._exchanges[-1] = Exchange(question, f"{last.answer}\n{text}")
        else:
            self.add(question, text)

    def clear(self) -> None:
        """Forget everything."""
        self._exchanges.clear()
