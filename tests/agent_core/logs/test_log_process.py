"""The logs as the program uses them: a process, real files, what happens to them meanwhile."""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
import signal
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
import pytest_asyncio

from agent_core.config import Settings
from agent_core.errors import LogFault, PathRefused
from agent_core.logs.api import Digest, DigestQuery, LogProgress
from agent_core.logs.client import WorkerLogs
from agent_core.logs.saying import span_of
from agent_core.workspace import Workspace
from tests.agent_core.logs.made_logs import BEGAN, Followed, event_with, failed, has, lines_of, quiet, stamp
from tests.fakes.processes import started

_LONG_S = 60.0
CRASH = (
    "Traceback (most recent call last):\n"
    '  File "/srv/app/src/db.py", line 5, in connect\n'
    "    socket.connect(address)\n"
    "ConnectionRefusedError: nobody at db:5432"
)

Open = Callable[..., WorkerLogs]


@pytest_asyncio.fixture
async def open_logs(tmp_path: Path) -> AsyncGenerator[Open]:
    """Opens the logs of the test's folder; closes them, and sees that nothing is left behind."""
    opened: list[WorkerLogs] = []

    def make(**settings: Any) -> WorkerLogs:
        more = {name: settings.pop(name) for name in ("given",) if name in settings}
        logs = WorkerLogs(workspace=Workspace.open(tmp_path), settings=Settings(**settings), **more)
        opened.append(logs)
        return logs

    yield make
    for logs in opened:
        await logs.aclose()
    assert not started("logs.worker")


def pid_of(logs: WorkerLogs) -> int:
    process = logs._worker.process
    assert process is not None
    return process.pid


async def test_a_first_digest(tmp_path: Path, open_logs: Open) -> None:
    (tmp_path / "logs").mkdir()
    log = quiet(0, 500) + f"{stamp(500)} ERROR web request failed\n{CRASH}\n" + quiet(501, 600)
    (tmp_path / "logs" / "app.log").write_text(log)
    logs = open_logs()
    (known,) = await logs.sources()
    assert (known.name, known.bytes) == ("logs/app.log", len(log))
    progress: list[LogProgress] = []
    digest = await logs.digest(DigestQuery(), on_progress=progress.append)
    crash = event_with(digest, "nobody at db:5432")
    assert (crash.source, crash.first, crash.kind) == ("logs/app.log", 501, "trace")
    assert crash.began == (BEGAN + timedelta(seconds=500)).timestamp()
    (facts,) = digest.sources
    assert (facts.name, facts.lines, facts.bytes) == ("logs/app.log", 604, len(log))
    assert progress[-1] == LogProgress("logs/app.log", len(log), len(log))


async def test_further_digests_go_on_from_there(tmp_path: Path, open_logs: Open) -> None:
    log = tmp_path / "app.log"
    log.write_text(quiet(0, 300))
    logs = open_logs()
    assert not has(await logs.digest(DigestQuery()), "disk is full")
    with log.open("a") as more:
        more.write(failed(300, "disk is full") + quiet(301, 310))
    digest = await logs.digest(DigestQuery())
    assert event_with(digest, "disk is full").first == 301
    assert digest.sources[0].lines == 310


async def test_generations_are_one_source(tmp_path: Path, open_logs: Open) -> None:
    (tmp_path / "app.log.2.gz").write_bytes(
        gzip.compress((quiet(0, 200) + failed(200, "oldest trouble")).encode())
    )
    (tmp_path / "app.log.1").write_text(quiet(201, 300) + failed(300, "older trouble"))
    (tmp_path / "app.log").write_text(quiet(301, 400) + failed(400, "new trouble"))
    digest = await open_logs().digest(DigestQuery())
    places = {text: event_with(digest, text) for text in ("oldest trouble", "older trouble", "new trouble")}
    assert [(event.source, event.first) for event in places.values()] == [
        ("app.log.2.gz", 201), ("app.log.1", 100), ("app.log", 100)
    ]  # fmt: skip
    assert [(facts.name, facts.lines) for facts in digest.sources] == [("app.log", 401)]


