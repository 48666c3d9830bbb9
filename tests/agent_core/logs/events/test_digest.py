from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.logs.api import CodePlace
from agent_core.logs.columns import Level
from agent_core.logs.events.digest import Showing, digest_of
from agent_core.logs.events.showing import LINES, WIDTH
from agent_core.masking import mask_secrets
from tests.agent_core.logs.events.made import NINE, Counted, Line, steady

TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/srv/shop/pay.py", line {}, in pay\n'
    "    go(card)\n"
    '  File "/srv/shop/bank.py", line 9, in go\n'
    "    raise Refused(card)\n"
    "shop.bank.Refused: card {} is blocked"
)


def with_events(*events: Line, count: int = 3000) -> Counted:
    """Steady traffic with events in its midst."""
    lines = steady(count)
    middle = count // 2
    return Counted().add([*lines[:middle], *events]).add(lines[middle:])


def at(ms: int = 0) -> int:
    return 150_000 + ms


def test_the_one_error_among_thousands_of_lines_comes_first() -> None:
    digest = with_events(Line(at(), "disk", Level.ERROR, "volume /data7 went read-only")).digest()
    event = digest.events[0]
    assert (event.kind, event.text, event.component, event.level) == (
        "error", "volume /data7 went read-only", "disk", "error",
    )  # fmt: skip
    assert (event.first, event.last, event.count) == (1501, 1501, 1)
    assert event.began == event.ended == NINE / 1000 + 150
    assert any("1 of 3,001 records" in reason for reason in event.why)


def test_a_quiet_change_of_state_is_found_without_any_word_of_an_error() -> None:
    digest = with_events(
        Line(at(), "flags", Level.INFO, "limit of open carts changed from 900 to 3")
    ).digest()
    assert digest.events[0].text == "limit of open carts changed from 900 to 3"
    assert digest.events[0].kind == "rare"


def test_steady_errors_are_folded_to_a_count() -> None:
    digest = with_events().digest()
    assert [(one.count, one.level) for one in digest.chronic] == [(60, "error")]
    assert digest.chronic[0].template.startswith("delivery of message")
    assert not any("greylisted" in event.text for event in digest.events)


def test_equal_traces_are_one_event_with_a_count() -> None:
    traces = [Line(at(9000 * n), "web", Level.ERROR, TRACE.format(n + 4, 100 + n)) for n in range(3)]
    digest = with_events(*traces).digest()
    event = digest.events[0]
    assert (event.kind, event.count, event.first, event.last) == ("trace", 3, 1501, 1506)
    assert event.others == (1507, 1513)
    assert "shop.bank.Refused: card 100 is blocked" in event.text
    assert event.why[0] == "stack trace"
    assert sum("Refused" in other.text for other in digest.events) == 1


def test_the_places_of_a_trace_are_those_found_for_it() -> None:
    place = CodePlace("pay.py", 4, "pay")
    showing = Showing(places=lambda text: (place,) if "/srv/shop/pay.py" in text else ())
    digest = with_events(Line(at(), "web", Level.ERROR, TRACE.format(4, 1))).digest(showing=showing)
    assert digest.events[0].places == (place,)


def test_lines_of_one_component_at_one_moment_are_one_event() -> None:
    digest = with_events(
        Line(at(0), "bank", Level.ERROR, "breaker for the card network opened"),
        Line(at(20), "bank", Level.ERROR, "failing fast"),
        Line(at(40), "bank", Level.ERROR, "failing fast"),
        Line(at(60), "bank", Level.WARN, "breaker half-open"),
    ).digest()
    event = digest.events[0]
    assert event.text.split("\n") == [
        "breaker for the card network opened", "failing fast", "breaker half-open",
    ]  # fmt: skip
    assert (event.kind, event.count, event.first, event.others) == ("error", 3, 1501, (1502, 1503, 1504))
    assert [other for other in digest.events[1:] if other.component == "bank"] == []


def served(*seconds: int) -> list[Line]:
    return [Line(1000 * n, "web", Level.INFO, f"served {n + 1}") for n in seconds]


