"""Programs that run, say much, hang, hide and are killed with everything they started."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from agent_core.process import NotStarted, Process, stream_process
from tests.fakes.processes import alive, gone

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def collect(process: Process) -> bytes:
    return b"".join([chunk async for chunk in process])


async def pids(process: Process, count: int) -> list[int]:
    """The numbers that the program prints, one a line."""
    text = b""
    async with asyncio.timeout(60):
        while text.count(b"\n") < count:
            chunk = await process.read()
            assert chunk is not None, process.errors
            text += chunk
    return [int(word) for word in text.split()]


async def test_output_errors_and_exit_code(tmp_path: Path) -> None:
    code = "import sys, os; print(os.getcwd()); print('oh', file=sys.stderr); sys.exit(3)"
    async with stream_process(python(code), cwd=tmp_path) as process:
        assert await collect(process) == f"{tmp_path}\n".encode()
        assert await process.wait() == 3
        assert process.errors == "oh\n"


async def test_merged_errors(tmp_path: Path) -> None:
    code = "import sys; sys.stderr.write('a'); sys.stderr.flush(); sys.stdout.write('b')"
    async with stream_process(python(code), cwd=tmp_path, errors="merged") as process:
        assert await collect(process) == b"ab"


async def test_there_is_no_input(tmp_path: Path) -> None:
    async with stream_process(["cat"], cwd=tmp_path) as process:
        assert await collect(process) == b""
        assert await process.wait() == 0


@pytest.mark.parametrize("argv", [["/no/such/program"], ["echo", "a\0b"], ["echo", "\ud800"]])
async def test_what_cannot_be_started(argv: list[str], tmp_path: Path) -> None:
    with pytest.raises(NotStarted) as caught:
        async with stream_process(argv, cwd=tmp_path):
            raise AssertionError
    assert caught.value.strerror


async def test_a_missing_folder_cannot_be_started_in(tmp_path: Path) -> None:
    with pytest.raises(NotStarted):
        async with stream_process(["echo"], cwd=tmp_path / "none"):
            raise AssertionError


async def test_errors_of_the_block_come_through(tmp_path: Path) -> None:
    with pytest.raises(BrokenPipeError):
        async with stream_process(["sleep", "60"], cwd=tmp_path):
            raise BrokenPipeError


async def test_a_fast_writer_waits_for_a_slow_reader(tmp_path: Path) -> None:
    code = "import os\nfor _ in range(64): os.write(1, b'x' * (1 << 20))"
    async with stream_process(python(code), cwd=tmp_path) as process:
        size = biggest = 0
        async for chunk in process:
            await asyncio.sleep(0)
            size += len(chunk)
            biggest = max(biggest, len(chunk), process._size)
        assert size == 64 << 20
        assert biggest < 3 << 20
        assert await process.wait() == 0


async def test_a_trickle_comes_before_the_end(tmp_path: Path) -> None:
    code = "import time; print('now', flush=True); time.sleep(600)"
    async with stream_process(python(code), cwd=tmp_path) as process:
        assert await process.read() == b"now\n"


@LINUX
async def test_leaving_the_block_kills_grandchildren(tmp_path: Path) -> None:
    code = (
        "import subprocess as s, sys, time\n"
        "a = s.Popen(['sleep', '600'])\n"
        "b = s.Popen(['sleep', '600'], start_new_session=True)\n"
        "print(a.pid); print(b.pid, flush=True); time.sleep(600)"
    )
    async with stream_process(python(code), cwd=tmp_path) as process:
        children = await pids(process, 2)
        assert all(map(alive, children))
    for pid in [process.pid, *children]:
        await gone(pid)


@LINUX
async def test_who_follows_the_request_to_end_leaves_nothing_either(tmp_path: Path) -> None:
    code = (
        "import subprocess as s, time\n"
        "a = s.Popen(['sleep', '600'], start_new_session=True, stdout=s.DEVNULL, stderr=s.DEVNULL)\n"
        "print(a.pid, flush=True); time.sleep(600)"
    )
    async with stream_process(python(code), cwd=tmp_path, grace=30) as process:
        (child,) = await pids(process, 1)
    await gone(child)


@LINUX
async def test_cancelling_kills_at_once_although_sigterm_is_ignored(tmp_path: Path) -> None:
    code = (
        "import signal, time, os; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(os.getpid(), flush=True); time.sleep(600)"
    )
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def run() -> None:
        async with stream_process(python(code), cwd=tmp_path, grace=0.05) as process:
            started.set_result((await pids(process, 1))[0])
            await collect(process)

    task = asyncio.create_task(run())
    pid = await started
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await gone(pid)


async def test_with_grace_a_program_may_clean_up(tmp_path: Path) -> None:
    code = (
        "import signal, sys, time, pathlib\n"
        "def end(*_): pathlib.Path('done').touch(); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); print('ready', flush=True); time.sleep(600)"
    )
    async with stream_process(python(code), cwd=tmp_path, grace=20) as process:
        assert await process.read() == b"ready\n"
    assert (tmp_path / "done").exists()


async def test_nothing_stays_open(tmp_path: Path) -> None:
    async def once() -> None:
        async with stream_process(["echo", "x"], cwd=tmp_path) as process:
            assert await collect(process) == b"x\n"

    await once()
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        await once()
    await asyncio.sleep(0)
    assert len(os.listdir("/proc/self/fd")) <= before
    assert len(asyncio.all_tasks()) == 1
