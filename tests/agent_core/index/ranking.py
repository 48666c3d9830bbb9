"""Small workspaces for tests of the ranking, with vectors that are made up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent_core.index.api import SearchMode
from agent_core.index.digest import digest
from agent_core.index.image import Image
from agent_core.index.question import read_question
from agent_core.index.rank import RankedFile, Ranker
from agent_core.index.scan import scan

DIMS = 4

SHOP: Mapping[str, str] = {
    "src/retry.py": '''
"""Try again what failed."""


class RetryPolicy:
    """How often, and how long to wait: exponential backoff with jitter."""

    def backoff(self, attempt: int) -> float:
        return 0.1 * 2**attempt
''',
    "src/client.py": '''
"""Requests over the network."""

from src.retry import RetryPolicy


class HttpClient:
    """Sends requests and gives up after the policy's last attempt."""

    def __init__(self) -> None:
        self.policy = RetryPolicy()

    def send(self, request: bytes) -> bytes:
        return request
''',
    "src/cart.py": '''
"""What somebody wants to buy."""


class ShoppingCart:
    """Items with their prices."""

    def total_price(self) -> int:
        return 0
''',
    "tests/test_retry.py": '''
"""Tests of retry, backoff and RetryPolicy: retry, retry, backoff, backoff."""

from src.retry import RetryPolicy


def test_backoff_grows() -> None:
    assert RetryPolicy().backoff(2) > RetryPolicy().backoff(1)
''',
    "docs/cart.md": "# Cart\n\nVouchers lower what a customer pays at the checkout.\n",
}  # fmt: skip


def write(root: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text.lstrip("\n"))


def image_of(root: Path, files: Mapping[str, str]) -> Image:
    """An index of these files."""
    write(root, files)
    image = Image()
    image.take(digest(root, sorted(scan(root))))
    return image


def give_vectors(image: Image, vectors: Mapping[str, tuple[float, ...]]) -> None:
    """Give every chunk of each file this vector; the other files have none."""
    image.drop_vectors(embedder="made-up", dims=DIMS)
    image.add_vectors(
        {
            chunk.text_hash: np.array(vector, np.float32) / np.float32(np.linalg.norm(vector))
            for path, vector in vectors.items()
            for chunk in image.files[path].row.chunks
        }
    )


def ranked(
    image: Image,
    text: str,
    vector: NDArray[np.float64] | None = None,
    *,
    mode: SearchMode = "hybrid",
    tests: bool | None = None,
    limit: int = 50,
) -> list[RankedFile]:
    """What is found."""
    return Ranker(image).rank(read_question(text), vector, limit=limit, mode=mode, tests=tests)


def paths(found: list[RankedFile]) -> list[str]:
    return [file.entry.row.path for file in found]