@pytest.mark.parametrize("before", [0, 2, 10])
@pytest.mark.parametrize("after", [0, 10])
@pytest.mark.parametrize("text", ["boom: the database is gone", TRACE.format(4, 1)], ids=["error", "trace"])
def test_an_error_among_ordinary_lines_of_its_component_is_told_alone(
    before: int, after: int, text: str
) -> None:
    error = Line(1000 * before, "web", Level.ERROR, text)
    lines = [*served(*range(before)), error, *served(*range(before + 1, before + 1 + after))]
    event = Counted().add(lines).digest().events[0]
    assert text.split("\n")[-1] in event.text and "served" not in event.text
    assert (event.level, event.first, event.count, event.others) == ("error", before + 1, 1, ())
    assert event.kind == ("trace" if "\n" in text else "error")


def test_what_led_to_an_error_is_told_by_itself_and_what_came_with_it_below() -> None:
    digest = with_events(
        Line(at(0), "bank", Level.INFO, "limit of open carts changed from 900 to 3"),
        Line(at(20), "bank", Level.WARN, "queue of transfers is nearly full"),
        Line(at(40), "bank", Level.ERROR, "transfers are refused"),
        Line(at(60), "bank", Level.INFO, "operator was called"),
        Line(at(80), "bank", Level.ERROR, "ledger is locked"),
    ).digest()
    told = {event.text: event for event in digest.events if event.component == "bank"}
    assert set(told) == {
        "limit of open carts changed from 900 to 3",
        "queue of transfers is nearly full",
        "transfers are refused\noperator was called\nledger is locked",
    }
    error = digest.events[0]
    assert (error.template, error.level, error.count) == ("transfers are refused", "error", 2)
    assert (error.first, error.others) == (1503, (1504, 1505))


GRAVITIES = {Level.INFO: 0, Level.WARN: 1, Level.ERROR: 2}
BY_NAME = {level.name.lower(): gravity for level, gravity in GRAVITIES.items()}


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(GRAVITIES)), st.integers(0, 9), st.integers(0, 4000)), max_size=12
    )
)
def test_an_event_begins_with_the_first_of_its_gravest_and_counts_those(
    made: list[tuple[Level, int, int]],
) -> None:
    words = ("lamp", "stove", "table", "chair", "clock", "radio", "couch", "shelf", "spoon", "plate")
    now, lines = 0, list[Line]()
    for level, word, pause in made:
        now += pause
        lines.append(Line(now, "web", level, f"{words[word]} {words[word][::-1]} is {words[word - 1]}"))
    for event in Counted().add(lines).digest(limit=100).events:
        gravities = {number: GRAVITIES[lines[number - 1].level] for number in (event.first, *event.others)}
        top = BY_NAME[event.level]
        assert gravities[event.first] == top == max(gravities.values())
        assert event.first == min(number for number, gravity in gravities.items() if gravity == top)
        assert event.text.split("\n")[0] == lines[event.first - 1].text
        assert event.count == sum(gravity == top for gravity in gravities.values())


def test_many_in_a_short_time_against_their_own_rate_are_a_burst() -> None:
    lines = [Line(at(30 * n), "db", Level.WARN, f"slow query {n} took 900 ms") for n in range(120)]
    rare = [Line(60_000 * n, "db", Level.WARN, f"slow query {n} took 901 ms") for n in range(5)]
    counted = Counted().add([*steady(1500), *lines]).add([*steady(1500, start=150_000), *rare])
    event = next(event for event in counted.digest().events if "slow query" in event.text)
    assert event.kind == "burst"
    assert event.count == 125
    assert any("its usual" in reason for reason in event.why)


def test_the_first_error_of_a_chain_is_told_before_its_consequences() -> None:
    digest = with_events(
        Line(at(0), "db", Level.ERROR, "primary vanished from the cluster"),
        Line(at(300), "cart", Level.ERROR, "basket cannot be stored"),
        Line(at(500), "mail", Level.ERROR, "letter cannot be queued"),
        Line(at(900), "web", Level.ERROR, "page of offers cannot be drawn"),
    ).digest()
    assert digest.events[0].text == "primary vanished from the cluster"
    assert digest.events[0].why[0] == "first of 4 errors within 0.9 s"