async def test_since_and_the_last_bytes(tmp_path: Path, open_logs: Open) -> None:
    log = tmp_path / "app.log"
    log.write_text(
        quiet(0, 9000) + failed(9000, "early trouble") + quiet(9001, 20_000) + failed(20_000, "late one")
    )
    logs = open_logs()
    since = (BEGAN + timedelta(seconds=15_000)).timestamp()
    for query in (DigestQuery(since=since), DigestQuery(most=300_000)):
        digest = await logs.digest(query)
        assert event_with(digest, "late one").first == 20_001
        assert not has(digest, "early trouble")
        assert digest.sources[0].lines < 6000
    assert "only the last" in digest.sources[0].note
    (exact,) = (await logs.digest(DigestQuery(since=since))).sources
    assert (exact.lines, exact.began) == (5001, since)


async def test_names_globs_and_what_there_is_not(tmp_path: Path, open_logs: Open) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text(quiet(0, 50) + failed(51, f"trouble in {name}"))
    logs = open_logs()
    assert [facts.name for facts in (await logs.digest(DigestQuery(sources=("b.log",)))).sources] == ["b.log"]
    both = await logs.digest(DigestQuery(sources=("*.log",)))
    assert sorted(facts.name for facts in both.sources) == ["a.log", "b.log"]
    with pytest.raises(LogFault, match="no log"):
        await logs.digest(DigestQuery(sources=("c.log",)))
    with pytest.raises(PathRefused):
        await logs.digest(DigestQuery(sources=("/etc/passwd",)))
    with pytest.raises(LogFault, match="no name of a log"):
        await logs.digest(DigestQuery(sources=("a\udcff.log",)))
    with pytest.raises(LogFault, match="no compose file"):
        await logs.digest(DigestQuery(sources=("compose:web",)))


async def test_no_logs_at_all(open_logs: Open) -> None:
    digest = await open_logs().digest(DigestQuery())
    assert (digest.sources, digest.events, digest.note) == ((), (), "")


async def test_standard_input(tmp_path: Path, open_logs: Open) -> None:
    reading, writing = os.pipe()
    os.write(writing, (quiet(0, 200) + failed(200, "piped trouble")).encode())
    os.close(writing)
    logs = open_logs(given=reading)
    digest = await logs.digest(DigestQuery(sources=("-",)))
    os.close(reading)
    assert (event_with(digest, "piped trouble").source, digest.sources[0].lines) == ("-", 201)


async def test_cancelling_stops_reading_and_loses_nothing(tmp_path: Path, open_logs: Open) -> None:
    with (tmp_path / "app.log").open("w") as log:
        for start in range(0, 300_000, 10_000):
            log.write(quiet(start, start + 10_000))
        log.write(failed(300_000, "at the very end"))
    logs = open_logs()
    begun = asyncio.Event()
    reading = asyncio.create_task(logs.digest(DigestQuery(), on_progress=lambda _: begun.set()))
    await begun.wait()
    reading.cancel()
    with suppress(asyncio.CancelledError):  # on a busy machine it may be done by now
        await reading
    digest = await logs.digest(DigestQuery())
    assert event_with(digest, "at the very end").first == 300_001
    assert digest.sources[0].lines == 300_001


async def test_a_killed_process_is_started_again(tmp_path: Path, open_logs: Open) -> None:
    (tmp_path / "app.log").write_text(quiet(0, 100) + failed(101, "trouble"))
    logs = open_logs()
    await logs.digest(DigestQuery())
    first = pid_of(logs)
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(_LONG_S):
        while logs._worker.process is not None:
            await asyncio.sleep(0.01)
    assert has(await logs.digest(DigestQuery()), "trouble")
    assert pid_of(logs) != first


async def test_it_has_a_low_priority(tmp_path: Path, open_logs: Open) -> None:
    (tmp_path / "app.log").write_text(quiet(0, 10))
    logs = open_logs()
    await logs.digest(DigestQuery())
    assert psutil.Process(pid_of(logs)).nice() > psutil.Process().nice()


