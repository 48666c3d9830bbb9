"""Workspaces for tests of the index, and what is in an index, chunk for chunk."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

from agent_core.index.digest import digest
from agent_core.index.image import Image
from agent_core.index.scan import scan

_WORDS = "alpha bravo carbon delta ember falcon garnet harbor island jungle kernel lumen meadow nickel"
WORDS = _WORDS.split()
_LONG_S = 60.0


def source(seed: int, functions: int = 6) -> str:
    """A Python file with functions of its own, always the same for a seed."""
    rng = random.Random(seed)
    parts = [f'"""Module {seed} about {rng.choice(WORDS)}."""\n\nimport os\n']
    for number in range(functions):
        name = "_".join(rng.sample(WORDS, 2))
        body = "".join(f"    {rng.choice(WORDS)}_{line} = {rng.randrange(1000)}\n" for line in range(8))
        parts.append(f'\ndef {name}_{seed}_{number}(value):\n    """Do {name}."""\n{body}    return value\n')
    return "\n".join(parts)


def make(root: Path, files: int) -> None:
    """Fill a folder with source files, some in subfolders."""
    for number in range(files):
        path = root / f"pkg{number % 5}" / f"module_{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source(number))


def chunks_of(image: Image) -> set[tuple[str, int, int, str, bytes, bytes]]:
    """Every chunk: its path, lines, name, id and text hash."""
    return {
        (path, chunk.start, chunk.end, chunk.name, chunk.id, chunk.text_hash)
        for path, entry in image.files.items()
        for chunk in entry.row.chunks
    }


def fresh(root: Path) -> Image:
    """A new index of what lies in a folder."""
    image = Image()
    image.take(digest(root, scan(root)))
    return image


Held = dict[tuple[str, str, object], int]


def postings_of(image: Image) -> Held:
    """Every living posting: (index, term, chunk id or path) -> count."""
    found: Held = {}
    for name in ("body", "names", "base", "folders"):
        postings = getattr(image, name)
        for term in postings.names():
            documents, counts = postings.get(term)
            for document, count in zip(documents.tolist(), counts.tolist(), strict=True):
                if name in ("body", "names"):
                    if image.alive.view[document]:
                        found[name, term, image.facts(document).id] = count
                elif (entry := image.by_number[document]) is not None:
                    found[name, term, entry.row.path] = count
    return found


async def until(check: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so; the limit is there only so that a failure ends."""
    async with asyncio.timeout(_LONG_S):
        while not await check():
            await asyncio.sleep(0.02)
