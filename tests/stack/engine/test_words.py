"""The words of commands: what a file calls its services is never taken for an option."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.errors import NoEngine, StackFault
from stack.engine.compose import Compose
from stack.engine.values import Program
from stack.running import Running
from tests.fakes.docker import put_docker

PROGRAM = Program(argv=("docker", "compose"), compose="2.40.3")
FILE = 'name: words\nservices:\n  "--push": {image: "x:1"}\n  plain: {image: "x:1"}\n'


@pytest.mark.engine
async def test_a_service_that_is_called_like_an_option(tmp_path: Path, compose_env: dict[str, str]) -> None:
    """Real compose takes such a name, and would push the images that it is asked to build."""
    (tmp_path / "docker-compose.yml").write_text(FILE)
    env = {**compose_env, "DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"}
    stack = Running(compose=Compose(program=PROGRAM, folder=tmp_path, env=env), folder=tmp_path)
    assert (await stack.known()).names == ("--push", "plain")
    for operation in (
        await stack.up(["--push"]),
        await stack.stop(["--push"]),
        await stack.restart(["--push"]),
        await stack.build(["--push", "plain"]),
        await stack.pull(["--push"]),
        await stack.scale({"--push": 1}),
    ):
        assert " -- --push" in operation.command
        assert operation.services[0] == "--push"
    with pytest.raises(NoEngine):
        await (await stack.stop(["--push"])).run(lambda _: None)
    with pytest.raises(NoEngine):
        async for _ in stack.logs(["--push"]):
            pass


async def test_others_stand_as_people_type_them(tmp_path: Path) -> None:
    compose = Compose(program=PROGRAM, folder=tmp_path)
    assert compose.line(*compose.words("build", ["app"])) == "docker compose build app"
    assert compose.line(*compose.words("stop")) == "docker compose stop"


async def test_what_is_no_json_is_a_fault_and_no_mistake_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_docker(tmp_path, monkeypatch)
    (tmp_path / "config.json").write_text("warning: something new\n{}")
    with pytest.raises(StackFault, match="did not answer in JSON"):
        await Running(compose=Compose(program=PROGRAM, folder=tmp_path), folder=tmp_path).known()