# What is followed


async def test_following_outlives_the_process(tmp_path: Path, open_logs: Open) -> None:
    log = tmp_path / "app.log"
    log.write_text(quiet(0, 200))
    logs = open_logs()
    followed = Followed()
    end = logs.follow(DigestQuery(), followed.take)
    await followed.until(lambda digest: lines_of(digest) == 200)
    with log.open("a") as more:
        more.write(failed(200, "sudden trouble"))
    digest = await followed.until(lambda digest: has(digest, "sudden trouble"))
    assert event_with(digest, "sudden trouble").first == 201
    os.kill(pid_of(logs), signal.SIGKILL)
    await followed.until(lambda digest: "ended" in digest.note)
    await followed.until(lambda digest: has(digest, "sudden trouble"))
    told = len(followed.digests)
    end()
    await logs.digest(DigestQuery())
    assert len(followed.digests) == told


# Hostile content


def hostile() -> Iterable[bytes]:
    yield failed(1, "\x1b]0;owned\x07\x1b[2J\x1b[1mescaped\x1b[0m trouble \x9b31m").encode()
    yield failed(2, "[bold]marked[/bold] {up} %s").encode()
    yield b"a\0b\0" * 1000 + b"\n"
    yield b"\xff\xfe\x80" * 3000 + b"\n"
    yield (stamp(-1e7) + " ERROR web long ago\n").encode()
    yield b"9999-99-99T99:99:99Z ERROR web never\n" + b"0001-01-01T00:00:00Z ERROR web before all\n"
    yield "2026-11-24T08:00:05Z ERROR web \u202egnirts a\u2066\n".encode()
    yield b"\r\r\r\n\n\n\n" + b"{" * 2000 + b"\n" + b'{"level":' * 500 + b"\n"
    yield b"Traceback (most recent call last):\n" * 3000
    yield b'  File "x.py", line 99999999999999999999, in f\n' * 100 + b"E: x\n"


async def test_hostile_lines_are_literal_and_break_nothing(tmp_path: Path, open_logs: Open) -> None:
    (tmp_path / "app.log").write_bytes(quiet(0, 200).encode() + b"".join(hostile()) + quiet(3, 100).encode())
    digest = await open_logs().digest(DigestQuery(limit=100))
    shown = "".join(event.text for event in digest.events)
    assert "escaped trouble" in shown and "[bold]marked[/bold]" in shown
    assert all(char.isprintable() or char in "\n\t" for char in shown)
    for event in digest.events:
        lines = event.text.split("\n")
        assert len(lines) <= 12 and max(map(len, lines)) <= 240


async def test_secrets_are_masked_wherever_a_digest_shows_them(tmp_path: Path, open_logs: Open) -> None:
    leak = "login of bob failed: password=swordfish key=ghp_" + "a1B2" * 9
    (tmp_path / "app.log").write_text(
        "".join(quiet(n, n + 20) + failed(n + 20, leak) for n in range(0, 2000, 20))
        + failed(2001, "cannot reach the database with password=swordfish, giving up")
    )
    digest = await open_logs().digest(DigestQuery())
    assert digest.events and digest.chronic
    said = msgspec.json.encode(digest).decode()
    assert "password=" in said
    assert "swordfish" not in said and "a1B2" not in said


async def test_fifty_megabytes_in_one_line(tmp_path: Path, open_logs: Open) -> None:
    with (tmp_path / "app.log").open("wb") as log:
        log.write(quiet(0, 100).encode())
        for _ in range(50):
            log.write(b"x" * (1 << 20))
        log.write(b"\n" + failed(101, "behind it").encode())
    logs = open_logs()
    digest = await logs.digest(DigestQuery())
    assert event_with(digest, "behind it").first == 102
    assert "left out" in digest.sources[0].note
    assert psutil.Process(pid_of(logs)).memory_info().rss < 400 << 20


