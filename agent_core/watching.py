"""Watching folders on the disk with watchfiles, in the background, without polling."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

_UNNAMED = "Unable to decode path"
"""What watchfiles says, and stops, when something changes whose name is not UTF-8."""
_AGAIN_S = 1.0
"""How long nothing is watched after such a name: each change of that file would end the watching anew."""
_LONGEST = 4


def _nothing() -> None:
    return None


class FolderWatch:
    """Watches single folders (not what is below them): ignored ones, however large, cost nothing.

    Args:
        on_change: Called in the event loop with the paths that changed.
        on_unnamed: Called when something changed whose name is not text, nobody knows where.
        on_trouble: Called once with the reason when watching is not possible.
        on_start: Called whenever watching begins anew: what changed before was not told.
        step_ms: How long the disk must be quiet before changes are told; while it is not, they are told after
            four times as long.
    """

    def __init__(
        self,
        *,
        on_change: Callable[[set[Path]], None],
        on_unnamed: Callable[[], None],
        on_trouble: Callable[[str], None],
        on_start: Callable[[], None] = _nothing,
        step_ms: int = 250,
    ) -> None:
        self._on_change = on_change
        self._on_unnamed = on_unnamed
        self._on_trouble = on_trouble
        self._on_start = on_start
        self._step_ms = step_ms
        self._wanted: frozenset[Path] = frozenset()
        self._again = asyncio.Event()
        self.watching = False
        """Whether changes are seen from now on."""

    def watch(self, folders: Iterable[Path]) -> None:
        """Watch these folders from now on."""
        wanted = frozenset(folders)
        if wanted != self._wanted:
            self._wanted = wanted
            self._again.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        watchfiles = await asyncio.to_thread(_import)
        modified = watchfiles.Change.modified
        loop = asyncio.get_running_loop()
        while True:
            self._again.clear()
            folders = await asyncio.to_thread(_existing, self._wanted)
            if not folders:
                await self._again.wait()
                continue
            watching = watchfiles.awatch(  # pyright: ignore[reportUnknownMemberType]
                *folders, recursive=False, watch_filter=None, step=self._step_ms,
                debounce=_LONGEST * self._step_ms, rust_timeout=0, stop_event=self._again,
                ignore_permission_denied=True,
            )  # fmt: skip
            self.watching = True
            begun = loop.call_soon(self._on_start)  # it watches before it waits for the first time
            try:
                async for changes in watching:
                    self._on_change({Path(path) for _, path in changes})
                    if any(kind != modified and Path(path) in folders for kind, path in changes):
                        self._again.set()  # of a folder that was made anew nothing would be told
            except FileNotFoundError:
                begun.cancel()
                continue  # a folder vanished in between
            except OSError as error:
                begun.cancel()
                self._on_trouble(error.strerror or str(error))
                return
            except ExceptionGroup as group:  # what the watching thread raises
                if (reason := _reason(group)) is not None:
                    self._on_trouble(reason)
                    return
                self._on_unnamed()
                await asyncio.sleep(_AGAIN_S)


def _existing(folders: Iterable[Path]) -> list[Path]:
    return [folder for folder in folders if folder.is_dir()]


def _reason(group: ExceptionGroup[Exception]) -> str | None:
    """Why watching is not possible; None when it only met a name that is not text."""
    reason = str(group.exceptions[0])
    return None if _UNNAMED in reason else reason


def _import():
    import anyio
    import watchfiles

    # What anyio takes to work beside asyncio is imported by its first use: here, not in the event loop.
    anyio.run(anyio.sleep, 0)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    return watchfiles
