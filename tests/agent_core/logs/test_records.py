"""Records out of blocks of bytes: whatever the cuts, whatever the bytes."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.logs.columns import NO_TIME, Level, Records
from agent_core.logs.intake import LONGEST_LINE
from agent_core.logs.records import MOST_LINES, RecordReader

NOW = 1_780_000_000.0


class Row(NamedTuple):
    first: int
    lines: int
    time: int | None
    level: Level
    component: str
    message: bytes
    whole: bytes


def rows(records: Records | None) -> list[Row]:
    if records is None:
        return []
    return [
        Row(
            int(records.first[i]),
            int(records.lines[i]),
            None if records.time[i] == NO_TIME else int(records.time[i]),
            Level(int(records.level[i])),
            records.components[records.component[i]],
            records.message(i),
            records.whole(i),
        )
        for i in range(len(records))
    ]


def read(*blocks: bytes) -> list[Row]:
    reader = RecordReader("app.log", now=NOW)
    found = [row for block in blocks for row in rows(reader.feed(block))]
    return found + rows(reader.finish())


HEAD = b"2026-05-21T10:00:00.250Z billing ERROR "
LINES = st.sampled_from(
    [
        HEAD + b"could not charge order 17\n",
        b"2026-05-21 10:00:01,5 INFO  [main] com.acme.Shop - ready\r\n",
        b"  at com.acme.Shop.sell(Shop.java:12)\n",
        b"Caused by: java.io.IOException: gone\n",
        b"plain words\n",
        b"\n",
        b"\r\n",
        b"\x00\xff\xfe \x1b[31mred\x1b[0m\n",
        b"a\rb\n",
        b"Traceback (most recent call last):\n",
        b'  File "/srv/shop/cart.py", line 3, in sell\n',
        b"ValueError: no cart\n",
        b"\xef\xbb\xbfMay 21, 2026 3:23:29 PM com.acme.Shop sell\n",
        b"May 21, 2026 3:23:29 PM com.acme.Shop sell\n",
        b"WARNING: low stock\n",
        b'{"level":50,"time":1779357600000,"msg":"a","stack":"E: a\\n  at b (c.js:1:2)"}\n',
        b'{"log":"10:00:00 INFO ready\\n","stream":"stdout","time":"2026-05-21T10:00:00Z"}\n',
        b"web-1  | level=warn msg=low\n",
        b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1779357600500000\nMESSAGE=x\n\n",
        b"__CURSOR=s=1\n",
        b"__REALTIME_TIMESTAMP=17793576005000\n",
        b"MESSAGE\n\x03\0\0\0\0\0\0\0abc\n",
    ]
)


def test_what_a_head_says() -> None:
    (row,) = read(HEAD + b"could not charge order 17\n")
    text = b"could not charge order 17"
    assert row == Row(1, 1, 1_779_357_600_250, Level.ERROR, "billing", text, text)


def test_lines_without_a_head_belong_to_the_record_before() -> None:
    found = read(HEAD + b"boom\nValueError\n  frame\n\nmore\n" + HEAD + b"next\n")
    assert [(row.first, row.lines, row.whole) for row in found] == [
        (1, 5, b"boom\nValueError\n  frame\n\nmore"),
        (6, 1, b"next"),
    ]


def test_without_heads_each_line_is_a_record_but_for_what_is_indented() -> None:
    found = read(b"one\ntwo\n   of two\nthree\n")
    assert [row.whole for row in found] == [b"one", b"two\n   of two", b"three"]


def test_without_heads_the_lines_of_a_trace_are_one_record() -> None:
    trace = [
        b"Traceback (most recent call last):",
        b'  File "/srv/shop/cart.py", line 3, in sell',
        b"    return price(item)",
        b"ValueError: no cart",
        b"",
        b"During handling of the above exception, another exception occurred:",
        b"",
        b"Traceback (most recent call last):",
        b'  File "/srv/shop/main.py", line 9, in main',
        b"    sell()",
        b"shop.Broken: cannot sell",
    ]
    rust = [
        b"thread 'main' panicked at m.rs:13:67:",
        b"divided by zero",
        b"stack backtrace:",
        b"   0: shop::sell",
    ]
    lines = [b"starting", *trace, b"Stopped", b"Later", *rust, b"", b"Done"]
    assert [(row.first, row.lines) for row in read(b"\n".join(lines))] == [
        (1, 1), (2, 11), (13, 1), (14, 1), (15, 5), (20, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_line_tells_that_it_is_of_a_trace_by_itself(end: bytes) -> None:
    lines = [
        b"goroutine 7 [running]:",
        b"main.sell()",
        b"\t/srv/shop.go:3 +0x1",
        b"Done",
        b"\tfoo",
        b"a.go:3",
    ]
    assert [(row.first, row.lines) for row in read(end.join(lines))] == [(1, 3), (4, 2), (6, 1)]


def test_colours_do_not_hide_a_head() -> None:
    (row,) = read(
        b"\x1b[2m2026-05-21T10:00:00.250Z\x1b[0m \x1b[31mERROR\x1b[0m \x1b[2mshop\x1b[0m: no cart\n"
    )
    assert (row.time, row.level, row.message) == (1_779_357_600_250, Level.ERROR, b"no cart")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_other_encodings_of_unicode_are_read(encoding: str, size: int) -> None:
    data = (HEAD.decode() + "zu wenig Äpfel\r\n" + HEAD.decode() + "zwei\n").encode(encoding)
    found = read(*(data[at : at + size] for at in range(0, len(data), size)))
    assert [(row.first, row.level, row.message.decode()) for row in found] == [
        (1, Level.ERROR, "zu wenig Äpfel"),
        (2, Level.ERROR, "zwei"),
    ]


@pytest.mark.parametrize("cut", [997, 1 << 20])
@pytest.mark.parametrize("name", [b"COREDUMP", b"MESSAGE"])
def test_large_fields_of_the_journal_are_shortened_and_their_lines_counted(name: bytes, cut: int) -> None:
    dump = b"2026-05-21T10:00:00Z ERROR x\n\n" * 12_000
    entry = b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1779357600500000\nMESSAGE=%d\nPRIORITY=3\n"
    large = name + b"\n" + len(dump).to_bytes(8, "little") + dump + b"\n"
    text = entry % 1 + b"\n" + entry % 2 + large + b"_PID=7\n\n" + entry % 3 + b"\n"
    found = read(*(text[at : at + cut] for at in range(0, len(text), cut)))
    assert [row.first for row in found] == [1, 6, 6 + 8 + 24_000]
    assert [row.lines for row in found] == [5, 24_008, 5]
    assert [row.level for row in found] == [Level.ERROR] * 3
    kept = dump[: 64 * 1024].split(b"\n")[0] if name == b"MESSAGE" else b"2"
    assert [row.message for row in found] == [b"1", kept, b"3"]


@pytest.mark.parametrize("size", [7, 1000, 1 << 20])
@pytest.mark.parametrize("count", [1, 2000])
def test_carriage_returns_alone_end_lines_too(count: int, size: int) -> None:
    text = (HEAD + b"out of paper\r\tof size A4\r" + HEAD + b"done\r") * count
    found = read(*(text[at : at + size] for at in range(0, len(text), size)))
    assert [(row.first, row.lines, row.message) for row in found] == [
        row for n in range(count) for row in ((3 * n + 1, 2, b"out of paper"), (3 * n + 3, 1, b"done"))
    ]


def test_carriage_returns_within_lines_end_none() -> None:
    found = read(HEAD + b"10 %\r20 %\r", b"30 %\r\n" + HEAD + b"done\r\n")
    assert [row.message for row in found] == [b"10 %\r20 %\r30 %", b"done"]


def test_a_file_emptied_under_its_writer_begins_with_a_hole() -> None:
    assert [row.message for row in read(b"\0" * 5000 + HEAD + b"one\n" + HEAD + b"two\n")] == [b"one", b"two"]


def test_what_was_left_out_is_told() -> None:
    reader = RecordReader("app.log", now=NOW)
    reader.feed(b"y" * (LONGEST_LINE + 1000) + b"\n" + HEAD + b"x\n" + b" z\n" * 3000)
    reader.finish()
    assert reader.note == "1,001 lines of very long records left out; 1,000 bytes of very long lines left out"


def test_one_head_does_not_claim_a_million_lines() -> None:
    found = read(HEAD + b"start\n" + b"output\n" * 5000 + HEAD + b"end\n")
    assert 4800 < len(found) < 5002
    assert sum(row.lines for row in found) == 5002
    assert found[-1].first == 5002


@pytest.mark.parametrize("size", [1000, 77_777, 10_000_000])
def test_a_record_of_a_million_lines_is_cut_and_counted(size: int) -> None:
    text = HEAD + b"start\n" + b" frame\n" * 50_000 + HEAD + b"end\n"
    reader = RecordReader("app.log", now=NOW)
    found = [row for at in range(0, len(text), size) for row in rows(reader.feed(text[at : at + size]))]
    found += rows(reader.finish())
    assert [(row.first, row.lines) for row in found] == [(1, 50_001), (50_002, 1)]
    assert found[0].whole.count(b"\n") == MOST_LINES - 1
    assert reader.cut_lines == 50_001 - MOST_LINES


def test_a_line_of_fifty_megabytes_is_cut_and_counted() -> None:
    reader = RecordReader("app.log", now=NOW)
    assert rows(reader.feed(HEAD)) == []
    for _ in range(50):
        assert reader.feed(b"x" * 1_000_000) is None
    (long,) = rows(reader.feed(b"\n" + HEAD + b"next\n"))
    assert len(long.whole) + len(HEAD) == LONGEST_LINE
    assert len(long.whole) + reader.cut_bytes == 50_000_000
    assert [row.first for row in rows(reader.finish())] == [2]


def test_an_unfinished_line_given_out_goes_on_under_its_number() -> None:
    reader = RecordReader("app.log", now=NOW)
    reader.feed(HEAD + b"half")
    assert [(row.first, row.whole) for row in rows(reader.finish())] == [(1, b"half")]
    reader.feed(b" and half\n" + HEAD + b"two\n")
    assert [(row.first, row.message) for row in rows(reader.finish())] == [(2, b"two")]
    reader.feed(HEAD + b"three")
    reader.finish()
    reader.feed(b"\n" + HEAD + b"four")
    assert [(row.first, row.message) for row in rows(reader.finish())] == [(4, b"four")]


@pytest.mark.parametrize("text", [b"", b"\n", b"\n" * 70, b"\x00" * 300, b"\r", b"\xff" * 999, HEAD])
def test_odd_texts_raise_nothing(text: bytes) -> None:
    assert sum(row.lines for row in read(text)) == text.count(b"\n") + (text[-1:] not in (b"", b"\n"))


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=30), st.lists(st.integers(0, 1500), max_size=12))
def test_every_cut_gives_the_same_records(lines: list[bytes], cuts: list[int]) -> None:
    text = b"".join(lines)
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    whole = read(text)
    assert read(*(text[a:b] for a, b in itertools.pairwise(edges))) == whole
    assert sum(row.lines for row in whole) == text.count(b"\n")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 400))
def test_any_bytes_give_the_same_records_however_cut(text: bytes, cut: int) -> None:
    whole = read(text)
    assert read(text[:cut], text[cut:]) == whole
    if b"\n" not in text and b"\r" in text[:-1]:
        text = text.replace(b"\r", b"\n")
    assert sum(row.lines for row in whole) == text.count(b"\n") + (text[-1:] not in (b"", b"\n"))
    assert all(row.message == row.whole[: len(row.message)] for row in whole)
