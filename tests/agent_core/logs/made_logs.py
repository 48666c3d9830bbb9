"""Logs made for tests, and looking into digests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from agent_core.logs.api import Digest, KeyEvent

BEGAN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
_LONG_S = 60.0


def stamp(second: float) -> str:
    return (BEGAN + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def quiet(first: int, last: int) -> str:
    """Lines that say nothing, one each second."""
    return "".join(f"{stamp(n)} INFO web served /page/{n} in {n % 17} ms\n" for n in range(first, last))


def failed(second: float, text: str) -> str:
    return f"{stamp(second)} ERROR web {text}\n"


def event_with(digest: Digest, text: str) -> KeyEvent:
    found = [event for event in digest.events if text in event.text]
    assert found, [event.text for event in digest.events]
    return found[0]


def has(digest: Digest, text: str) -> bool:
    return any(text in event.text for event in digest.events)


def lines_of(digest: Digest) -> int:
    return sum(facts.lines for facts in digest.sources)


class Followed:
    """The digests that are told."""

    def __init__(self) -> None:
        self.digests: list[Digest] = []
        self._new = asyncio.Event()

    def take(self, digest: Digest) -> None:
        self.digests.append(digest)
        self._new.set()

    async def until(self, check: Callable[[Digest], bool]) -> Digest:
        """The first digest that is so; the limit is there only so that a failure ends."""
        async with asyncio.timeout(_LONG_S):
            while True:
                self._new.clear()
                if self.digests and check(self.digests[-1]):
                    return self.digests[-1]
                await self._new.wait()
