"""From what a log says to the workspace's code."""

from __future__ import annotations

import time
from itertools import islice

from agent_core.logs.api import CodePlace
from agent_core.logs.traces import Paths, mentioned, parse, places
from agent_core.workspace import Workspace

_MOST_FILES = 100_000
_STALE_S = 60.0


class Leads:
    """Finds the places of the workspace that the text of an event leads to.

    Args:
        workspace: The workspace. Its files are listed when they are needed, and again after a while.
        maps: The setting `log_paths`.
    """

    def __init__(self, workspace: Workspace, maps: tuple[str, ...]) -> None:
        self._workspace, self._maps = workspace, maps
        self._paths = Paths(())
        self._listed = float("-inf")

    def own(self, path: str) -> str | None:
        """The workspace's file for the path of a frame; None for one of a library."""
        now = time.monotonic()
        if now - self._listed > _STALE_S:
            files = islice(self._workspace.walk(), _MOST_FILES)
            self._paths = Paths(files, maps=self._maps, root=str(self._workspace.root))
            self._listed = now
        return self._paths.find(path)

    def places(self, text: str) -> tuple[CodePlace, ...]:
        """The places that a trace goes through, or that any other text names."""
        trace = parse(text) if "\n" in text else None
        found = places(trace, known=self.own) if trace is not None else ()
        return found or mentioned(text, known=self.own)
