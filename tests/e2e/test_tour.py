"""The first start of a person who is new, in a real pseudo-terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.folders import user_state_dir
from tests.e2e.test_conversation import Terminal
from tests.e2e.test_mouse import NOWHERE

pytestmark = pytest.mark.terminal


async def test_a_newcomer_is_shown_around_once(repo: Path) -> None:
    seen = user_state_dir() / "tour.json"
    seen.unlink()
    terminal = Terminal(repo, NOWHERE, columns=80, rows=24)
    try:
        await terminal.shows("New here?")
        assert "Ask about this repository" in terminal.text
        terminal.type("\x1bh")
        await terminal.shows("1 of 8")
        terminal.type("\x1b[C")
        await terminal.shows("2 of 8")
        terminal.type("\x1bOQ")
        await terminal.shows("✓ done")
        await terminal.shows("3 of 8")
        assert "README.md" in terminal.text
        terminal.type("\x1b")
        await terminal.shows("Esc ends the tour")
        terminal.type("tree\r")
        await terminal.shows("✓ tree")
        await terminal.settles()
        assert "3 of 8" in terminal.text, "it goes on beside the work"
        terminal.type("\x1b")
        await terminal.shows(lambda text: "of 8" not in text)
        terminal.type("\x11")
        await terminal.ends()
    finally:
        terminal.process.close(force=True)
    assert b"Traceback" not in terminal.raw
    again = Terminal(repo, NOWHERE, columns=80, rows=24)
    try:
        await again.shows("F1 shows every key")
        await again.settles()
        assert "New here?" not in again.text
        again.type("\x11")
        await again.ends()
    finally:
        again.process.close(force=True)
