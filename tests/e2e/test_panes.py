"""The sizes of panes in a real pseudo-terminal: by keys and mouse, and after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.test_conversation import Terminal
from tests.e2e.test_mouse import NOWHERE

pytestmark = pytest.mark.terminal
WIDER, ALONE = "\x1b[1;3C", "\x1bw"


def border(terminal: Terminal) -> int:
    """The column, from 1, in which the files end."""
    return terminal.screen.display[0].index("╮") + 1


async def test_panes_are_moved_and_remembered(repo: Path) -> None:
    terminal = Terminal(repo, NOWHERE)
    try:
        await terminal.shows("Ask about this repository")
        await terminal.shows("README.md")
        assert border(terminal) == 36
        terminal.type(f"\x1bOQ{WIDER}{WIDER}")
        await terminal.shows(lambda _: border(terminal) == 44)
        terminal.type("\x1b[<35;44;10M\x1b[<0;44;10M\x1b[<32;52;10M\x1b[<0;52;10m")
        await terminal.shows(lambda _: border(terminal) == 52)
        terminal.type(ALONE)
        await terminal.shows(lambda text: "Ask about" not in text and border(terminal) == 120)
        terminal.type(ALONE)
        await terminal.shows(lambda _: border(terminal) == 52)
        terminal.type("\x11")
        await terminal.ends()
    finally:
        terminal.process.close(force=True)
    again = Terminal(repo, NOWHERE)
    try:
        await again.shows("Ask about this repository")
        assert border(again) == 52, "with the first paint"
        again.type("\x1br")
        await again.shows(lambda _: border(again) == 36)
        again.type("\x11")
        await again.ends()
    finally:
        again.process.close(force=True)
    assert b"Traceback" not in terminal.raw + again.raw
    assert '"medium": {}' in (repo / ".dspy_tui" / "panes.json").read_text()
