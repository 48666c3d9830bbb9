"""One whole conversation in a real pseudo-terminal: asking, tools, typing ahead, stopping, leaving."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pexpect
import pyte
import pytest

from tests.e2e.conftest import PROGRAM, environment
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer, Call

pytestmark = pytest.mark.terminal
LIMIT_S = 120.0


class Terminal:
    """The program in a pseudo-terminal, and what a terminal would show of it."""

    def __init__(self, repo: Path, url: str, *, columns: int = 120, rows: int = 36) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.process = pexpect.spawn(
            PROGRAM[0],
            [*PROGRAM[1:], str(repo)],
            env=environment(
                TERM="xterm-256color", COLORTERM="truecolor", OPENAI_BASE_URL=f"{url}/v1", MODEL_NAME="big"
            ),
            dimensions=(rows, columns),
            timeout=LIMIT_S,
        )

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def read(self) -> bool:
        try:
            data = self.process.read_nonblocking(65536, timeout=0.05)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += data
        self._stream.feed(data)
        return True

    async def shows(self, condition: str | Callable[[str], bool]) -> None:
        """Wait until the screen shows something."""
        holds = (lambda text: condition in text) if isinstance(condition, str) else condition
        end = time.monotonic() + LIMIT_S
        while not holds(self.text):
            assert time.monotonic() < end, f"never on the screen: {condition}\n{self.text}"
            assert await asyncio.to_thread(self.read), f"it ended\n{self.text}"

    async def settles(self, still_s: float = 1.5) -> None:
        """Wait until nothing on the screen has changed for so long."""
        end, text, since = time.monotonic() + LIMIT_S, self.text, time.monotonic()
        while time.monotonic() - since < still_s:
            assert time.monotonic() < end, f"the screen never came to rest\n{self.text}"
            assert await asyncio.to_thread(self.read), f"it ended\n{self.text}"
            if self.text != text:
                text, since = self.text, time.monotonic()

    async def ends(self) -> None:
        while await asyncio.to_thread(self.read):
            pass
        await asyncio.to_thread(self.process.close)

    def type(self, text: str) -> None:
        self.process.send(text)


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer(models=("big",)) as running:
        yield running


async def test_a_whole_conversation(repo: Path, server: ModelServer) -> None:
    server.script(
        Answer(calls=(Call("grep", ('{"pattern": "parse_header"}',)),)),
        Answer(text=("It is **defined** ", "in src/parser.py:1, ", "and nowhere else.")),
        Answer(text=("This one goes on and on ", "for ever"), hang="middle"),
        Answer(text=("The waiting ", "one.")),
    )
    terminal = Terminal(repo, server.url)
    try:
        await terminal.shows("Ask about this repository")
        await terminal.shows("big")
        terminal.type("where is parse_header?\r")
        await terminal.shows("grep parse_header")
        await terminal.shows("in src/parser.py:1, and nowhere else.")
        await terminal.shows("✓ answered")

        terminal.type("tell me everything\r")
        await terminal.shows("on and on")
        await terminal.shows("Esc stops")
        terminal.type("and what else?\r")
        await terminal.shows("waits  and what else?")
        terminal.type("\x1b")
        await terminal.shows("■ stopped")
        await terminal.shows("The waiting one.")
        await terminal.shows(lambda text: "Esc stops" not in text)
        assert "on and on" in terminal.text, "what was received stays"

        terminal.type("tree\r")
        await terminal.shows("tree")
        await terminal.shows("✓ tree")
        terminal.type("\x11")
        await terminal.ends()
    finally:
        terminal.process.close(force=True)
    assert terminal.process.exitstatus == 0
    assert b"\x1b[?1049l" in terminal.raw
    assert b"Traceback" not in terminal.raw
    history = (repo / ".dspy_tui" / "prompts.jsonl").read_text().splitlines()
    assert history[0] == '"where is parse_header?"'


async def test_a_question_of_permission(repo: Path, server: ModelServer) -> None:
    terminal = Terminal(repo, server.url, columns=80, rows=24)
    try:
        await terminal.shows("Ask about this repository")
        await terminal.shows("F1 shows every key")
        terminal.type("!touch made\r")
        await terminal.shows("Run a shell command?")
        await terminal.shows("touch made")
        assert not (repo / "made").exists()
        while "Run a shell command?" in terminal.text:  # keys typed before it could be read answer nothing
            terminal.type("y")
            await asyncio.to_thread(terminal.read)
        await terminal.shows("✎ changed")
        assert (repo / "made").exists()
        terminal.type("\x11")
        await terminal.ends()
    finally:
        terminal.process.close(force=True)
    assert terminal.process.exitstatus == 0