async def test_two_gigabytes_of_nothing(tmp_path: Path, open_logs: Open) -> None:
    """A sparse file: it takes no room on the disk, and must take none in memory."""
    with (tmp_path / "app.log").open("wb") as log:
        log.write(quiet(0, 100).encode())
        log.seek(2 << 30)
        log.write(b"\n" + failed(101, "at the far end").encode())
    logs = open_logs()
    peak = 0

    def look(_: LogProgress) -> None:
        nonlocal peak
        peak = max(peak, psutil.Process(pid_of(logs)).memory_info().rss)

    digest = await logs.digest(DigestQuery(), on_progress=look)
    assert event_with(digest, "at the far end").first == 102
    assert 0 < peak < 400 << 20


async def test_odd_files_under_the_names_of_logs(tmp_path: Path, open_logs: Open) -> None:
    (tmp_path / "good.log").write_text(failed(1, "trouble"))
    (tmp_path / "empty.log").write_text("")
    (tmp_path / "folder.log").mkdir()
    os.mkfifo(tmp_path / "pipe.log")
    (tmp_path / "out.log").symlink_to("/etc/passwd")
    (tmp_path / "loop.log").symlink_to("loop.log")
    os.symlink("good.log", tmp_path / "alias.log")
    (tmp_path / os.fsdecode(b"bad\xff.log")).write_text(failed(2, "undecodable name"))
    digest = await open_logs().digest(DigestQuery())
    assert has(digest, "trouble") and has(digest, "undecodable name")
    assert {"good.log", "empty.log"} <= {facts.name for facts in digest.sources}
    assert not {"pipe.log", "out.log", "loop.log", "folder.log"} & {facts.name for facts in digest.sources}
    with pytest.raises(LogFault, match="a named pipe"):
        await open_logs().digest(DigestQuery(sources=("pipe.log",)))
    (tmp_path / "binary.log").write_bytes(bytes(range(256)) * 20)
    with pytest.raises(LogFault, match=r"nothing to read: binary\.log is left out: it is binary"):
        await open_logs().digest(DigestQuery(sources=("binary.log",)))
    digest = await open_logs().digest(DigestQuery(sources=("binary.log", "good.log")))
    assert has(digest, "trouble")


async def test_what_there_is_where_nothing_is_as_late(tmp_path: Path, open_logs: Open) -> None:
    (tmp_path / "app.log.1").write_text(quiet(0, 100))
    (tmp_path / "app.log").write_text(quiet(100, 10_000) + failed(10_000, "trouble"))
    (tmp_path / "old.log").write_text(quiet(0, 10))
    logs = open_logs()
    digest = await logs.digest(DigestQuery(since=(BEGAN + timedelta(days=1)).timestamp()))
    covers = span_of(BEGAN.timestamp(), (BEGAN + timedelta(seconds=10_000)).timestamp())
    assert digest.events == ()
    assert digest.note.startswith("nothing was logged since ")
    assert f": app.log covers {covers}; --since " in digest.note
    hour = digest.note.partition("--since ")[2].partition(" ")[0]
    since = datetime.fromisoformat(hour).astimezone().timestamp()
    assert has(await logs.digest(DigestQuery(since=since)), "trouble")


# What is kept for later sessions


async def test_two_sessions_learn_together(tmp_path: Path, open_logs: Open) -> None:
    names = [f"app{n}.log" for n in range(4)]
    for name in names:
        (tmp_path / name).write_text(quiet(0, 200) + failed(201, "known trouble"))
    sessions = [open_logs(), open_logs()]
    await asyncio.gather(*(logs.digest(DigestQuery()) for logs in sessions))
    await asyncio.gather(*(logs.aclose() for logs in sessions))
    kept = sorted((tmp_path / ".dspy_tui" / "logs" / "seen").glob("*.seen"))
    assert len(kept) == len(names)
    for name in names:
        (tmp_path / name).unlink()
        (tmp_path / name).write_text(
            "\n" + quiet(300, 500) + failed(500, "known trouble") + failed(501, "unheard of")
        )
    digest = await open_logs().digest(DigestQuery())
    assert event_with(digest, "unheard of").score > event_with(digest, "known trouble").score


