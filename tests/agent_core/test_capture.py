from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from agent_core.capture import capture
from tests.fakes.processes import gone


async def test_output_and_exit_code(tmp_path: Path) -> None:
    code = "import os,sys; print(os.getcwd()); print(os.environ['X'], file=sys.stderr); sys.exit(3)"
    answer = await capture([sys.executable, "-c", code], cwd=tmp_path, env={"X": "y"})
    assert (answer.code, answer.out, answer.err) == (3, f"{tmp_path}\n".encode(), "y\n")


async def test_too_much_output_is_cut() -> None:
    answer = await capture(["yes"], limit=1000)
    assert answer.cut
    assert len(answer.out) == 1000
    assert answer.code < 0


async def test_output_that_nobody_reads_any_more_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unread(*_: object) -> bytes:
        await asyncio.sleep(600)
        return b""

    monkeypatch.setattr("agent_core.capture._read", unread)
    asking = asyncio.create_task(capture(["yes"], timeout=1.0))
    assert (await asyncio.wait({asking}, timeout=60))[0], "it waits for the end of a full pipe"
    with pytest.raises(TimeoutError):
        await asking


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux only")
async def test_too_much_memory_is_refused() -> None:
    takes = [sys.executable, "-c", "print(len(bytearray(300 << 20)))"]
    assert (await capture(takes)).code == 0
    answer = await capture(takes, memory=100 << 20)
    assert answer.code == 1 and "MemoryError" in answer.err


async def test_a_program_that_does_not_exist() -> None:
    with pytest.raises(OSError, match="no-such-program"):
        await capture(["no-such-program"])


HANG = """
import os, subprocess, sys, time
child = subprocess.Popen(["sleep", "600"])
open(sys.argv[1], "w").write(f"{os.getpid()} {child.pid} .")
time.sleep(600)
"""


async def test_time_is_bounded_and_nothing_is_left(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    for limit in (0.5, 5.0, 60.0):  # on a busy machine it takes long to begin
        with pytest.raises(TimeoutError):
            await capture([sys.executable, "-c", HANG, str(pids)], timeout=limit)
        if pids.exists() and pids.read_text().endswith("."):
            break
    for pid in pids.read_text().split()[:2]:
        await gone(int(pid))


async def test_a_cancelled_call_leaves_nothing(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    call = asyncio.create_task(capture([sys.executable, "-c", HANG, str(pids)]))
    while not pids.exists() or not pids.read_text().endswith("."):
        await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    for pid in pids.read_text().split()[:2]:
        await gone(int(pid))
