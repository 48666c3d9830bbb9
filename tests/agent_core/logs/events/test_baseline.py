from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent_core.config import Settings
from agent_core.files import NotRegularError
from agent_core.logs.api import Digest
from agent_core.logs.columns import Level
from agent_core.logs.events.baseline import GENERATIONS, Baseline, Generation, generation_of
from agent_core.logs.events.digest import generation_seen
from agent_core.masking import log_masker
from agent_core.migrations import NewerState
from tests.agent_core.logs.events.made import Counted, Line, steady

WEAK = Line(150_000, "relay", Level.WARN, "relay answers slowly, asking the other one")
BURST = Line(150_000, "pump", Level.WARN, "pump runs hot")


def digest_as(generation: str, baseline: Baseline, *events: Line) -> Digest:
    """A session: digest the source against what is known, then remember it."""
    lines = steady(3000)
    counted = Counted().add([*lines[:1500], *events, *lines[1500:]])
    part = counted.part(known=baseline.known(generation))
    digest = counted.digest(known=baseline.known(generation))
    baseline.learn(generation_seen(generation, part))
    return digest


def test_the_same_file_digested_twice_tells_the_same(tmp_path: Path) -> None:
    first = digest_as("one", Baseline(tmp_path / "seen"), WEAK)
    again = digest_as("one", Baseline(tmp_path / "seen"), WEAK)
    assert again == first
    assert not any("new" in reason for event in again.events for reason in event.why)


def test_what_other_generations_had_is_not_new_and_counts_less(tmp_path: Path) -> None:
    path = tmp_path / "seen"
    digest_as("one", Baseline(path), WEAK)
    digest = digest_as("two", Baseline(path), WEAK, BURST._replace(at=152_000))
    by = {event.component: event for event in digest.events}
    assert by["pump"].kind == "new"
    assert "new since last time" in by["pump"].why
    assert "new since last time" not in by["relay"].why
    assert digest.events[0].component == "pump"


def test_a_steady_error_that_rises_over_its_usual_share_is_told(tmp_path: Path) -> None:
    path = tmp_path / "seen"
    few = [BURST._replace(at=100_000 * n) for n in range(3)]
    digest_as("one", Baseline(path), *few)
    many = [BURST._replace(at=1000 * n) for n in range(150)]
    digest = digest_as("two", Baseline(path), *many)
    event = next(event for event in digest.events if event.component == "pump")
    assert event.kind == "burst"
    assert any(reason.startswith("rate ") for reason in event.why)


def test_older_generations_are_added_up(tmp_path: Path) -> None:
    path = tmp_path / "seen"
    for number in range(GENERATIONS + 5):
        Baseline(path).learn(Generation(f"g{number}", 100, {f"said {number}": 1, "always": 9}, {}))
    known = Baseline(path).known("g99")
    assert known.lacks("said 0") is False
    assert known.share("always") == pytest.approx(0.09)
    own = Baseline(path).known(f"g{GENERATIONS + 4}")
    assert own.share(f"said {GENERATIONS + 4}") == 0


def test_a_generation_has_a_past_once_it_is_set_apart(tmp_path: Path) -> None:
    path = tmp_path / "seen"
    Baseline(path).set_apart("one")
    Baseline(path).learn(Generation("one", 10, {"always": 9, "once": 1}, {"mark": 1}))
    assert Baseline(path).known("one").empty
    Baseline(path).set_apart("one")
    Baseline(path).learn(Generation("one", 20, {"always": 18, "once": 1, "unheard of": 1}, {}))
    known = Baseline(path).known("one")
    assert (known.lacks("once"), known.lacks("unheard of")) == (None, True)
    assert (known.lacks_trace("one"), Baseline(path).known("two").lacks("once")) == (True, False)
    assert Baseline(path).known("two").share("always") == pytest.approx(0.9), "a past is not counted twice"


def test_what_an_earlier_session_told_of_a_log_is_told_again_but_not_as_new(tmp_path: Path) -> None:
    path = tmp_path / "seen"
    first = {event.component: event for event in digest_as("one", Baseline(path), WEAK).events}
    Baseline(path).set_apart("one")
    digest = digest_as("one", Baseline(path), WEAK, BURST._replace(at=152_000))
    by = {event.component: event for event in digest.events}
    assert by["pump"].kind == "new" and "new since last time" in by["pump"].why
    assert by["relay"].kind == first["relay"].kind
    assert by["relay"].score == pytest.approx(first["relay"].score, rel=0.01)


def test_a_broken_file_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "seen"
    path.write_bytes(b"\x00garbage")
    baseline = Baseline(path)
    assert baseline.known("one").empty
    baseline.learn(Generation("one", 5, {"a": 5}, {}))
    assert not Baseline(path).known("two").empty


def test_a_generation_is_known_by_its_first_line_and_its_place(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("started\n")
    name = generation_of(log)
    with log.open("a") as file:
        file.write("went on\n" * 1000)
    assert generation_of(log) == name
    log.rename(tmp_path / "app.log.1")
    log.write_text("started again\n")
    assert generation_of(log) != name
    assert generation_of(tmp_path / "app.log.1") == name


def test_only_a_regular_file_is_a_generation(tmp_path: Path) -> None:
    with pytest.raises(NotRegularError):
        generation_of(tmp_path)


def test_secrets_are_kept_masked_and_known_all_the_same(tmp_path: Path) -> None:
    path, mask = tmp_path / "seen", log_masker(Settings())
    secret = "login with password=opensesame failed"
    Baseline(path, mask=mask).learn(
        Generation("one", 10, {secret: 4, "login with password=letmein failed": 2})
    )
    assert b"sesame" not in path.read_bytes()
    known = Baseline(path, mask=mask).known("two")
    assert (known.lacks(secret), known.share(secret)) == (False, pytest.approx(0.6))


def test_what_an_old_version_kept_is_masked(tmp_path: Path) -> None:
    path, mask = tmp_path / "seen", log_masker(Settings())
    old = Generation("one", 10, {"login with password=opensesame failed": 4})
    path.write_bytes(msgspec.msgpack.encode({"version": 1, "generations": [old], "older": Generation("")}))
    assert Baseline(path, mask=mask).known("two").share("login with password=opensesame failed") == 0.4
    Baseline(path, mask=mask).learn(Generation("two", 1, {}))
    assert b"sesame" not in path.read_bytes()
    assert Baseline(path, mask=mask).known("two").share("login with password=opensesame failed") == 0.4


def test_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "seen"
    path.write_bytes(content := msgspec.msgpack.encode({"version": 99}))
    assert Baseline(path).known("one").empty
    with pytest.raises(NewerState):
        Baseline(path).learn(Generation("one", 1, {}))
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [content]
