"""Compose on a real engine: every method, and what goes wrong."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from agent_core.errors import NoEngine, StackFault
from stack.engine.compose import Compose
from stack.engine.detect import detect, with_engine
from stack.engine.values import Container, Program, Step

pytestmark = pytest.mark.engine
COMPOSE = Program(argv=("docker", "compose"), compose="2.40.3")
FILE = """\
name: {name}
services:
  a:
    image: bb:1
    command: ["sh", "-c", "echo hello from a; exec sleep 1000"]
    init: true
    stop_grace_period: 1s
    healthcheck: {{test: ["CMD", "test", "-e", "/bin/sh"], interval: 1s, retries: 5}}
  b:
    image: bb:1
    command: ["sh", "-c", "echo hello from b; exec sleep 1000"]
    init: true
    stop_grace_period: 1s
    depends_on: {{a: {{condition: service_healthy}}}}
    volumes: ["kept:/kept"]
volumes: {{kept: {{}}}}
"""


@pytest.fixture
async def made(
    tmp_path: Path, engine_env: dict[str, str], request: pytest.FixtureRequest
) -> AsyncIterator[Callable[[str], Compose]]:
    """Makes a stack of a compose file; it is taken down at the end."""
    stacks: list[Compose] = []

    def make(text: str) -> Compose:
        folder = tmp_path / f"s{len(stacks)}"
        folder.mkdir()
        (folder / "docker-compose.yml").write_text(text)
        stacks.append(Compose(program=COMPOSE, folder=folder, env=engine_env))
        return stacks[-1]

    yield make
    for stack in stacks:
        await stack.down(volumes=True)


def name_of(request: pytest.FixtureRequest) -> str:
    return "t" + str(abs(hash(request.node.name)) % 10**8)


async def test_variables_of_another_stack_do_not_count(
    made: Callable[[str], Compose], request: pytest.FixtureRequest, tmp_path: Path, engine_env: dict[str, str]
) -> None:
    made(f"name: {name_of(request)}\nservices: {{ours: {{image: 'bb:1'}}}}\n")
    (tmp_path / "theirs.yml").write_text("name: theirs\nservices: {theirs: {image: 'bb:1'}}\n")
    (tmp_path / "their.env").write_text("COMPOSE_PROJECT_NAME=theirs\n")
    env = {
        **engine_env,
        "COMPOSE_FILE": str(tmp_path / "theirs.yml"),
        "COMPOSE_PROJECT_NAME": "theirs",
        "COMPOSE_ENV_FILES": str(tmp_path / "their.env"),
    }
    config = await Compose(program=COMPOSE, folder=tmp_path / "s0", env=env).config()
    assert config["name"] == name_of(request) and set(config["services"]) == {"ours"}


async def test_a_build_that_fails_says_why(
    made: Callable[[str], Compose], request: pytest.FixtureRequest
) -> None:
    recipe = r"FROM bb:1\nRUN echo first; echo the reason >&2; exit 7\n"
    build = f'{{context: ., dockerfile_inline: "{recipe}"}}'
    stack = made(f"name: {name_of(request)}\nservices: {{a: {{image: 'made:1', build: {build}}}}}\n")
    steps: list[Step] = []
    with pytest.raises(StackFault, match=r"An image cannot be built: .*exit code: 7"):
        await stack.build(told=steps.append)
    assert Step("", "first") in steps and Step("", "the reason") in steps, steps


async def test_up_to_down(made: Callable[[str], Compose], request: pytest.FixtureRequest) -> None:
    stack = made(FILE.format(name=name_of(request)))
    steps: list[Step] = []
    await stack.up(told=steps.append)
    assert any(step.text == "Healthy" for step in steps), steps
    first, second = await stack.ps()
    assert (first.service, first.state, first.health, first.works) == ("a", "running", "healthy", True)
    assert second.works
    assert await stack.services() == ("a", "b")
    uses = {use.name: use for use in await stack.stats([first.name, second.name])}
    assert set(uses) == {first.name, second.name}
    assert all(use.processes >= 1 and use.memory > 0 for use in uses.values())
    lines = [line async for line in stack.logs(("a",), tail=5)]
    assert [(line.text, line.container) for line in lines] == [("hello from a", "a-1")]
    assert lines[0].time
    await stack.scale({"b": 3})
    assert [one.service for one in await stack.ps()] == ["a", "b", "b", "b"]
    await stack.restart(("b",))
    await stack.stop(("b",))
    stopped = [one for one in await stack.ps() if one.service == "b"]
    assert {one.state for one in stopped} == {"exited"} and not any(one.works for one in stopped)
    await stack.down()
    assert await stack.ps() == () and await stack.stats([]) == ()


async def test_what_is_killed_is_told(made: Callable[[str], Compose], request: pytest.FixtureRequest) -> None:
    stack = made(FILE.format(name=name_of(request)))
    await stack.up()
    async with aclosing(stack.events()) as events:
        following = asyncio.ensure_future(anext(events))
        async with asyncio.timeout(120):
            while not following.done():  # nobody says when the engine has begun to tell
                await stack.stop(("b",))
                await asyncio.wait((following,), timeout=1)
                await stack.up(("b",))
        first = await following
        assert first.service == "b" and first.action in ("kill", "die", "stop")


async def test_logs_are_followed_until_they_are_closed(
    made: Callable[[str], Compose], request: pytest.FixtureRequest
) -> None:
    stack = made(FILE.format(name=name_of(request)))
    await stack.up()
    async with aclosing(stack.logs(follow=True)) as lines:
        found = {(await asyncio.wait_for(anext(lines), 120)).text for _ in range(2)}
    assert found == {"hello from a", "hello from b"}


async def test_a_cancelled_up_leaves_nothing_running_of_its_own(
    made: Callable[[str], Compose], request: pytest.FixtureRequest
) -> None:
    text = FILE.format(name=name_of(request)).replace('"test", "-e", "/bin/sh"', '"test", "-e", "/never"')
    stack = made(text.replace("retries: 5", "retries: 500"))
    told = asyncio.Event()
    starting = asyncio.ensure_future(
        stack.up(told=lambda step: told.set() if step.text == "Waiting" else None)
    )
    await asyncio.wait_for(told.wait(), 60)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    left: tuple[Container, ...] = await stack.ps()
    assert [one.service for one in left] == ["a", "b"], "what was made stays, to be taken down when wanted"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"test", "-e", "/bin/sh"', '"test", "-e", "/never"'), "is not healthy"),
        (("bb:1", "nosuch/image:9"), "cannot be fetched"),
        (('"sh", "-c", "echo hello from a; exec sleep 1000"', '"nosuchprogram"'), "exit code 127"),
        (('"sh", "-c", "echo hello from a; exec sleep 1000"', '"sh", "-c", "exit 3"'), "exit code 3"),
        (("init: true", "nonsense: true"), "The compose file is wrong"),
    ],
)  # fmt: skip
async def test_what_goes_wrong_is_said(
    made: Callable[[str], Compose],
    request: pytest.FixtureRequest,
    tmp_path: Path,
    change: tuple[str, str],
    message: str,
) -> None:
    text = FILE.format(name=name_of(request))
    assert change[0] in text
    broken = made(text.replace(*change))
    with pytest.raises(StackFault) as caught:
        await broken.up()
    (tmp_path / "s0" / "docker-compose.yml").write_text(text)  # so that it can be taken down
    assert message in caught.value.message and caught.value.hint


async def test_a_port_in_use(made: Callable[[str], Compose], request: pytest.FixtureRequest) -> None:
    service = "{image: 'bb:1', command: [sleep, '99'], init: true, ports: ['127.0.0.1:7931:80']}"
    one, other = (made(f"name: {name_of(request)}{suffix}\nservices: {{x: {service}}}\n") for suffix in "ab")
    await one.up()
    with pytest.raises(StackFault, match="7931 is taken by another container"):
        await other.up()


async def test_no_engine(tmp_path: Path, compose_env: dict[str, str]) -> None:
    (tmp_path / "docker-compose.yml").write_text(FILE.format(name="none"))
    env = {**compose_env, "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    stack = Compose(program=COMPOSE, folder=tmp_path, env=env)
    await stack.check()  # needs no engine
    assert sorted((await stack.config())["services"]) == ["a", "b"]
    for ask in (stack.ps(), stack.up(), with_engine(COMPOSE, env)):
        with pytest.raises(NoEngine, match="does not answer"):
            await ask


async def test_what_is_there_is_found(engine_env: dict[str, str], tmp_path: Path) -> None:
    program = await detect(engine_env)
    assert program.argv == ("docker", "compose") and program.compose.startswith("2.")
    assert (await with_engine(program, engine_env)).engine
    with pytest.raises(NoEngine, match="no container engine"):
        await detect({"PATH": str(tmp_path)})


async def test_what_is_too_old_is_said(tmp_path: Path) -> None:
    old = tmp_path / "docker"
    old.write_text('#!/bin/sh\n[ "$2" = version ] && echo v2.3.1\n')
    old.chmod(old.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(NoEngine, match=r"too old: docker compose 2\.3\.1"):
        await detect({"PATH": f"{tmp_path}:{os.defpath}"})
    old.write_text("#!/bin/sh\necho \"docker: 'compose' is not a docker command.\" >&2; exit 1\n")
    with pytest.raises(NoEngine, match="compose plugin is not"):
        await detect({"PATH": str(tmp_path) + ":/bin"})
