"""The colours of a command's output: those few that `agent_core/tools/live.py` lets through."""

from __future__ import annotations

import re

from agent_core.tools.live import CODES
from tui.widgets.transcript.inline import plain_runs
from tui.widgets.transcript.lines import Run

_SGR = re.compile("\x1b\\[([0-9;]{0,64})m")
_KNOWN = frozenset(map(str, CODES))


def coloured_runs(row: str) -> list[Run]:
    """The runs of a row; what is no colour is shown literally."""
    runs: list[Run] = []
    style, at = "title", 0
    for match in _SGR.finditer(row):
        runs += plain_runs(row[at : match.start()].expandtabs(4), style)
        style = " ".join(["title", *(f"sgr{code}" for code in match[1].split(";") if code in _KNOWN)])
        at = match.end()
    return [*runs, *plain_runs(row[at:].expandtabs(4), style)]
