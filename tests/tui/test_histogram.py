"""What stands beside the bars of a log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent_core.logs.api import Bar
from tui.widgets.histogram import bar_rows, span_of, step_of


def bars(began: datetime, step: timedelta, count: int = 10) -> list[Bar]:
    return [Bar((began + number * step).timestamp(), 3, 0, 0) for number in range(count)]


NOON = datetime(2026, 5, 21, 12).astimezone()


@pytest.mark.parametrize(
    ("step", "span", "lasts"),
    [
        (timedelta(seconds=6), "12:00-12:01", "6.0 s"),
        (timedelta(hours=2), "12:00-08:00", "2 h"),
        (timedelta(hours=10), "05-21 12:00-05-25 16:00", "10 h"),
        (timedelta(days=5), "05-21 12:00-07-10 12:00", "5.0 days"),
        (timedelta(days=50), "2026-05-21 to 2027-10-03", "50.0 days"),
    ],
)
def test_when_and_how_long(step: timedelta, span: str, lasts: str) -> None:
    assert span_of(bars(NOON, step)) == f"{span} · 30 lines"
    assert step_of(bars(NOON, step), 40) == f"{lasts} a bar, 3 lines at most"


def drawn(lines: tuple[int, ...], width: int = 8) -> str:
    counted = [Bar(60.0 * number, count, 0, 0) for number, count in enumerate(lines)]
    (row,) = bar_rows(counted, width)
    return "".join(text for text, _, _ in row)


@pytest.mark.parametrize(
    ("lines", "row"),
    [
        ((1,), "▃"),
        ((1, 1), "▃▃▃▃▃▃▃▃"),
        ((1, 0, 0, 2), "▃▃    ▄▄"),
        ((8, 2), "████▄▄▄▄"),
        ((800, 200), "████▄▄▄▄"),
        ((100_000, 1), "████▁▁▁▁"),
        ((500,), "█"),
        ((), ""),
    ],
)
def test_few_lines_look_like_few(lines: tuple[int, ...], row: str) -> None:
    assert drawn(lines) == row


def test_a_time_that_no_calendar_has() -> None:
    far = [Bar(1e15, 1, 0, 0), Bar(1e15 + 9, 1, 0, 0)]
    assert "2 lines" in span_of(far)
    assert span_of([]) == ""
    assert span_of([Bar(datetime(2026, 5, 21, tzinfo=UTC).timestamp(), 1, 1, 1)]).endswith(
        "1 error, 1 warning"
    )
