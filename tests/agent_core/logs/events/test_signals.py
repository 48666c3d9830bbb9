"""What stands out without a word of an error: bursts, silences, values that never were, numbers."""

from __future__ import annotations

import pytest

from agent_core.logs.columns import Level
from agent_core.logs.events.proportions import out_of_proportion
from tests.agent_core.logs.events.made import Counted, Line, steady
from tests.agent_core.logs.events.test_digest import at, with_events


def test_a_harmless_burst_is_told_once_and_where_it_begins() -> None:
    few = [Line(20_000 * n, "shop", Level.INFO, f"cart {n} restored from backup") for n in range(15)]
    many = [Line(at(20 * n), "shop", Level.INFO, f"cart {n} restored from backup") for n in range(300)]
    lines = sorted([*steady(3000), *few, *many], key=lambda one: one.at or 0)
    event = next(event for event in Counted().add(lines).digest().events if "restored" in event.text)
    begins = lines.index(many[0]) + 1
    assert (event.kind, event.count, begins in event.others) == ("burst", 315, True)
    assert any(f"from line {begins:,}" in reason for reason in event.why)


def test_a_burst_of_a_message_that_names_somebody_is_one() -> None:
    names = [
        f"{a}{b}" for a in ("an", "ber", "cor", "dim", "el", "fra") for b in ("na", "ko", "dia", "tri", "ma")
    ]
    few = [Line(3000 * n, "mail", Level.INFO, f"letter sent to {names[n % 30]}") for n in range(90)]
    many = [Line(at(20 * n), "mail", Level.INFO, f"letter sent to {names[n % 30]}") for n in range(300)]
    lines = sorted([*steady(3000), *few, *many], key=lambda one: one.at or 0)
    event = next(event for event in Counted().add(lines).digest().events if "letter" in event.text)
    assert (event.kind, event.count) == ("burst", 390)


@pytest.mark.parametrize(
    "text",
    [
        "visitors of the new basket: 100 percent, was 1 percent",
        "working set 61.2Gi of 62.0Gi",
        "loss of this round: nan",
        "listing came back empty",
        "new basket turned on",
    ],
)
def test_a_harmless_looking_line_that_tells_of_a_change_is_found(text: str) -> None:
    assert with_events(Line(at(), "web", Level.INFO, text)).digest().events[0].text == text


@pytest.mark.parametrize(
    "text",
    ["wrote 8 of 8 files", "used 1.2 GB of 8 GB", "nantes is far", "retry 3, was here before 12 o'clock"],
)
def test_numbers_in_proportion_are_none(text: str) -> None:
    assert not out_of_proportion(text)


def test_harmless_bursts_that_recur_are_no_news() -> None:
    batches = [
        Line(60_000 + 400_000 * k + 20 * n, "shop", Level.INFO, f"row {n} imported") for k in range(6)
        for n in range(300)
    ]  # fmt: skip
    lines = sorted([*steady(3000, every=1000), *batches], key=lambda one: one.at or 0)
    assert not any("imported" in event.text for event in Counted().add(lines).digest().events)


def test_what_came_and_went_again_is_told() -> None:
    loop = [Line(at(1300 * n), "shop", Level.INFO, f"asking once more, {n} times now") for n in range(1, 30)]
    lines = sorted([*steady(30_000), *loop], key=lambda one: one.at or 0)
    event = next(event for event in Counted().add(lines).digest().events if "once more" in event.text)
    assert (event.kind, event.count) == ("burst", 29)


def beating(*silent: range, until: int = 400) -> list[Line]:
    """Steady traffic with a regular message but for some times."""
    beats = [
        Line(10_000 * n, "pulse", Level.INFO, f"beat {n} of the heart")
        for n in range(until)
        if not any(n in gap for gap in silent)
    ]
    return sorted([*steady(40_000), *beats], key=lambda one: one.at or 0)


def test_a_regular_message_that_stayed_away_is_told() -> None:
    lines = beating(range(150, 170))
    event = next(event for event in Counted().add(lines).digest().events if event.component == "pulse")
    assert event.why == ("silent for 3 min 30 s, else every 10 s",)
    before, behind = event.first, event.others[0]
    assert [lines[number - 1].text[:8] for number in (before, behind)] == ["beat 149", "beat 170"]


def test_a_regular_message_that_ended_is_told() -> None:
    event = next(
        event for event in Counted().add(beating(until=300)).digest().events if event.component == "pulse"
    )
    assert event.why == ("silent for 16 min 50 s, else every 10 s",)


def test_a_regular_message_without_a_gap_or_in_a_silent_log_is_not_told() -> None:
    for lines in (beating(), [one for one in beating() if not 1_500_000 < (one.at or 0) < 1_900_000]):
        assert not any(event.component == "pulse" for event in Counted().add(lines).digest().events)


def test_a_state_that_never_was_is_told() -> None:
    states = ("ready", "busy", "idle")
    usual = [Line(50 * n, "node", Level.INFO, f"worker state {states[n % 3]}") for n in range(600)]
    event = with_events(*usual, Line(at(), "node", Level.INFO, "worker state quarantined")).digest().events[0]
    assert event.text == "worker state quarantined"
    assert any(reason.startswith("mostly ") and "idle" in reason for reason in event.why)


def test_messages_that_differ_in_a_word_are_told_together() -> None:
    towns = ("Ghent", "Oslo", "Turin", "Malmo")
    lines = [
        Line(at(30_000 * n), "geo", Level.ERROR, f"no road leads from here to {town}")
        for n, town in enumerate(towns)
    ]
    events = [event for event in with_events(*lines).digest().events if event.component == "geo"]
    assert [(event.count, event.text.count("\n")) for event in events] == [(4, 3)]
