"""Watching folders on the disk with watchfiles, in the background, without polling."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

_STEP_MS = 250
"""How long changes are gathered before they are told; also how often the watching thread wakes."""
_UNNAMED = "Unable to decode path"
"""What watchfiles says, and stops, when something changes whose name is not UTF-8."""


class DiskWatcher:
    """Watches single folders (not what is below them) and tells which paths changed.

    Args:
        on_change: Called in the event loop with absolute paths.
        on_unnamed: Called when something changed whose name is not text, nobody knows where.
        on_trouble: Called once with the reason when watching is not possible.
    """

    def __init__(
        self,
        *,
        on_change: Callable[[set[Path]], None],
        on_unnamed: Callable[[], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        self._on_change = on_change
        self._on_unnamed = on_unnamed
        self._on_trouble = on_trouble
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
        while True:
            self._again.clear()
            folders = [path for path in self._wanted if path.is_dir()]
            if not folders:
                await self._again.wait()
                continue
            try:
                watching = watchfiles.awatch(  # pyright: ignore[reportUnknownMemberType]
                    *folders, recursive=False, watch_filter=None, step=_STEP_MS, debounce=4 * _STEP_MS,
                    stop_event=self._again, ignore_permission_denied=True,
                )  # fmt: skip
                self.watching = True
                async for changes in watching:
                    self._on_change({Path(path) for _, path in changes})
            except FileNotFoundError:
                continue  # a folder vanished in between
            except OSError as error:
                self._on_trouble(error.strerror or str(error))
                return
            except ExceptionGroup as group:  # what the watching thread raises
                if (reason := _reason(group)) is not None:
                    self._on_trouble(reason)
                    return
                self._on_unnamed()
                await asyncio.sleep(
                    4 * _STEP_MS / 1000
                )  # each change of that file would end the watching anew


def _reason(group: ExceptionGroup[Exception]) -> str | None:
    """Why watching is not possible; None when it only met a name that is not text."""
    reason = str(group.exceptions[0])
    return None if _UNNAMED in reason else reason


def _import():
    import watchfiles

    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    return watchfiles
