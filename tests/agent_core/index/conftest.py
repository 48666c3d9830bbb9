"""An index of a workspace, as the program has it: with its process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from agent_core.config import Settings
from agent_core.events import Event, IndexChanged
from agent_core.index.client import WorkerIndex
from agent_core.workspace import Workspace

Open = Callable[..., WorkerIndex]


@pytest.fixture
async def open_index() -> AsyncIterator[Open]:
    """Opens the index of a folder, without vectors unless asked; all are closed at the end."""
    opened: list[WorkerIndex] = []

    def start(root: Path, *, embedder: str = "none", seen: list[IndexChanged] | None = None) -> WorkerIndex:
        def publish(event: Event) -> None:
            if seen is not None and isinstance(event, IndexChanged):
                seen.append(event)

        settings = msgspec.structs.replace(Settings(), embedder=embedder)
        index = WorkerIndex(workspace=Workspace.open(root), settings=settings, publish=publish)
        opened.append(index)
        return index

    yield start
    for index in opened:
        await index.aclose()
