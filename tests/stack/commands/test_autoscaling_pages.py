"""/health and /metrics of `stack autoscale`; the program itself is tried on a real engine."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from agent_core.errors import ErrorInfo, StackFault
from stack.commands.autoscaling_pages import Pages
from stack.scaling import Decision
from tests.ports import free_ports

GROWS = Decision(service="worker", running=1, wanted=3, why="25 tasks wait", waiting=25)
GREW = Decision(service="worker", running=3, wanted=3, why="25 tasks wait", waiting=25)
SHRINKS = Decision(service="worker", running=3, wanted=1, why="nothing waits", waiting=0)
RESTS = Decision(service="front", running=1, wanted=1, why="there is no topic yet")
HIDDEN = Decision(service="front", running=2, wanted=2, why="no right", fault="no right")


async def page(port: int, path: str) -> tuple[int, str]:
    def got() -> tuple[int, str]:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    return await asyncio.to_thread(got)


async def health(port: int) -> tuple[int, str, str, bool]:
    status, body = await page(port, "/health")
    told = json.loads(body)
    assert (told["service"], told["reads"], told["bus"]) == ("dspy-autoscaler", ["agent.tasks.*"], "k:9092")
    return status, told["state"], told["reason"], told["bus_up"]


async def figures(port: int) -> dict[str, float]:
    """Those of its own, by name and worker."""
    _, body = await page(port, "/metrics")
    return {
        " ".join((sample.name.removeprefix("dspy_tui_autoscaler_"), *_labels(sample.labels))): sample.value
        for family in parsed(body)
        for sample in family.samples
        if "_autoscaler_" in sample.name
    }


def _labels(labels: dict[str, str]) -> list[str]:
    return [labels[name] for name in ("worker", "way") if name in labels]


async def test_they_tell_of_each_look(caplog: pytest.LogCaptureFixture) -> None:
    port, pages = free_ports(1), Pages(bus="k:9092")
    async with pages.served(port):
        assert (await health(port))[:2] == (503, "starting")
        pages.decided([GROWS, RESTS])
        pages.done()
        assert await health(port) == (200, "working", "looks after 2 services", True)
        assert await figures(port) == {
            "replicas worker": 1, "replicas_wanted worker": 3, "lag worker": 25,
            "replicas front": 1, "replicas_wanted front": 1,
            "decisions_total worker more": 1, "decisions_total front stays": 1,
            "looks_total": 1, "faults_total": 0,
        }  # fmt: skip
        pages.failed(ErrorInfo("bus-unreachable", "No Kafka answers", "Start it."), of_bus=True)
        assert await health(port) == (200, "degraded", "No Kafka answers. Start it.", False)
        pages.decided([GREW])
        pages.failed(ErrorInfo("stack", "compose failed"), of_bus=False)
        assert await health(port) == (200, "degraded", "compose failed.", True)
        pages.decided([SHRINKS, HIDDEN])
        pages.done()
        assert await health(port) == (200, "degraded", "front: 2 stays, no right.", True)
        now = await figures(port)
        assert (now["looks_total"], now["faults_total"], now["lag worker"]) == (4, 3, 0)
        assert [now[f"decisions_total worker {way}"] for way in ("more", "stays", "fewer")] == [1, 1, 1]
        assert "lag front" not in now
        pages.decided([])
        pages.done()
        assert (await health(port))[1:3] == ("waiting", "no workers run")
        assert not any("worker" in name for name in await figures(port) if "decisions" not in name)
    with pytest.raises(OSError):
        await page(port, "/health")
    shown = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not shown, "it is the terminal of the decisions"


async def test_without_a_port_nobody_is_answered_and_nothing_else_changes() -> None:
    async with Pages(bus="k:9092").served(None):
        pass


@contextmanager
def taken() -> Generator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_a_port_that_another_has() -> None:
    with taken() as port, pytest.raises(StackFault, match=f"Port {port} cannot be had"):
        async with Pages(bus="k:9092").served(port):
            raise AssertionError("it is served")


async def test_an_error_of_the_work_is_none_of_the_port() -> None:
    with pytest.raises(OSError, match="of the work"):
        async with Pages(bus="k:9092").served(free_ports(1)):
            raise OSError("of the work")
