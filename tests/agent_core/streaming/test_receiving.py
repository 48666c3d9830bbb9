"""Records as messages of ours; whatever was sent, nothing is raised."""

from __future__ import annotations

from collections import namedtuple
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from agent_core.streaming.messages import Task, encode
from agent_core.streaming.receiving import Receiving, Repeats
from agent_core.text import cells, printable

Part = namedtuple("Part", "topic partition")


def records(*values: bytes | None) -> dict[Part, list[SimpleNamespace]]:
    part = Part("t", 0)
    return {
        part: [
            SimpleNamespace(topic="t", partition=0, offset=10 + number, timestamp=1500, value=value)
            for number, value in enumerate(values)
        ]
    }


def test_known_ones_are_received_and_others_skipped_in_their_place() -> None:
    receiving = Receiving()
    good = encode(Task(id="1", at=1.0, text="do"))
    batch = receiving.batch(records(good, b"nonsense \x1b[31m", b'{"schema": "agent.task/9"}', good, None))
    assert [(each.offset, each.repeated, each.time) for each in batch.received] == [
        (10, False, 1.5),
        (13, True, 1.5),
    ]
    assert [(each.offset, each.why.why) for each in batch.skipped] == [
        (11, "broken"),
        (12, "unknown"),
        (14, "broken"),
    ]
    assert {each.time for each in batch.skipped} == {1.5}
    assert "\x1b" not in batch.skipped[0].value and "nonsense" in batch.skipped[0].value
    assert batch.end == {("t", 0): 15}
    counts = receiving.received, receiving.repeated, receiving.unknown, receiving.broken
    assert counts == (2, 1, 1, 2)


def test_what_is_shown_of_them_has_no_secrets_also_where_it_is_cut() -> None:
    for before in (10, 180, 190):
        value = b'{"schema": "agent.task/9", "text": "' + b"x" * before + b' password=\\"hunter2xyz\\""}'
        (skipped,) = Receiving().batch(records(value)).skipped
        assert "hunt" not in skipped.value


@given(st.lists(st.one_of(st.none(), st.binary(max_size=200)), min_size=1, max_size=5))
def test_whatever_was_sent(values: list[bytes | None]) -> None:
    receiving = Receiving()
    batch = receiving.batch(records(*values))
    assert len(batch.received) + len(batch.skipped) == len(values)
    for each in batch.skipped:
        assert printable(each.value) == each.value and "\n" not in each.value and cells(each.value) <= 200


@given(st.lists(st.sampled_from("abcdef")), st.integers(1, 4))
def test_the_last_ids_are_known(ids: list[str], most: int) -> None:
    repeats = Repeats(most)
    order: list[str] = []
    for each in ids:
        assert repeats.seen(each) == (each in order[-most:])
        if each not in order[-most:]:
            order.append(each)