async def test_what_is_kept_tells_no_secrets(tmp_path: Path, open_logs: Open) -> None:
    (tmp_path / "app.log").write_text(quiet(0, 100) + failed(101, "login with password=opensesame"))
    for _ in range(2):
        logs = open_logs()
        await logs.digest(DigestQuery())
        await logs.aclose()
    kept = {path.suffix: path.read_bytes() for path in (tmp_path / ".dspy_tui" / "logs" / "seen").iterdir()}
    assert b"login with password" in kept[".seen"] and b"login with password" in kept[""]
    assert not any(b"sesame" in content for content in kept.values())


async def test_a_log_that_is_never_rotated_has_news(tmp_path: Path, open_logs: Open) -> None:
    log = tmp_path / "app.log"
    log.write_text(quiet(0, 300) + failed(301, "known trouble"))

    async def asked() -> Digest:
        logs = open_logs()
        digest = await logs.digest(DigestQuery())
        await logs.aclose()
        return digest

    await asked()
    (kept,) = (tmp_path / ".dspy_tui" / "logs" / "seen").glob("*.seen")
    yesterday = kept.stat().st_mtime - 86_400
    os.utime(kept, (yesterday, yesterday))
    with log.open("a") as more:
        more.write(quiet(302, 500) + failed(501, "unheard of"))
    first, again = await asked(), await asked()
    for digest in (first, again):
        assert "new since last time" in event_with(digest, "unheard of").why
        assert "new since last time" not in event_with(digest, "known trouble").why
    assert [event.id for event in again.events] == [event.id for event in first.events]


async def test_a_log_of_one_file_a_day_has_news(tmp_path: Path, open_logs: Open) -> None:
    first = open_logs()
    (tmp_path / "app-2026-11-24.log").write_text(quiet(0, 300) + failed(301, "known trouble"))
    await first.digest(DigestQuery())
    await first.aclose()
    today = quiet(90_000, 90_300) + failed(90_301, "known trouble") + failed(90_302, "unheard of")
    (tmp_path / "app-2026-11-25.log").write_text(today)
    digest = await open_logs().digest(DigestQuery(sources=("app-2026-11-25.log",)))
    assert "new since last time" in event_with(digest, "unheard of").why
    assert "new since last time" not in event_with(digest, "known trouble").why


@pytest.mark.parametrize("content", [b"", b"\xc1broken", b"\x80", b"x" * 100_000, b"\x81\xa7version\x00"])
async def test_what_is_kept_may_be_broken(tmp_path: Path, open_logs: Open, content: bytes) -> None:
    (tmp_path / "app.log").write_text(quiet(0, 100) + failed(101, "trouble"))
    first = open_logs()
    await first.digest(DigestQuery())
    await first.aclose()
    (kept,) = (tmp_path / ".dspy_tui" / "logs" / "seen").glob("*.seen")
    kept.write_bytes(content)
    assert has(await open_logs().digest(DigestQuery()), "trouble")
    (aside,) = kept.parent.glob("*.bad-*")
    assert aside.read_bytes() == content


async def test_where_nothing_may_be_written(tmp_path: Path, open_logs: Open) -> None:
    (tmp_path / "app.log").write_text(quiet(0, 100) + failed(101, "trouble"))
    (tmp_path / ".dspy_tui").write_text("no folder")
    logs = open_logs()
    assert has(await logs.digest(DigestQuery()), "trouble")
    await logs.aclose()
    assert (tmp_path / ".dspy_tui").read_text() == "no folder"


async def test_the_state_may_vanish_meanwhile(tmp_path: Path, open_logs: Open) -> None:
    (tmp_path / "app.log").write_text(quiet(0, 100) + failed(101, "trouble"))
    logs = open_logs()
    await logs.digest(DigestQuery())
    shutil.rmtree(tmp_path / ".dspy_tui")
    assert has(await logs.digest(DigestQuery()), "trouble")
