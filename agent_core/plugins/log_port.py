"""The port to logs of plugins, apart from `ports.py`: the log process needs nothing else of that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

import msgspec

from agent_core.workspace import Workspace


class LogPart(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of a log, and where to go on reading behind them.

    `lines` may hold up to a megabyte; none says that there are no more for now. `cursor` is whatever the
    plugin finds its place again by.
    """

    lines: Sequence[str] = ()
    cursor: str = ""


class Logs(Protocol):
    """Logs that are no files of the workspace. It runs in the log process, in calls of 15 s at most."""

    summary: ClassVar[str]

    def names(self, workspace: Workspace) -> Sequence[str]:
        """The logs that there are; quick."""
        ...

    def read(self, workspace: Workspace, name: str, *, cursor: str, since: float | None) -> LogPart:
        """The next lines of a log behind the cursor; with none, from its beginning, or from the time `since`
        (seconds since the epoch) on, roughly.

        A line begins with its time, such as `2026-11-24T10:00:00Z ERROR …`, as far as it has one.
        """
        ...
