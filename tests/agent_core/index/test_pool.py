"""Reading files in processes: a file that no parser survives costs a process, nothing else."""

from __future__ import annotations

import asyncio
import errno
import multiprocessing
import multiprocessing.context
import os
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
import pytest

from agent_core.index.digest import Digest
from agent_core.index.pool import Readers
from tests.agent_core.index.workspaces import make

HOSTILE = "a=>\n" * 4_000
"""Of this the Java grammar makes more states than any memory holds."""


async def read(readers: Readers, paths: list[str]) -> list[Digest]:
    return [found async for found in readers.digests(paths, {})]


def children() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


@pytest.mark.parametrize("files", [5, 320], ids=["few", "many"])
async def test_a_file_that_kills_its_parser_is_cut_into_windows(tmp_path: Path, files: int) -> None:
    make(tmp_path, files)
    (tmp_path / "pkg0" / "Hostile.java").write_text(HOSTILE)
    paths = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*"))
    readers = Readers(tmp_path, at_once=2)
    before = children()
    found = {row.path: row for digest in await read(readers, paths) for row in digest.files}
    assert set(found) == set(paths)
    hostile = found["pkg0/Hostile.java"]
    assert hostile.broken and hostile.language == "" and hostile.chunks
    assert all(
        row.language == "python" and row.symbols for path, row in found.items() if path.endswith(".py")
    )
    again = await read(readers, ["pkg0/module_0.py"])
    assert [row.path for row in again[0].files] == ["pkg0/module_0.py"]
    readers.rest()
    async with asyncio.timeout(60):
        while children() - before - {os.getpid()} - _trackers():
            await asyncio.sleep(0.05)


def _trackers() -> set[int]:
    """multiprocessing's own helper, which lives as long as this process."""
    from multiprocessing import resource_tracker

    pid = resource_tracker._resource_tracker._pid  # type: ignore[attr-defined]
    return {pid} if pid else set()


async def test_what_is_cancelled_leaves_the_readers_usable(tmp_path: Path) -> None:
    make(tmp_path, 40)
    paths = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.py"))
    readers = Readers(tmp_path, at_once=2)
    task = asyncio.create_task(read(readers, paths))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sum(len(found.files) for found in await read(readers, paths)) == 40
    readers.rest()


async def test_where_no_process_can_be_started_files_are_read_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make(tmp_path, 20)
    paths = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.py"))
    tried: list[object] = []

    def refuse(process: object) -> None:
        tried.append(process)
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(multiprocessing.context.SpawnProcess, "_Popen", staticmethod(refuse))
    readers = Readers(tmp_path, at_once=2)
    found = {row.path: row for digest in await read(readers, paths) for row in digest.files}
    assert set(found) == set(paths)
    assert all(row.language == "python" and row.symbols for row in found.values()), "parsed all the same"
    count = len(tried)
    assert count <= 6, "not tried for each file"
    await read(readers, paths[:3])
    assert len(tried) == count, "nor soon again"
    assert caplog.text.count("they are read in this one") == 1
    readers.rest()


async def test_where_only_some_processes_can_be_started_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, 320)
    paths = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.py"))
    start = multiprocessing.context.SpawnProcess._Popen  # type: ignore[attr-defined]
    started: list[BaseProcess] = []

    def refuse_the_second(process: BaseProcess) -> object:
        if started:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        started.append(process)
        return start(process)

    monkeypatch.setattr(multiprocessing.context.SpawnProcess, "_Popen", staticmethod(refuse_the_second))
    readers = Readers(tmp_path, at_once=2)
    found = [row.path for digest in await read(readers, paths) for row in digest.files]
    assert sorted(found) == paths
    assert len(started) == 1
    readers.rest()


async def test_what_has_nothing_to_read_ends_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    make(tmp_path, 3)
    before = children() - _trackers()
    readers = Readers(tmp_path, at_once=2, first_s=0.05, later_s=3600.0)
    readers.start()
    assert len(await read(readers, ["pkg0/module_0.py"])) == 1
    assert children() - before
    async with asyncio.timeout(60):
        while children() - before:
            await asyncio.sleep(0.02)
    assert len(await read(readers, ["pkg0/module_0.py"])) == 1
    await asyncio.sleep(0.2)
    assert children() - before - _trackers(), "whoever comes back is expected to come again"
    await readers.aclose()


async def test_what_is_read_while_they_end_is_read_by_others(tmp_path: Path) -> None:
    make(tmp_path, 3)
    readers = Readers(tmp_path, at_once=2, first_s=0.0, later_s=0.0)
    for number in range(6):
        (found,) = await read(readers, ["pkg0/module_0.py"])
        assert [row.path for row in found.files] == ["pkg0/module_0.py"]
        await asyncio.sleep(number / 50)
    await readers.aclose()


async def test_what_is_given_up_while_it_waits_for_a_process_keeps_none(tmp_path: Path) -> None:
    make(tmp_path, 3)
    before = children() - _trackers()
    readers = Readers(tmp_path, at_once=2, first_s=0.05, later_s=3600.0)
    readers.start()
    reading = asyncio.create_task(read(readers, ["pkg0/module_0.py"]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    async with asyncio.timeout(60):
        while not children() - before - _trackers():
            await asyncio.sleep(0.01)
        while children() - before:
            await asyncio.sleep(0.02)
    await readers.aclose()


async def test_nothing_is_left_to_do_after_the_end(tmp_path: Path) -> None:
    readers = Readers(tmp_path, at_once=2, first_s=3600.0)
    readers.start()
    await asyncio.sleep(0)
    await readers.aclose()
    await asyncio.sleep(0.05)
    assert readers._timer is None
