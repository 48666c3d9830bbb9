"""Logs whose digest a test gives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from agent_core.errors import AgentError
from agent_core.logs.api import Digest, DigestQuery, LogProgress, SourceFacts


class GivenLogs:
    """Implements `Logs`: `tell` hands a digest to everyone who follows; `fail` is raised by everything;
    while there is a `busy`, the sources are told once it is set."""

    def __init__(self, digest: Digest | None = None, *names: str) -> None:
        self.given = digest
        self.names = names
        self.following: list[Callable[[Digest], None]] = []
        self.asked: list[DigestQuery] = []
        self.fail: AgentError | None = None
        self.busy: asyncio.Event | None = None
        self.closed = False
        self.beside: tuple[str, ...] = ()

    def read_beside(self, names: tuple[str, ...]) -> None:
        self.beside = names

    async def sources(self) -> tuple[SourceFacts, ...]:
        if self.busy is not None:
            await self.busy.wait()
        if self.fail is not None:
            raise self.fail
        return tuple(SourceFacts(name=name) for name in self.names)

    async def digest(
        self, query: DigestQuery, *, on_progress: Callable[[LogProgress], None] | None = None
    ) -> Digest:
        self.asked.append(query)
        if self.fail is not None:
            raise self.fail
        return self.given or Digest()

    def follow(self, query: DigestQuery, on_digest: Callable[[Digest], None]) -> Callable[[], None]:
        self.asked.append(query)
        self.following.append(on_digest)
        if self.given is not None:
            on_digest(self.given)
        return lambda: self.following.remove(on_digest)

    def tell(self, digest: Digest) -> None:
        self.given = digest
        for follower in list(self.following):
            follower(digest)

    async def aclose(self) -> None:
        self.closed = True
