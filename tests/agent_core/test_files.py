from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from agent_core.files import (
    BusyError,
    NotRegularError,
    append_line,
    keep_aside,
    load_state,
    locked,
    open_regular,
    read_bounded,
    update_state,
    write_atomic,
)


class Counter(msgspec.Struct):
    count: int = 0


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "state.json"
    write_atomic(target, "old")
    write_atomic(target, b"new")
    assert target.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "state.json"
    write_atomic(target, "old")

    def full(fd: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(target, "new")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_special_files_are_refused_without_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    server = socket.socket(socket.AF_UNIX)
    monkeypatch.chdir(tmp_path)  # socket paths are short
    server.bind("sock")
    try:
        for name, words in (
            ("pipe", "a named pipe"),
            ("sock", "a socket"),
            (".", "a folder"),
            ("/dev/zero", "a device"),
        ):
            with pytest.raises(NotRegularError, match=words):
                open_regular(tmp_path / name)
    finally:
        server.close()


def test_a_link_is_followed_only_when_wanted(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    assert read_bounded(tmp_path / "link") == b"x"
    with pytest.raises(NotRegularError):
        read_bounded(tmp_path / "link", follow=False)


def test_reading_stops_at_the_limit(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    assert read_bounded(tmp_path / "file", 4) == b"0123"
    assert read_bounded(tmp_path / "file", 100) == b"0123456789"


def test_a_line_after_a_torn_one_is_not_lost(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    append_line(log, b'{"n":1}')
    with log.open("ab") as file:
        file.write(b'{"n":')
    append_line(log, b'{"n":2}\n')
    assert log.read_bytes().splitlines() == [b'{"n":1}', b'{"n":', b'{"n":2}']


def test_broken_state_is_kept_aside_and_named(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    for content in (b"{", b'{"count":"many"}', b"\xff", b"[" * 100_000):
        state.write_bytes(content)
        value, warning = load_state(state, Counter)
        assert value is None
        assert str(state) in warning
        assert not state.exists()
    kept = sorted(path.read_bytes() for path in tmp_path.glob("state.json.bad-*"))
    assert len(kept) == 4
    assert b"{" in kept


def test_missing_and_unreadable_state(tmp_path: Path) -> None:
    assert load_state(tmp_path / "none.json", Counter) == (None, "")
    os.mkfifo(tmp_path / "pipe.json")
    value, warning = load_state(tmp_path / "pipe.json", Counter)
    assert value is None
    assert "named pipe" in warning
    assert (tmp_path / "pipe.json").exists()


def test_keeping_aside_what_is_not_there(tmp_path: Path) -> None:
    assert keep_aside(tmp_path / "none") is None


def test_a_lock_that_is_held_is_waited_for_and_then_named(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "state"),
        pytest.raises(BusyError, match="state is in use"),
        locked(tmp_path / "state", timeout=0.02),
    ):
        pass
    with locked(tmp_path / "state", timeout=0):
        pass


COUNT = """
import sys
from pathlib import Path
import msgspec
from agent_core.files import update_state, append_line
class Counter(msgspec.Struct):
    count: int = 0
folder = Path(sys.argv[1])
def more(value):
    return Counter((value or Counter()).count + 1)
for number in range(40):
    update_state(folder / "state.json", Counter, more)
    append_line(folder / "events.jsonl", b"x" * 3000 + sys.argv[2].encode())
"""


def test_two_processes_lose_no_change_and_mix_no_lines(tmp_path: Path) -> None:
    workers = [subprocess.Popen([sys.executable, "-c", COUNT, str(tmp_path), name]) for name in "ab"]
    assert [worker.wait() for worker in workers] == [0, 0]
    assert load_state(tmp_path / "state.json", Counter)[0] == Counter(80)
    lines = (tmp_path / "events.jsonl").read_bytes().splitlines()
    assert sorted(set(lines)) == [b"x" * 3000 + b"a", b"x" * 3000 + b"b"]
    assert len(lines) == 80


def test_state_is_private(tmp_path: Path) -> None:
    update_state(tmp_path / "new" / "state.json", Counter, lambda value: value or Counter())
    assert (tmp_path / "new" / "state.json").stat().st_mode & 0o077 == 0
