"""Dead letters: one for each message, however often it is read, and without its secrets."""

from __future__ import annotations

from typing import Any

import pytest

from agent_core.config import MASK
from agent_core.errors import ErrorInfo
from agent_core.streaming.messages import Figures, Known, NotKnown, Task, encode
from agent_core.streaming.ports import Received, Skipped
from stack.services.letters import letter_about, letter_of

WHY = ErrorInfo("too-long", "It is too long")


def skipped(**given: Any) -> Skipped:
    place: dict[str, Any] = {"topic": "t", "partition": 0, "offset": 3, "time": 1.5, "value": "x"}
    return Skipped(why=NotKnown("broken", "no JSON"), **{**place, **given})


def received(message: Known, **given: Any) -> Received:
    place: dict[str, Any] = {"topic": "t", "partition": 0, "offset": 3, "time": 1.5}
    return Received(message=message, **{**place, **given})


def task(text: str) -> Task:
    return Task(id="t1", at=0.0, text=text)


def test_a_message_that_is_read_again_has_the_same_letter() -> None:
    assert letter_of(skipped(), service="a").id == letter_of(skipped(), service="b").id
    first = letter_about(received(task("x")), WHY, service="a", task="t1")
    again = letter_about(received(task("x"), repeated=True), WHY, service="b", task="t1")
    assert first.id == again.id and first.id.startswith("t/0/3/") and first.task == "t1"


@pytest.mark.parametrize(
    "other", [{"offset": 4}, {"partition": 1}, {"topic": "u"}, {"time": 1.501}, {"value": "y"}]
)
def test_another_message_has_another_one_also_at_the_same_place(other: dict[str, Any]) -> None:
    assert letter_of(skipped(**other), service="a").id != letter_of(skipped(), service="a").id


def test_another_task_at_the_same_place_has_another_one() -> None:
    ids = {
        letter_about(each, WHY, service="a").id
        for each in (received(task("x")), received(task("y")), received(task("x"), time=2.0))
    }
    assert len(ids) == 3


@pytest.mark.parametrize(
    "text",
    [
        "why does login fail with password=hunter2xyz",
        'why does login fail with password="hunter2xyz"',
        "password: 'hunter2xyz'",
        'it says {\\"password\\": \\"hunter2xyz\\"}',
    ],
)
def test_what_it_quotes_has_no_secrets(text: str) -> None:
    for message in (task(text), Figures(id="f", at=0.0, service=text, state="working", figures={})):
        letter = letter_about(received(message), WHY, service="a")
        assert "hunter2" not in encode(letter).decode() and MASK in letter.value
        assert letter.value.startswith("{")