def test_a_message_whose_level_rose_is_told() -> None:
    lines = steady(3000)
    harmless = [Line(100 * n, "sync", Level.INFO, f"copied part {n}") for n in range(200)]
    grave = Line(at(), "sync", Level.ERROR, "copied part 77")
    digest = Counted().add([*lines[:1500], *harmless, grave, *lines[1500:]]).digest()
    event = next(event for event in digest.events if event.component == "sync")
    assert (event.kind, event.first) == ("raised", 1701)


def test_time_outs_of_the_model_client_are_dropped_and_counted_others_kept() -> None:
    digest = with_events(
        Line(
            at(0),
            "litellm",
            Level.ERROR,
            "litellm.Timeout: Timeout Error: OpenAIException - Request timed out.",
        ),
        Line(at(9000), "", Level.ERROR, "openai.APITimeoutError: Request timed out."),
        Line(at(19000), "httpx", Level.WARN, "POST to model server: read timed out after 600.0 seconds"),
        Line(at(29000), "cart", Level.ERROR, "request to the stock service timed out after 20 s"),
    ).digest()
    assert digest.dropped == 3
    shown = [event.text for event in digest.events]
    assert "request to the stock service timed out after 20 s" in shown
    assert not any("penai" in text or "model server" in text for text in shown)


def test_the_limit_and_the_budget_are_kept_and_what_is_left_out_is_told() -> None:
    events = [
        Line(at(20_000 * n), f"part-{n}", Level.ERROR, f"{word} is broken beyond repair")
        for n, word in enumerate(("lamp", "stove", "table", "chair", "clock", "radio"))
    ]
    counted = with_events(*events)
    whole = counted.digest()
    few = counted.digest(limit=4)
    assert few.events == whole.events[:4]
    assert few.left_out == whole.left_out + len(whole.events) - 4
    budget = sum(len(event.text) for event in whole.events[:2])
    tight = counted.digest(tokens=budget, showing=Showing(tokens=len))
    assert tight.events == whole.events[:2]
    assert tight.left_out == len(whole.events) - 2


def test_secrets_are_hidden_and_hostile_text_is_literal() -> None:
    hostile = "\x1b[2Jtoken=ghp_0123456789abcdefghij0123 [red]gone[/red]\u202e is corrupt"
    digest = with_events(Line(at(), "gate", Level.ERROR, hostile)).digest(showing=Showing(mask=mask_secrets))
    text = digest.events[0].text
    assert "ghp_" not in text
    assert "\x1b" not in text and "\u202e" not in text
    assert "[red]gone[/red]" in text


def test_texts_are_bounded_and_keep_both_ends() -> None:
    long = "disk is corrupt: " + "x" * 5000 + " sector 77"
    many = "\n".join(["dump of the corrupt table", *(f"  row {n} {'y' * 300}" for n in range(900))])
    digest = with_events(
        Line(at(0), "a", Level.ERROR, long), Line(at(60_000), "b", Level.ERROR, many)
    ).digest()
    by = {event.component: event for event in digest.events}
    assert by["a"].text.startswith("disk is corrupt") and by["a"].text.endswith("sector 77")
    assert by["b"].text.startswith("dump of the corrupt table")
    for event in digest.events:
        lines = event.text.split("\n")
        assert len(lines) <= LINES
        assert max(map(len, lines)) <= WIDTH


def test_an_event_keeps_its_id_while_the_log_grows() -> None:
    counted = with_events(Line(at(), "disk", Level.ERROR, "volume /data7 went read-only"))
    before = counted.digest().events[0].id
    counted.add(steady(500, start=400_000))
    counted.add([Line(460_000, "disk", Level.ERROR, "volume /data9 went read-only")])
    event = counted.digest().events[0]
    assert (event.id, event.count) == (before, 2)


