"""A genuine broker, and a small workspace for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures_kafka import Kafka, kafka, kafka_server

__all__ = ["kafka"]


@pytest.fixture
def own(kit: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker that may hang, with nothing on it: what another test left would be worked on first."""
    with kafka_server(kit, tmp_path_factory.mktemp("own")) as server:
        yield server


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A folder with a workspace in it; the logs of programs beside that are shown where a test fails."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "shop.py").write_text("def total(prices):\n    return sum(prices)\n")
    yield tmp_path
    for log in tmp_path.glob("*.log"):
        sys.stdout.write(f"--- {log.name}\n{log.read_text()[-4000:]}\n")
