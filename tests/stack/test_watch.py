"""A stack on a real engine, watched while things happen to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from agent_core.errors import NoEngine, StackFault, UsageError
from stack.running import Running, open_stack
from stack.watch import Reading, watch

pytestmark = pytest.mark.engine
LIMIT_S = 180.0
FILE = """\
services:
  once:
    image: bb:1
    command: ["true"]
  a:
    image: bb:1
    command: ["sh", "-c", "exec sleep 1000"]
    init: true
    stop_grace_period: 1s
    depends_on: {once: {condition: service_completed_successfully}}
    healthcheck: {test: ["CMD", "test", "-e", "/well"], interval: 1s, retries: 2}
    tmpfs: ["/run"]
  b:
    image: bb:1
    command: ["sh", "-c", "touch /well; exec sleep 1000"]
    init: true
    stop_grace_period: 1s
    healthcheck: {test: ["CMD", "test", "-e", "/well"], interval: 1s, retries: 2}
    depends_on: {once: {condition: service_completed_successfully}}
  extra:
    image: bb:1
    command: ["sleep", "1000"]
    profiles: [more]
    stop_grace_period: 1s
    ports: ["127.0.0.1:7217:80"]
"""


@pytest.fixture
async def stack(tmp_path: Path, engine_env: dict[str, str]) -> AsyncIterator[Running]:
    folder = tmp_path / "docker" / "lightweight"
    folder.mkdir(parents=True)
    (folder / "docker-compose.yml").write_text(f"name: w{abs(hash(tmp_path)) % 10**8}\n{FILE}")
    running = await open_stack(tmp_path, stack_dir="docker/lightweight", env=engine_env)
    yield running
    await (await running.down(volumes=True)).run(lambda _: None)


async def until(readings: AsyncGenerator[Reading], holds: Callable[[dict[str, str]], bool]) -> Reading:
    """The first reading of which it holds."""
    async with asyncio.timeout(LIMIT_S):
        async for reading in readings:
            if reading.fault is None and holds({one.name: one.standing for one in reading.services}):
                return reading
    raise AssertionError("it ended")


async def test_what_happens_is_seen(stack: Running) -> None:
    async with aclosing(watch(stack)) as readings:
        first = await until(readings, lambda _: True)
        assert {one.standing for one in first.services} == {"absent"}
        assert first.known is not None and first.known.profiles == ("more",)

        operation = await stack.up(("b",))
        assert operation.command == "docker compose up --detach --wait b"
        await operation.run(lambda _: None)
        seen = await until(readings, lambda found: found["b"] == "healthy")
        assert {one.name: one.standing for one in seen.services}["once"] == "done"

        with pytest.raises(StackFault, match="a-1 is not healthy"):
            await (await stack.up(("a",))).run(lambda _: None)
        seen = await until(readings, lambda found: found["a"] == "unhealthy")
        assert "health check fails" in next(one.trouble for one in seen.services if one.name == "a")

        await (await stack.scale({"b": 3})).run(lambda _: None)
        seen = await until(readings, lambda _: True)
        async with asyncio.timeout(LIMIT_S):
            while not any(one.name == "b" and one.running == 3 and one.memory for one in seen.services):
                seen = await anext(readings)

        await (await stack.stop(("b",))).run(lambda _: None)
        await until(readings, lambda found: found["b"] in ("stopped", "failed"))
        await (await stack.up(("extra",))).run(lambda _: None)
        seen = await until(readings, lambda found: found["extra"] == "running")
        await (await stack.down()).run(lambda _: None)
        await until(readings, lambda found: set(found.values()) == {"absent"})


async def test_what_is_wrong_is_said_before_it_runs(stack: Running) -> None:
    with pytest.raises(UsageError, match="There is no service c"):
        await stack.up(("c",))
    with pytest.raises(UsageError, match="There is no profile gpu"):
        await stack.up(profiles=("gpu",))
    with pytest.raises(UsageError, match="only one extra: it takes the port 7217"):
        await stack.scale({"extra": 2})
    with pytest.raises(UsageError, match="once does one task"):
        await stack.scale({"once": 2})


async def test_changed_files_are_read_again(stack: Running) -> None:
    assert (await stack.known()).profiles == ("more",)
    (stack.folder / "docker-compose.override.yml").write_text(
        "services: {new: {image: 'bb:1', profiles: [other]}}"
    )
    assert (await stack.known()).profiles == ("more", "other")


async def test_nothing_is_fetched_by_reading_the_files(stack: Running) -> None:
    override = stack.folder / "docker-compose.override.yml"
    override.write_text("include: ['https://example.invalid/a.git']")
    with pytest.raises(StackFault, match="takes a part from elsewhere"):
        await stack.known()
    override.unlink()


async def test_an_engine_that_does_not_answer(stack: Running, engine_env: dict[str, str]) -> None:
    absent = {**engine_env, "DOCKER_HOST": "unix:///nowhere/docker.sock"}
    running = await open_stack(stack.folder.parents[1], stack_dir="docker/lightweight", env=absent)
    async with aclosing(watch(running)) as readings:
        reading = await asyncio.wait_for(anext(readings), LIMIT_S)
    assert reading.fault is not None and reading.fault.code == NoEngine.code


async def test_no_stack(tmp_path: Path) -> None:
    with pytest.raises(StackFault, match="no stack in docker/lightweight"):
        await open_stack(tmp_path, stack_dir="docker/lightweight")


@pytest.mark.parametrize("name", ["compose.yaml", "compose.yml"])
async def test_a_file_that_compose_would_take_instead(tmp_path: Path, name: str) -> None:
    (tmp_path / "docker-compose.yml").write_text("services: {}")
    (tmp_path / name).write_text("services: {}")
    with pytest.raises(StackFault, match=f"would take {name} instead of docker-compose.yml"):
        await open_stack(tmp_path, stack_dir=".")