def test_what_ended_before_is_left_out() -> None:
    counted = with_events(
        Line(at(0), "disk", Level.ERROR, "volume went read-only"),
        Line(at(60_000), "fan", Level.ERROR, "fan stands still"),
    )
    digest = digest_of([counted.part()], since=NINE / 1000 + 180)
    assert [event.text for event in digest.events if event.level == "error"] == ["fan stands still"]


def test_several_sources_are_ranked_together() -> None:
    one = with_events(Line(at(), "disk", Level.INFO, "disk is 3 years old"))
    two = with_events(Line(at(), "disk", Level.FATAL, "disk is corrupt"))
    digest = digest_of([one.part("one.log"), two.part("two.log")])
    assert (digest.events[0].source, digest.events[0].text) == ("two.log", "disk is corrupt")
    assert [facts.name for facts in digest.sources] == ["one.log", "two.log"]
    assert sum(bar.lines for bar in digest.bars) == 6002


def test_the_same_in_several_sources_is_told_once() -> None:
    trace = Line(at(), "web", Level.ERROR, TRACE.format(4, 1))
    counted = [with_events(trace) for _ in range(3)]
    digest = digest_of([one.part(f"worker-{number}.log") for number, one in enumerate(counted)])
    event = digest.events[0]
    assert (event.kind, event.count, event.source) == ("trace", 3, "worker-0.log")
    assert "also in worker-1.log and 1 more" in event.why
    assert not any(other.kind == "trace" for other in digest.events[1:])


def test_bars_count_every_record_over_the_time() -> None:
    digest = with_events(Line(at(), "disk", Level.WARN, "volume is nearly full")).digest()
    assert 20 <= len(digest.bars) <= 64
    assert sum(bar.lines for bar in digest.bars) == 3001
    assert sum(bar.errors for bar in digest.bars) == 60
    assert sum(bar.warnings for bar in digest.bars) == 1
    assert digest.bars[0].began <= NINE / 1000 < digest.bars[1].began


def test_a_log_without_times_has_events_without_times() -> None:
    lines = [line._replace(at=None) for line in steady(2000)]
    digest = Counted().add([*lines, Line(None, "disk", Level.ERROR, "volume is corrupt")]).digest()
    event = digest.events[0]
    assert (event.text, event.began, event.ended) == ("volume is corrupt", None, None)
    assert digest.bars == ()


def test_an_empty_log_has_nothing_to_tell() -> None:
    digest = Counted().digest()
    assert (digest.events, digest.chronic, digest.bars, digest.left_out) == ((), (), (), 0)


def test_ordinary_lines_alone_have_nothing_to_tell() -> None:
    harmless = [line for line in steady(5000) if line.level < Level.WARN]
    assert Counted().add(harmless).digest().events == ()


@pytest.mark.parametrize("others", [0, 60, 2000])
def test_a_lone_error_is_an_event_however_familiar_its_words(others: int) -> None:
    lines = [Line(100 * n, "db", Level.INFO, f"request {n} to the database done") for n in range(others)]
    lone = Line(100 * others, "db", Level.ERROR, "request 17 to the database failed")
    digest = Counted().add([*lines, lone]).digest()
    assert (digest.events[0].text, digest.events[0].kind) == (lone.text, "error")


@pytest.mark.parametrize("last", ["gave up: connection to db refused", "connection to db refused for good"])
def test_an_error_that_repeats_words_of_a_chronic_one_is_an_event(last: str) -> None:
    chronic = [Line(1000 * n, "web", Level.ERROR, "connection to db refused") for n in range(350)]
    digest = Counted().add([*chronic, Line(360_000, "web", Level.ERROR, last)]).digest()
    assert [event.text for event in digest.events] == [last]
    assert [noise.count for noise in digest.chronic] == [350]


@pytest.mark.parametrize("text", ["", "  \t ", "\0\0\0"])
def test_what_has_no_text_is_no_event(text: str) -> None:
    assert Counted().add([Line(0, "", Level.UNKNOWN, text)]).digest().events == ()
    events = Counted().add([*steady(60), Line(6000, "", Level.ERROR, text)]).digest().events
    assert all(event.text for event in events)
