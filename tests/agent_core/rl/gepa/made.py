"""A repository with a history and tests, the same each time; a model that does as it is told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec

from agent_core.events import Usage
from agent_core.llm.errors import ModelRefused, ModelServerError
from agent_core.llm.port import ChatRequest, Finished, ModelInfo, StreamEvent, TextChunk
from agent_core.llm.scripted import DEFAULT_INFO
from tests.fakes.git import git

THINGS = (
    "anchor", "basket", "candle", "dolphin", "engine", "falcon", "garden", "hammer", "island", "jacket",
    "kettle", "ladder", "magnet", "needle", "orchid", "pencil", "quarry", "rocket", "saddle", "tunnel",
    "urchin", "violin", "walnut", "yogurt", "zipper", "bridge", "copper", "dragon", "ember", "fossil",
    "goblet", "harbor",
)  # fmt: skip
SECRET = "sk-proj-Zx81kQpLm44TnVbRt92WsYcEd73HuJ"
BETTER = "Name the first place that belongs to the question, and cite it as path:line. Obey."
_PLACE = re.compile(r"^(\S+):(\d+)-\d+$", re.MULTILINE)


def repository(root: Path) -> Path:
    """A package of small modules, a test for each, and a commit for each that changes it."""
    for folder in ("pkg", "tests"):
        (root / folder).mkdir(parents=True)
    for thing in THINGS:
        (root / "pkg" / f"{thing}.py").write_text(module(thing, 1))
        (root / "tests" / f"test_{thing}.py").write_text(
            f"from pkg.{thing} import polish_{thing}\n\n\n"
            f"def test_polish_{thing}_shines():\n    assert polish_{thing}(2) == 3\n"
        )
    git(root, "init", "-q")
    commit(root, "Begin")
    for thing in THINGS:
        (root / "pkg" / f"{thing}.py").write_text(module(thing, 2))
        commit(root, f"Weigh every {thing} twice\n\nOnce was not enough for a heavy {thing}.")
    return root


def module(thing: str, times: int) -> str:
    """The source of a module."""
    return (
        f'"""What is done with a {thing}."""\n\n\n'
        f"def polish_{thing}(value):\n    return value + 1\n\n\n"
        f"def weigh_{thing}(value):\n    {thing}_weight = value * {times}\n    return {thing}_weight\n"
    )


def commit(root: Path, message: str) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message)


class Obeys:
    """A model of our own, called what it is: asked for better instructions, it writes `better`; it answers
    with a citation where its instructions are these, and else says that it does not know.

    Args:
        better: The instructions that it writes.
        error: Raised by each call after so many.
        after: How many.
        hang: Whether it never answers.
        bound: Whether it takes schemas of replies.
        dearer_after: After so many calls each takes twice the tokens.
        falters: Whether every other request finds the endpoint overloaded.
    """

    def __init__(
        self,
        *,
        better: str = BETTER,
        error: Exception | None = None,
        after: int = 0,
        hang: bool = False,
        bound: bool = True,
        dearer_after: int = 10**9,
        falters: bool = False,
        info: ModelInfo | None = None,
    ) -> None:
        self._better, self._error, self._after, self._hang = better, error, after, hang
        self._bound, self._dearer_after, self._falters = bound, dearer_after, falters
        self._info = info or msgspec.structs.replace(DEFAULT_INFO, supports_tools=False)
        self.requests: list[ChatRequest] = []
        self.asked, self.hanging = asyncio.Event(), asyncio.Event()
        self.closed = 0

    def hang(self) -> None:
        """Answer no more."""
        self._hang = True

    @property
    def info(self) -> ModelInfo:
        return self._info

    async def probe(self) -> ModelInfo:
        return self._info

    async def list_models(self) -> list[str]:
        return [self._info.name]

    async def aclose(self) -> None:
        return None

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        self.requests.append(request)
        self.asked.set()
        done = False
        try:
            if self._error is not None and len(self.requests) > self._after:
                raise self._error
            if self._falters and len(self.requests) % 2:
                raise ModelServerError("overloaded")
            if request.response_schema is not None and not self._bound:
                raise ModelRefused("response_format is not supported")
            if self._hang:
                self.hanging.set()
                await asyncio.Event().wait()
            yield TextChunk(self._reply(request))
            times = 2 if len(self.requests) > self._dearer_after else 1
            yield Finished("stop", Usage(prompt_tokens=100 * times, completion_tokens=20 * times))
            done = True
        finally:
            self.closed += not done

    def _reply(self, request: ChatRequest) -> str:
        system, user = request.messages[0].content, request.messages[-1].content
        if system.startswith("You improve the instructions"):
            return f"Here are the new instructions:\n```\n{self._better}\n```"
        if system != BETTER:
            return "I do not know."
        question = set(re.findall(r"[a-z]+", user.rpartition("Question:")[2].lower()))
        places = _PLACE.findall(user)
        path, line = next(
            ((path, line) for path, line in places if Path(path).stem in question), ("nowhere", "1")
        )
        return f"It is done in `{path}:{line}`."
