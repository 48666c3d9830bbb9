"""A training beside the conversation: one at a time, told of by events, ended with the session."""

from __future__ import annotations

import asyncio

import pytest

from agent_core.errors import ErrorInfo, LearningFault, TrainingFault
from agent_core.events import Event, Notice, TrainingChanged
from agent_core.rl.beside import Beside, Came, Follows

TRAIN = "rl train --steps 40"


def states(events: list[Event]) -> list[str]:
    return [event.state for event in events if isinstance(event, TrainingChanged)]


def notice(events: list[Event]) -> Notice:
    (told,) = [event for event in events if isinstance(event, Notice)]
    return told


async def hang(follows: Follows) -> Came:
    follows.say("recording 3 of 12 runs\n")
    await asyncio.Event().wait()
    return Came(said="")


async def ended(beside: Beside) -> None:
    while beside.goes_on:
        await asyncio.sleep(0)


async def test_it_is_told_how_far_it_is_and_what_it_came_to() -> None:
    events: list[Event] = []
    beside = Beside(publish=events.append)

    async def train(follows: Follows) -> Came:
        follows.say("training, 20 of 40 steps\n")
        follows.mark(20, 1.5)
        return Came(said="policy 3: saves 0.7 s", version=3, more="`rl status` shows more.")

    beside.begin(TRAIN, train)
    await ended(beside)
    assert states(events) == ["running", "running", "running", "ended"]
    marked, last = [event for event in events if isinstance(event, TrainingChanged)][-2:]
    assert (marked.told, marked.point) == ("training, 20 of 40 steps", (20, 1.5))
    assert (last.told, last.version, last.error, last.point) == ("policy 3: saves 0.7 s", 3, None, None)
    assert notice(events).message == "The training is done: policy 3: saves 0.7 s"
    assert notice(events).hint == "`rl status` shows more."
    await beside.aclose()
    assert beside.farewell == ()


async def test_another_one_is_refused_until_it_has_ended() -> None:
    events: list[Event] = []
    beside = Beside(publish=events.append)
    beside.begin(TRAIN, hang)
    for _ in range(2):
        with pytest.raises(LearningFault, match="A training goes on already: rl train --steps 40") as refused:
            beside.check_free()
        assert "rl stop" in refused.value.hint
        await asyncio.sleep(0)
    assert beside.stop() and not beside.stop() and beside.is_stopping
    await ended(beside)
    assert not beside.is_stopping
    beside.check_free()
    assert states(events)[-2:] == ["stopping", "ended"]
    assert notice(events).message == "Training: The training was stopped"
    beside.begin(TRAIN, hang)
    await beside.aclose()


async def test_one_that_is_stopped_at_once_ends_too() -> None:
    events: list[Event] = []
    beside = Beside(publish=events.append)
    beside.begin(TRAIN, hang)
    assert beside.stop()
    await ended(beside)
    await asyncio.sleep(0)
    assert states(events) == ["running", "stopping", "ended"] and notice(events).level == "warning"
    assert not beside.stop()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (TrainingFault("It was killed", hint="Make room"), "Training: It was killed"),
        (ValueError("x"), "broke"),
    ],
    ids=["told", "a bug"],
)
async def test_what_fails_is_told(fault: Exception, said: str) -> None:
    events: list[Event] = []
    beside = Beside(publish=events.append)

    async def fail(_: Follows) -> Came:
        raise fault

    beside.begin(TRAIN, fail)
    await ended(beside)
    assert said in notice(events).message and notice(events).hint
    assert states(events)[-1] == "ended"


async def test_an_end_with_a_fault_tells_both() -> None:
    events: list[Event] = []
    beside = Beside(publish=events.append)

    async def half(_: Follows) -> Came:
        return Came(
            said="policy 3: saves 0.7 s",
            error=ErrorInfo("model", "nobody answers", "start it"),
            more="See more.",
        )

    beside.begin(TRAIN, half)
    await ended(beside)
    assert notice(events).message == "Training: policy 3: saves 0.7 s: nobody answers"
    assert notice(events).hint == "start it See more."


@pytest.mark.parametrize("command", [TRAIN, f"{TRAIN} --resume"])
async def test_it_ends_with_the_session_which_says_how_to_go_on(command: str) -> None:
    beside = Beside(publish=list[Event]().append)
    beside.begin(command, hang)
    await asyncio.sleep(0)
    await beside.aclose()
    assert not beside.goes_on
    assert beside.farewell == (f"The training was ended; `{TRAIN} --resume` goes on with it.",)
