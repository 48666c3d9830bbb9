from __future__ import annotations

import pytest

from agent_core.logs.events.priors import CAUSE, broken, changed
from agent_core.logs.events.wording import Wordings


def test_a_common_message_with_another_name_is_hardly_new() -> None:
    varied = "session of user zoe was opened by the gate"
    wordings = Wordings(
        {"session of user <*> was opened by the gate": 900, varied: 1, "gate lost its key": 1}
    )
    newness = wordings.newness()
    assert newness[varied] < 0.4 < 0.9 < newness["gate lost its key"]
    assert wordings.newness_of("session of user tim was opened by the gate") < 0.4


def test_common_words_in_a_new_order_are_new() -> None:
    wordings = Wordings({"connection of worker closed": 500, "process was started": 500, "code is 5": 500})
    assert wordings.newness_of("worker process closed with code <*>") > 0.8
    assert Wordings({}).newness_of("worker process closed") == 1.0


def test_its_own_records_make_a_message_no_less_new() -> None:
    assert Wordings({"boiler burst": 40}).newness() == {"boiler burst": 1.0}
    assert Wordings({}).newness() == {}


@pytest.mark.parametrize(
    "text",
    [
        "write failed: no space left on device",
        "replica is out of sync",
        "peer refused the handshake",
        "filesystem is now read only",
        "worker killed by the supervisor",
        "index file corrupted at block 7",
    ],
)
def test_words_that_name_a_cause(text: str) -> None:
    assert broken(text) >= CAUSE


def test_general_words_of_a_fault_say_less() -> None:
    assert 0 < broken("could not save the picture") < CAUSE
    assert broken("picture saved") == 0


@pytest.mark.parametrize(
    "text",
    [
        "workers changed from 64 to 2 by the night shift",
        "node b became leader",
        "helper exited with status 3",
        "gc pause of 61000 ms",
        "replicas 0 (was 12)",
        "backlog grew to 90000 from 12",
        "export skipped, the one before is still active",
    ],
)
def test_what_tells_of_a_change(text: str) -> None:
    assert changed(text) >= 0.35


@pytest.mark.parametrize(
    "text", ["GET /items 200 in 31 ms", "page 3 of 4 drawn", "exit code 0", "from 5 to 6 boxes"]
)
def test_what_tells_of_none(text: str) -> None:
    assert changed(text) == 0
