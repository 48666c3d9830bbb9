"""The index without its process: the real one's reading and ranking, when it is asked, without vectors."""

from __future__ import annotations

import asyncio

from agent_core.errors import AgentError
from agent_core.index.answers import Answers
from agent_core.index.api import IndexStatus, SearchAnswer, SearchMode
from agent_core.index.digest import digest
from agent_core.index.image import Image
from agent_core.index.scan import scan
from agent_core.workspace import Workspace


class ImageIndex:
    """Implements the part of `Index` that answering takes. `fail` is raised by a search; `stirs` counts
    how often files may have changed."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.fail: AgentError | None = None
        self.status = IndexStatus()
        self.stirs = 0

    async def search(
        self, query: str, *, mode: SearchMode = "hybrid", limit: int = 10, tests: bool | None = None
    ) -> SearchAnswer:
        if self.fail is not None:
            raise self.fail
        answers = Answers(root=self._workspace.root, image=await asyncio.to_thread(self._image))
        found = await answers.search(query, None, mode=mode, limit=limit, tests=tests)
        return SearchAnswer(places=found.places)

    def stirred(self) -> None:
        self.stirs += 1

    def _image(self) -> Image:
        root = self._workspace.root
        image = Image()
        image.take(digest(root, scan(root)))
        return image
