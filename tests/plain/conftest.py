"""What the tests of the conversation in lines share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest

SYMBOLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2190-\u21ff\u2500-\u27bf\u2800-\u28ff·•…–×]")
"""What no line of ours has: controls, arrows, boxes, marks, braille, and signs in place of words."""


class Typist:
    """Stands where `Lines` does: answers from a list, and keeps what it is told."""

    is_terminal = True

    def __init__(self, *answers: str) -> None:
        self._answers: Iterator[str] = iter(answers)
        self.told: list[str] = []
        self.prompts: list[str] = []
        self.hid: list[str] = []

    def say(self, lines: Sequence[str]) -> None:
        self.told += lines

    def read(self, prompt: str) -> str:
        self.prompts.append(prompt)
        answer = next(self._answers, None)
        if answer is None:
            raise EOFError
        return answer

    def hidden(self, prompt: str) -> str:
        self.hid.append(prompt)
        return self.read(prompt)

    def forget_typed(self) -> None:
        pass


@pytest.fixture
def typist() -> type[Typist]:
    return Typist
