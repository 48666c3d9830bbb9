"""A change that is approved in part, in a real pseudo-terminal: the file has exactly that part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.test_conversation import Terminal
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer

pytestmark = pytest.mark.terminal
PROGRAM = "def first():\n    return 1\n" + "\n\n# far apart\n" * 8 + "\n\ndef last():\n    return 2\n"
EDIT = """I change both.

work.py
<<<<<<< SEARCH
    return 1
=======
    return 'one'
>>>>>>> REPLACE

work.py
<<<<<<< SEARCH
    return 2
=======
    return 'two'
>>>>>>> REPLACE
"""


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer(models=("big",)) as running:
        running.script(Answer(text=(EDIT,)))
        yield running


async def asked(terminal: Terminal) -> None:
    """Ask for the change, and wait for the question."""
    await terminal.shows("Ask about this repository")
    await terminal.shows("big")
    terminal.type("/edit @work.py return words\r")
    await terminal.shows("Change 1 file?")
    await terminal.shows("return 'one'")
    await terminal.shows("2 of 2 hunks")


async def answer(terminal: Terminal, question: str, key: str) -> None:
    """Answer; keys typed before the question could be read are not taken."""
    while question in terminal.text:
        terminal.type(key)
        await asyncio.to_thread(terminal.read)


async def test_only_what_is_ticked_is_written(repo: Path, server: ModelServer) -> None:
    (repo / "work.py").write_text(PROGRAM)
    terminal = Terminal(repo, server.url)
    try:
        await asked(terminal)
        terminal.type("j ")
        await terminal.shows("1 of 2 hunks")
        assert (repo / "work.py").read_text() == PROGRAM, "nothing is written before it is approved"
        await answer(terminal, "Change 1 file?", "y")
        await terminal.shows("changed 1 file")
        assert (repo / "work.py").read_text() == PROGRAM.replace("return 1", "return 'one'")
        terminal.type("\x1bz")
        await terminal.shows("It changes files.")
        await answer(terminal, "It changes files.", "y")
        await terminal.shows(lambda _: (repo / "work.py").read_text() == PROGRAM)
        terminal.type("\x11")
        await terminal.ends()
    finally:
        terminal.process.close(force=True)
    assert terminal.process.exitstatus == 0


async def test_a_rejected_change_writes_nothing(repo: Path, server: ModelServer) -> None:
    (repo / "work.py").write_text(PROGRAM)
    terminal = Terminal(repo, server.url, columns=80, rows=24)
    try:
        await asked(terminal)
        await answer(terminal, "Change 1 file?", "n")
        await terminal.shows("■ stopped")
        assert (repo / "work.py").read_text() == PROGRAM
        terminal.type("\x11")
        await terminal.ends()
    finally:
        terminal.process.close(force=True)
