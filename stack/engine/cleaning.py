"""Freeing space: what of a stack nothing uses any more. Volumes stay, whatever happens."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from stack.compose.images import LABEL
from stack.engine.asking import Engine
from stack.engine.reading import size_of

_PATIENCE_S = 600.0
_CONTAINERS, _CACHE = "stopped containers of this stack", "build cache that nothing uses"
_FREED = re.compile(r"(?im)^Total(?: reclaimed space)?:\s*(\S+)\s*$")


class Cleaned(msgspec.Struct, frozen=True):
    """What a command freed: `bytes` as the engine told it, None where it does not tell."""

    command: str
    what: str
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Cleaning:
    """The commands that free space for one project, in order.

    Args:
        engine: Whose commands they are.
        project: Whose stopped containers go.
    """

    engine: Engine
    project: str

    def _all(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        ours = f"label=com.docker.compose.project={self.project}"
        found = (
            (_CONTAINERS, ("container", "prune", "--force", "--filter", ours)),
            ("images of ours that newer ones replaced",
             ("image", "prune", "--force", "--filter", "dangling=true", "--filter", f"label={LABEL}")),
        )  # fmt: skip
        if self.engine.name == "podman":  # which keeps no cache beside its images
            return found
        return (*found, (_CACHE, ("builder", "prune", "--force")))

    @property
    def loses(self) -> str:
        """What is gone afterwards, in words; the cache is that of all projects."""
        told = {_CONTAINERS: f"{_CONTAINERS} with their logs", _CACHE: f"{_CACHE}, of all projects"}
        return ", ".join(told.get(what, what) for what, _ in self._all()) + "; volumes stay"

    @property
    def commands(self) -> tuple[str, ...]:
        """The command lines, as they would be typed."""
        return tuple(self.engine.line(*words) for _, words in self._all())

    async def run(self, begin: Callable[[str], None]) -> tuple[Cleaned, ...]:
        """Run them one after another, telling each before; raises `StackFault`."""
        found: list[Cleaned] = []
        for what, words in self._all():
            line = self.engine.line(*words)
            begin(line)
            said = await self._freed(words)
            found.append(Cleaned(line, what, said))
        return tuple(found)

    async def _freed(self, words: tuple[str, ...]) -> int | None:
        said = await self.engine.ask(*words, patience=_PATIENCE_S)
        match = _FREED.search(said)
        return size_of(match[1]) if match else None
