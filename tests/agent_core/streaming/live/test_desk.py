"""What is kept of a stream of messages, and which of it shows in a window."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.config import Settings
from agent_core.errors import ErrorInfo, UsageError
from agent_core.masking import log_masker
from agent_core.streaming.live.desk import Desk
from agent_core.streaming.live.port import place_of
from agent_core.streaming.live.raw import MOST_VALUE, Entry, Note
from agent_core.streaming.live.repeats import Repeats
from agent_core.streaming.live.ring import Ring
from agent_core.streaming.live.values import Page, Place
from agent_core.streaming.live.window import Window
from agent_core.streaming.messages import Task, encode
from agent_core.streaming.values import BusNotice
from tests.agent_core.streaming.live.made import MOMENT, NOW, raw

MASK = log_masker(Settings())


def desk_of(count: int = 0, *, most: int = 1000, most_bytes: int = 1 << 30, height: int = 5) -> Desk:
    """With so many messages, each of which says its number from 0."""
    desk = Desk(mask=MASK, most=most, most_bytes=most_bytes, clock=lambda: 1.0)
    desk.size(height, 200, False)
    add(desk, range(count))
    return desk


def add(desk: Desk, numbers: Iterable[int]) -> None:
    desk.take([raw(f"m{number}".encode(), offset=number) for number in numbers])


def texts(page: Page) -> list[str]:
    return [row.text for row in page.rows]


# What is shown


@pytest.mark.parametrize("depth", [90, 500, 900, 5000])
def test_however_deep_a_message_is_nested_it_shows_without_its_secrets(depth: int) -> None:
    desk = desk_of()
    desk.size(5, 200, True)
    secret = b'{"password": "hunter22x9", "a": '
    desk.take([raw(secret + b'[{"a":' * (depth // 2) + b"1" + b"}]" * (depth // 2) + b"}")])
    page = desk.page()
    assert page.detail is not None
    shown = "\n".join((page.rows[0].text, *page.detail.lines, desk.copied(whole=True)))
    assert "hunter22x9" not in shown and '"password"' in shown


# The ring


@given(st.lists(st.integers(0, 400)), st.integers(1, 20), st.integers(1, 5000))
def test_a_ring_keeps_the_last_within_both_bounds(sizes: list[int], most: int, most_bytes: int) -> None:
    ring = Ring(most=most, most_bytes=most_bytes)
    entries = [Entry(3 * n + 1, raw(b"x" * size)) for n, size in enumerate(sizes)]
    for entry in entries:
        ring.append(entry)
    kept = ring.between(0, len(ring))
    assert kept == entries[len(entries) - len(kept) :]
    assert ring.dropped + len(kept) == len(entries)
    assert ring.bytes == sum(entry.weight for entry in kept)
    assert len(kept) <= most and (len(kept) <= 1 or ring.bytes <= most_bytes)
    assert (
        len(kept) == min(len(entries), 1)
        or len(kept) == len(entries)
        or (len(kept) == most or ring.bytes + entries[-len(kept) - 1].weight > most_bytes)
    )
    for number in range(3 * len(entries) + 3):
        place = ring.at_or_after(number)
        assert all(entry.number < number for entry in kept[:place])
        assert all(entry.number >= number for entry in kept[place:])


@given(
    st.integers(0, 60),
    st.lists(
        st.one_of(
            st.tuples(st.just("move"), st.integers(-15, 15)),
            st.tuples(st.just("edge"), st.booleans()),
            st.tuples(st.just("put"), st.integers(0, 80)),
            st.tuples(st.just("size"), st.integers(1, 12)),
            st.tuples(st.just("follow"), st.booleans()),
            st.tuples(st.just("add"), st.integers(1, 9)),
        )
    ),
)
def test_the_cursor_is_always_in_the_window(count: int, steps: list[tuple[str, int]]) -> None:
    ring, window, number = Ring(most=30), Window(), 0
    for _ in range(count):
        number += 1
        ring.append(Entry(number, raw(b"x")))
    for what, amount in steps:
        if what == "move":
            window.move(ring, amount, live=True)
        elif what == "edge":
            window.edge(ring, last=bool(amount))
        elif what == "put":
            window.put(ring, amount)
        elif what == "size":
            window.size(ring, amount)
        elif what == "follow":
            window.follow(ring, bool(amount))
        else:
            for _ in range(amount):
                number += 1
                ring.append(Entry(number, raw(b"x")))
        top, rows = window.shown(ring)
        current = window.current(ring)
        assert (current is None) == (len(ring) == 0)
        assert len(ring) - top - len(rows) == window.below(ring)
        if window.follows and rows:
            assert rows[-1] is current and window.below(ring) == 0
        elif what not in ("add", "size"):
            assert current is None or current in rows


# Following and pausing


def test_it_follows_what_comes() -> None:
    desk = desk_of(20)
    page = desk.page()
    assert texts(page) == ["m15", "m16", "m17", "m18", "m19"]
    assert (page.cursor, page.follows, page.above, page.below, page.read) == (4, True, 15, 0, 20)
    add(desk, [20])
    assert texts(desk.page())[-1] == "m20"


def test_what_is_read_stays_while_others_come() -> None:
    desk = desk_of(20)
    desk.follow(False)
    add(desk, range(20, 50))
    page = desk.page()
    assert texts(page) == ["m15", "m16", "m17", "m18", "m19"]
    assert (page.follows, page.below, page.read) == (False, 30, 50)
    desk.follow(True)
    assert texts(desk.page())[-1] == "m49"


def test_nothing_is_read_that_would_push_out_what_somebody_reads() -> None:
    desk = desk_of(100, most=100)
    desk.follow(False)
    number = 100
    while desk.room.is_set():
        add(desk, [number])
        number += 1
        assert number < 300
    assert texts(desk.page()) == ["m95", "m96", "m97", "m98", "m99"]
    desk.left(7, 1)
    page = desk.page()
    assert page.waits and page.below == 50 and page.behind == 7
    desk.move(40)
    assert desk.room.is_set()
    desk.follow(True)
    assert desk.room.is_set()


def test_going_down_at_the_end_follows_only_what_is_live() -> None:
    desk = desk_of(10)
    desk.clear(follow=False)
    add(desk, range(10))
    assert texts(desk.page()) == ["m0", "m1", "m2", "m3", "m4"]
    desk.left(1_000_000, 1)
    desk.move(100)
    assert not desk.page().follows
    desk.left(0, 1)
    desk.move(1)
    assert desk.page().follows
    desk.move(-1)
    assert not desk.page().follows


def test_what_went_is_counted() -> None:
    desk = desk_of(30, most=10)
    page = desk.page()
    assert (page.kept, page.dropped, page.read) == (10, 20, 30)
    desk = desk_of(most=100, most_bytes=5000)
    desk.take([raw(b"x" * 1000, offset=n) for n in range(20)])
    page = desk.page()
    assert page.kept == 3 and page.dropped == 17 and page.bytes <= 5000


# The filter


async def test_a_filter_finds_what_is_kept_and_what_comes() -> None:
    desk = desk_of(30)
    await desk.filter("m.*7")
    page = desk.page()
    assert texts(page) == ["m7", "m17", "m27"] and page.matching == 3
    assert page.rows[1].found == ((0, 3),)
    add(desk, range(30, 50))
    assert texts(desk.page())[-2:] == ["m37", "m47"]
    await desk.filter("")
    assert desk.page().matching is None and texts(desk.page())[-1] == "m49"


async def test_what_matches_is_kept_when_others_went() -> None:
    desk = desk_of(10, most=10)
    await desk.filter("m3")
    add(desk, range(100, 200))
    assert texts(desk.page()) == ["m3"]


async def test_what_comes_while_it_is_looked_for_is_found() -> None:
    desk = desk_of(9000, most=50_000)

    async def more() -> None:
        for number in range(9000, 9100):
            add(desk, [number])
            await asyncio.sleep(0)

    await asyncio.gather(desk.filter("9$"), more())
    assert desk.page().matching == 910
    await asyncio.gather(desk.filter("1$"), desk.filter("8$"))
    assert desk.page().matching == 910


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("key:left", ["left value"]),
        ("value:left", ["k1 left"]),
        ("left", ["left value", "k1 left"]),
        ("agent.tasks/2", ["k1 left"]),
        ("h=1", ["k h=1 other"]),
        ("(", ["k (odd"]),
        ("key: (", []),
    ],
)
async def test_where_it_is_looked_for(typed: str, found: list[str]) -> None:
    desk = desk_of()
    desk.take(
        [
            raw(b"value", key=b"left"),
            raw(b"left", key=b"k1", topic="agent.tasks", partition=2),
            raw(b"other", key=b"k", headers=(("h", b"1"),)),
            raw(b"(odd", key=b"k"),
        ]
    )
    await desk.filter(typed)
    assert texts(desk.page()) == found


async def test_a_secret_is_masked_where_it_matches() -> None:
    desk = desk_of()
    desk.take([raw(b'{"password": "hunter2hunter2", "a": 1}')])
    await desk.filter("password")
    (row,) = desk.page().rows
    assert "hunter2" not in row.text and row.found
    assert "hunter2" not in desk.copied(whole=True)


# Repeats


async def test_repeats_are_marked_and_can_be_left_out() -> None:
    desk = desk_of()
    sent = [encode(Task(id=name, at=1.0, text="x")) for name in ("a", "b", "a", "c", "b")]
    desk.take([raw(value) for value in sent])
    page = desk.page()
    assert [row.repeat for row in page.rows] == [False, False, True, False, True] and page.repeats == 2
    await desk.hide_repeats(True)
    assert [row.repeat for row in desk.page().rows] == [False] * 3
    await desk.filter("id")
    assert desk.page().matching == 3 and desk.page().hidden
    await desk.hide_repeats(False)
    assert desk.page().matching == 5


@pytest.mark.parametrize(
    "value", [None, b"", b"x", b'{"id":"a"}', b'{"schema":1,"id":"a"}', b'{"schema":"s","id":', b'"schema"']
)
def test_a_message_without_an_id_is_no_repeat(value: bytes | None) -> None:
    repeats = Repeats()
    assert not repeats.is_one(value) and not repeats.is_one(value)


def test_so_many_ids_are_remembered() -> None:
    repeats = Repeats(most=2)
    values = [encode(Task(id=name, at=1.0, text="x")) for name in "abca"]
    assert [repeats.is_one(value) for value in values] == [False] * 4
    assert repeats.is_one(values[-1])


# What happens meanwhile


def test_what_happens_stands_between_the_messages() -> None:
    desk = desk_of(1)
    desk.take([BusNotice(what="lost", error=ErrorInfo("bus", "No Kafka answers"))])
    page = desk.page()
    assert page.state == "lost" and page.fault is not None
    desk.take([BusNotice(what="back"), BusNotice(what="found", topic="logs.\x1b[31mraw")])
    desk.passed(1234)
    page = desk.page()
    assert page.state == "reading" and page.fault is None and page.read == 1
    assert texts(page) == [
        "m0",
        "the connection is lost: No Kafka answers",
        "connected again",
        "found a new topic logs.raw",
        "1,234 messages were passed by",
    ]
    assert [row.grave for row in page.rows] == [False, True, False, False, True]


async def test_notices_show_whatever_is_looked_for() -> None:
    desk = desk_of(3)
    desk.take([BusNotice(what="back")])
    await desk.filter("nothing of it")
    page = desk.page()
    assert texts(page) == ["connected again"] and page.matching == 0


# A message in full


def test_details_come_once() -> None:
    desk = desk_of()
    desk.size(5, 200, True)
    desk.take([raw(b'{"b": [1, true], "a": {"x": "\\u001b[31m[bold]"}}', key=b"k", headers=(("h", b"v"),))])
    detail = desk.page().detail
    assert detail is not None and detail.kind == "json"
    assert dict(detail.facts)["topic"] == "t" and dict(detail.facts)["key"] == "k"
    assert dict(detail.facts)["header h"] == "v"
    assert detail.lines == (
        "{",
        '  "b": [',
        "    1,",
        "    true",
        "  ],",
        '  "a": {',
        '    "x": "[bold]"',
        "  }",
        "}",
    )
    assert desk.page(detail.id).detail is None
    desk.follow(False)
    assert desk.page(detail.id).detail is not None


def test_details_of_anything() -> None:
    desk = desk_of()
    desk.size(5, 200, True)
    for value, kind, first in [
        (None, "none", ()),
        (b"two\nlines\x1b[2J", "text", ("two", "lines")),
        (b"\x00\x01\xffA", "bytes", ("000000  00 01 ff 41                                      ···A",)),
    ]:
        desk.take([raw(value)])
        detail = desk.page().detail
        assert detail is not None and (detail.kind, detail.lines) == (kind, first)


def test_a_large_message_is_cut_and_says_so() -> None:
    from types import SimpleNamespace

    from agent_core.streaming.live.raw import raw_of

    record = SimpleNamespace(
        topic="t", partition=0, offset=0, timestamp=-1, key=None, value=b"x" * (5 << 20), headers=None
    )
    made = raw_of(record)
    assert made.value is not None and len(made.value) == MOST_VALUE + 1 and made.size == 5 << 20
    desk = desk_of()
    desk.size(5, 200, True)
    desk.take([made])
    page = desk.page()
    assert page.detail is not None
    assert dict(page.detail.facts)["value"] == "text, 5.0 MB, the first 256 KB of it"
    assert len(page.rows[0].text) == 200
    followed = page.detail.lines[0]
    desk.follow(False)
    stays = desk.page().detail
    assert stays is not None and followed == f"{'x' * (len(followed) - 1)}…"
    assert stays.lines[0].endswith("x…") and len(stays.lines[0]) > 5 * len(followed), "there is time to read"
    assert len(desk.copied(whole=False)) == MOST_VALUE


def test_copies() -> None:
    desk = desk_of()
    assert desk.copied(whole=False) == ""
    desk.take([raw(b'{"a": 1}', key=b"k", offset=7)])
    assert desk.copied(whole=False) == '{"a":1}'
    assert '"offset": 7' in desk.copied(whole=True)
    desk.take([BusNotice(what="back")])
    assert desk.copied(whole=True) == ""


def test_a_note_in_full() -> None:
    desk = desk_of()
    desk.size(5, 200, True)
    desk.take([BusNotice(what="gone", topic="t")])
    detail = desk.page().detail
    assert detail is not None and detail.lines == ("the topic is gone t",)
    assert Entry(1, Note("gone", "abc")).weight > 3


# Where to


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("begin", Place()),
        (" End ", Place(last=1000)),
        ("-10m", Place(since=MOMENT - 600)),
        ("10m", Place(since=MOMENT - 600)),
        ("09:30", Place(since=MOMENT - 1800)),
        ("2025-11-24T09:00:00Z", Place(since=MOMENT - 3600)),
    ],
)
def test_places(typed: str, place: Place) -> None:
    assert place_of(typed, now=NOW) == place


@pytest.mark.parametrize("typed", ["", "yonder", "-", "-m", "25:99"])
def test_no_places(typed: str) -> None:
    with pytest.raises(UsageError):
        place_of(typed, now=NOW)


@pytest.mark.parametrize("sized", ["before", "between", "after"])
def test_what_was_read_anew_is_said_above_the_message_with_the_cursor(sized: str) -> None:
    desk = Desk(mask=MASK, clock=lambda: 1.0)
    desk.anew("it ended")
    desk.begin(follow=False)
    if sized == "before":
        desk.size(5, 200, True)
    add(desk, range(1))
    if sized == "between":
        desk.size(5, 200, True)
    add(desk, range(1, 9))
    if sized == "after":
        desk.size(5, 200, True)
    page = desk.page()
    assert texts(page) == ["it ended; what follows was read anew", "m0", "m1", "m2", "m3"]
    assert page.cursor == 1 and not page.follows and page.rows[0].grave


def test_at_the_end_what_was_read_anew_is_passed() -> None:
    desk = desk_of(height=3)
    desk.anew("it ended")
    desk.begin(follow=True)
    add(desk, range(9))
    page = desk.page()
    assert texts(page) == ["m6", "m7", "m8"] and page.cursor == 2 and page.above == 7
