"""Which topics are meant."""

from __future__ import annotations

import pytest

from agent_core.errors import NoTopic, UsageError
from agent_core.streaming.patterns import Topics

THERE = ["__consumer_offsets", "agent.tasks", "logs.raw.app", "logs.raw.web"]


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ([], THERE[1:]),
        (["logs.raw.*"], THERE[2:]),
        (["agent.tasks", "*.web"], ["agent.tasks", "logs.raw.web"]),
        (["*"], THERE[1:]),
        (["__*"], THERE[:1]),
        (["__consumer_offsets"], THERE[:1]),
        (["logs.raw.[aw]??"], THERE[2:]),
        (["logsxraw*"], []),
    ],
)
def test_found(named: list[str], found: list[str]) -> None:
    assert Topics(named).of(reversed(THERE)) == found


def test_one_that_is_named_and_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(NoTopic) as caught:
        Topics(["logs.*", "agent.task"]).of(THERE)
    assert "agent.task" in caught.value.message
    assert "agent.tasks" in caught.value.hint
    assert "__consumer" not in caught.value.hint


@pytest.mark.parametrize("named", ["", "a b", "a/b", "ü", "x" * 250, "\x1b[31m"])
def test_what_can_be_no_topic(named: str) -> None:
    with pytest.raises(UsageError):
        Topics([named])
