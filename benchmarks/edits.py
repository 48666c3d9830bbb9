"""Edits of single files as a person makes them, and waiting until the index has them."""

from __future__ import annotations

import ast
import asyncio
import os
import random
import string
import time
from pathlib import Path
from typing import NamedTuple

from agent_core.code.roles import role
from agent_core.index.client import WorkerIndex

_PAUSE_S = 0.005
_MOST_S = 60.0
_LINES = 12
"""Enough of them to be a chunk of their own."""
_MARK = "# edited for a measurement"


class Edit(NamedTuple):
    """A function of this name is new in the file; `at` is when the file was written (`time.perf_counter`)."""

    path: str
    name: str
    at: float


class Edits:
    """Edits one Python file after another, by chance; sources, since others may rank behind them.

    An edit puts a function with a name of random letters between two others of the file, in the place
    of what an earlier edit put into it; so the tree hardly grows.
    """

    def __init__(self, workspace: Path, *, seed: int) -> None:
        self._workspace = workspace
        self._chance = random.Random(seed)
        paths = (path.relative_to(workspace).as_posix() for path in workspace.rglob("*.py"))
        self._paths = sorted(path for path in paths if role(path) == "source" and path[0] != ".")

    def make(self) -> Edit:
        """Edit a file."""
        while True:
            path = self._chance.choice(self._paths)
            letters = "".join(self._chance.choices(string.ascii_lowercase, k=12))
            name = f"{letters[:6]}_{letters[6:]}"
            file = self._workspace / path
            content = self._with(name, file.read_text("utf-8", "replace"))
            if _defines(content, name):
                began = time.perf_counter()
                file.write_text(content, "utf-8")
                return Edit(path, name, began)

    def _with(self, name: str, content: str) -> str:
        parts = [part for part in content.split("\n\n\n") if _MARK not in part]
        lines = (f"    step_{number} = value + {self._chance.randrange(1000)}" for number in range(_LINES))
        body = "\n".join(lines)
        added = f'def {name}(value):\n    """Tell how it goes."""\n{body}\n    return value  {_MARK}'
        parts.insert(self._chance.randint(1, len(parts)), added)
        return "\n\n\n".join(parts)


def _defines(content: str, name: str) -> bool:
    """Whether the function came to stand for itself, not in a text."""
    try:
        tree = ast.parse(content)
    except SyntaxError:
        return False
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)


async def found(index: WorkerIndex, edit: Edit) -> float:
    """Search until the new function is among the results; the seconds since the edit.

    The name of a place comes from the index, only its text from the disk: so what is found is what the index
    has taken in. Ends the program when that does not come.
    """
    while True:
        answer = await index.search(edit.name)
        seconds = time.perf_counter() - edit.at
        if any((place.path, place.name) == (edit.path, edit.name) for place in answer.places):
            return seconds
        if seconds > _MOST_S:
            raise SystemExit(f"benchmark: {edit.name} in {edit.path} was never found: {index.status}")
        await asyncio.sleep(_PAUSE_S)


async def finished(index: WorkerIndex) -> None:
    """Wait until every vector is made and everything is on disk."""
    await index.embed(on_progress=lambda status: None)


def cpu_seconds(index: WorkerIndex) -> float:
    """The CPU time that the index process has taken, with those of its children that have ended."""
    process = index._process  # pyright: ignore[reportPrivateUsage]
    assert process is not None, "it runs"
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")
