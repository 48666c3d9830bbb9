"""Watching folders on a real disk."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from agent_core.watching import FolderWatch


async def test_watching_and_watching_elsewhere(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    seen: asyncio.Queue[set[Path]] = asyncio.Queue()
    watcher = FolderWatch(
        on_change=seen.put_nowait,
        on_unnamed=lambda: None,
        on_trouble=lambda reason: seen.put_nowait({Path(reason)}),
    )
    task = asyncio.create_task(watcher.run())
    watcher.watch([first, tmp_path / "missing"])

    async def told(path: Path) -> None:
        """Touch the file until it is told, since nobody says when the system has begun to watch."""
        for number in range(100):
            path.write_text(str(number))
            try:
                if path in await asyncio.wait_for(seen.get(), 0.5):
                    return
            except TimeoutError:
                continue
        raise AssertionError(f"{path} was never told")

    await told(first / "a")
    watcher.watch([second])
    await told(second / "b")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_folder_that_is_made_anew_is_watched_again(tmp_path: Path) -> None:
    folder = tmp_path / "src"
    folder.mkdir()
    seen: set[Path] = set()
    told, begun = asyncio.Event(), asyncio.Event()
    made_anew = False

    def begins() -> None:
        begun.set()
        if made_anew:  # what was changed before this is not told
            (folder / "new").write_text("x")

    def changed(paths: set[Path]) -> None:
        seen.update(paths)
        told.set()

    watcher = FolderWatch(
        on_change=changed,
        on_unnamed=lambda: None,
        on_trouble=lambda reason: seen.add(Path(reason)),
        on_start=begins,
        step_ms=50,
    )
    watcher.watch([tmp_path, folder])
    task = asyncio.create_task(watcher.run())
    async with asyncio.timeout(60):
        await begun.wait()
        folder.rmdir()
        folder.mkdir()
        made_anew = True
        while folder / "new" not in seen:
            told.clear()
            await told.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_watching_goes_on_after_a_name_that_is_not_text(tmp_path: Path) -> None:
    seen: asyncio.Queue[str] = asyncio.Queue()
    watcher = FolderWatch(
        on_change=lambda paths: [seen.put_nowait(path.name) for path in paths] and None,
        on_unnamed=lambda: seen.put_nowait("unnamed"),
        on_trouble=seen.put_nowait,
    )
    watcher.watch([tmp_path])
    task = asyncio.create_task(watcher.run())

    async def told(name: bytes, expected: str) -> None:
        for number in range(200):
            (tmp_path / os.fsdecode(name)).write_text(str(number))
            try:
                if await asyncio.wait_for(seen.get(), 0.5) == expected:
                    return
            except TimeoutError:
                continue
        raise AssertionError(f"{name} was never told")

    await told(b"odd-\xff.py", "unnamed")
    await told(b"plain.py", "plain.py")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
