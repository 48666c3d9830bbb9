from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.rl.store import log as logs
from agent_core.rl.store.log import ForeignLog, Log, Place, place_after


def line(number: int) -> bytes:
    return b'{"a line that is longer than what is checked":%d}' % number


def contents(log: Log, place: Place | None = None) -> list[bytes]:
    return [read.content for read in log.since(place)[1] if read.content is not None]


def last_place(log: Log) -> Place:
    return list(log.since(None)[1])[-1].place


def filled(root: Path, count: int) -> Log:
    log = Log(root)
    assert log.prepare() == ""
    for number in range(count):
        log.append(line(number))
    return log


def test_every_place_leads_on_from_there(tmp_path: Path) -> None:
    log = filled(tmp_path, 5)
    everything = list(log.since(None)[1])
    assert [read.content for read in everything] == [None, *map(line, range(5))]
    for number, read in enumerate(everything):
        assert log.since(read.place)[0]
        assert contents(log, read.place) == [line(at) for at in range(number, 5)]
    log.append(line(5))
    assert place_after(everything[-1].place, line(5)) == last_place(log)


def test_a_place_is_found_through_rotations_until_its_file_is_gone(tmp_path: Path) -> None:
    log = filled(tmp_path, 1)
    place = last_place(log)
    for number in range(1, logs.KEPT + 1):
        log.rotate()
        log.append(line(number))
        assert log.since(place)[0]
        assert contents(log, place) == [line(at) for at in range(1, number + 1)]
    log.rotate()
    assert not log.since(place)[0]
    assert contents(log) == [line(at) for at in range(1, logs.KEPT + 1)]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".dspy_rl_events.1.jsonl",
        ".dspy_rl_events.2.jsonl",
        ".dspy_rl_events.3.jsonl",
        ".dspy_rl_events.jsonl",
    ]


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("steps", range(5))
@pytest.mark.parametrize("files", range(logs.KEPT + 1))
def test_a_rotation_that_was_killed_at_any_step_loses_nothing(
    steps: int, files: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = filled(tmp_path, 1)
    for number in range(1, files + 1):
        log.rotate()
        log.append(line(number))
    place = last_place(log)
    left = steps
    rename = Path.rename

    def step(path: Path, target: Path) -> Path:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", step)
        with suppress(Killed):
            log.rotate()
    assert log.since(place)[0]
    log.prepare()
    log.append(line(99))
    assert contents(log, place) == [line(99)]
    kept = contents(log)
    assert kept == [*map(line, range(files + 1)), line(99)][-len(kept) :]


def test_a_torn_line_is_no_line_until_it_is_closed(tmp_path: Path) -> None:
    log = filled(tmp_path, 1)
    place = last_place(log)
    with log.path.open("ab") as file:
        file.write(b'{"half')
    assert contents(log, place) == []
    log.append(line(1))
    assert contents(log, place) == [b'{"half', line(1)]


@given(cut=st.integers(0, 400), grown=st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_a_log_that_was_cut_is_known_again_only_where_nothing_changed(
    cut: int, grown: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = filled(tmp_path_factory.mktemp("log"), 4)
    places = [read.place for read in log.since(None)[1]]
    content = log.path.read_bytes()
    os.truncate(log.path, min(cut, len(content)))
    with log.path.open("ab") as file:
        file.write(b"".join(line(70 + number) + b"\n" for number in range(grown)))
    now = log.path.read_bytes()
    for place in places:
        is_same = now[: place.offset] == content[: place.offset] and len(now) >= place.offset
        if log.since(place)[0]:
            checked = slice(max(0, place.offset - 32), place.offset)
            assert now[checked] == content[checked]
        else:
            assert not is_same


def test_what_is_far_too_long_is_passed_over(tmp_path: Path) -> None:
    log = filled(tmp_path, 1)
    for length in (logs.LONGEST, logs.LONGEST + 1, 3 * 1024 * 1024):
        log.append(b"x" * length)
        log.append(line(length))
    assert [len(content) for content in contents(log)[1:]] == [
        logs.LONGEST, len(line(logs.LONGEST)), 0, len(line(logs.LONGEST + 1)), 0, len(line(3 * 1024 * 1024)),
    ]  # fmt: skip
    assert log.since(last_place(log))[0]


def test_a_foreign_file_is_kept_aside(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.path.write_text("what somebody wrote\n")
    warning = log.prepare()
    kept = list(tmp_path.glob(".dspy_rl_events.jsonl.bad-*"))
    assert [path.read_text() for path in kept] == ["what somebody wrote\n"]
    assert kept[0].name in warning
    assert log.generation()
    assert log.prepare() == ""


def link(path: Path) -> None:
    target = path.with_name("elsewhere")
    target.write_text("not to be changed\n")
    path.symlink_to(target)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, link])
def test_what_is_no_file_is_not_written_to(make: Callable[[Path], None], tmp_path: Path) -> None:
    log = Log(tmp_path)
    make(log.path)
    with pytest.raises(ForeignLog, match=r"dspy_rl_events\.jsonl is a (named pipe|folder|symbolic link)"):
        log.prepare()
    assert contents(log) == []


def test_a_newer_log_is_left_alone(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.path.write_text('{"type":"header","schema":2,"generation":"x","more":1}\n{"type":"new"}\n')
    with pytest.raises(ForeignLog, match="newer"):
        log.prepare()
    with pytest.raises(ForeignLog, match="newer"):
        log.since(None)
