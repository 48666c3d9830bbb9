"""Which paths of a workspace change, told as they do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

_STEP_MS = 40
"""How long the disk must be quiet before changes are told."""
_MOST_MS = 400
"""How long changes are gathered at most while it is not."""


class FolderWatch:
    """Watches single folders (not what is below them): ignored ones, however large, cost nothing.

    Args:
        on_change: Called in the event loop with the paths that changed, absolute.
        on_start: Called whenever watching begins anew: what changed before was not told.
        on_trouble: Called once with the reason when watching is not possible.
    """

    def __init__(
        self,
        *,
        on_change: Callable[[set[str]], None],
        on_start: Callable[[], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        self._on_change = on_change
        self._on_start = on_start
        self._on_trouble = on_trouble
        self._folders: frozenset[str] = frozenset()
        self._again = asyncio.Event()

    def watch(self, folders: Iterable[str]) -> None:
        """Watch these folders from now on."""
        wanted = frozenset(folders)
        if wanted != self._folders:
            self._folders = wanted
            self._again.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        import watchfiles

        logging.getLogger("watchfiles").setLevel(logging.WARNING)
        while True:
            self._again.clear()
            folders = await asyncio.to_thread(_existing, self._folders)
            if not folders:
                await self._again.wait()
                continue
            try:
                watching = watchfiles.awatch(  # pyright: ignore[reportUnknownMemberType]
                    *folders, recursive=False, watch_filter=None, step=_STEP_MS, debounce=_MOST_MS,
                    rust_timeout=1000, yield_on_timeout=True, stop_event=self._again,
                    ignore_permission_denied=True,
                )  # fmt: skip
                told = False
                async for changes in watching:
                    if not told:
                        told = True
                        self._on_start()
                    if changes:
                        self._on_change({path for _, path in changes})
            except FileNotFoundError:
                continue  # a folder vanished in between
            except OSError as error:
                self._on_trouble(error.strerror or str(error))
                return


def _existing(folders: Iterable[str]) -> list[str]:
    return [folder for folder in folders if Path(folder).is_dir()]


def folders_of(root: Path, paths: Iterable[str]) -> set[str]:
    """The folders that hold the paths, and those between them and the root; absolute."""
    known = {""}
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder not in known:
            known.add(folder)
            folder = folder.rpartition("/")[0]
    return {f"{root}/{folder}".rstrip("/") for folder in known}
