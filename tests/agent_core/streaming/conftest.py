"""A genuine broker, and a program's ways to it: without security, with a login, with TLS and a login."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from agent_core.config import Settings
from tests.fixtures_kafka import Kafka, kafka

__all__ = ["kafka"]


@pytest.fixture(params=["plain", "login", "tls"])
def secured(kafka: Kafka, request: pytest.FixtureRequest) -> Settings:
    """Settings for each of the broker's listeners."""
    ways = {"plain": lambda: kafka.settings, "login": kafka.login, "tls": kafka.tls}
    return ways[request.param]()


def client_threads() -> list[str]:
    """Those of ours, and of the library for us, that run."""
    names = (each.name for each in threading.enumerate())
    return [name for name in names if name.startswith(("bus", "kafka-io-dspy", "dspy-tui-network"))]


@pytest.fixture
def nothing_is_left() -> Iterator[None]:
    """No thread of ours or of the library's goes on."""
    yield
    until = time.monotonic() + 60
    while client_threads() and time.monotonic() < until:
        time.sleep(0.05)
    assert not client_threads()
