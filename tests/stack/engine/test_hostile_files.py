"""What a compose file of somebody else can do to whoever only looks at it, with Docker's own compose."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.errors import StackFault
from stack.reach import reaches
from stack.running import open_stack

pytestmark = pytest.mark.engine
ENDLESS = (
    "services: {a: {image: x, env_file: /dev/zero}}",
    "include: [/dev/zero]",
    "services: {a: {image: x, label_file: /dev/zero}}",
)
SPY = """\
services:
  a:
    provider: {{type: {program}}}
  b:
    image: x
    privileged: true
    volumes: ["/:/host", "./data:/data", "all:/all"]
    secrets: [key]
secrets: {{key: {{file: /etc/hostname}}}}
volumes: {{all: {{driver_opts: {{type: none, o: bind, device: /etc}}}}}}
"""


def put(folder: Path, text: str) -> None:
    (folder / "docker-compose.yml").write_text(text)


@pytest.mark.parametrize("text", ENDLESS)
async def test_a_file_without_an_end_does_not_take_all_memory(
    text: str, tmp_path: Path, compose_env: dict[str, str]
) -> None:
    put(tmp_path, text)
    stack = await open_stack(tmp_path, stack_dir=".", env=compose_env)
    with pytest.raises(StackFault, match="takes more memory than it may"):
        await stack.known()


@pytest.mark.parametrize("address", ["https://github.com/x/y.git", "oci://registry.example/x"])
async def test_nothing_is_fetched(address: str, tmp_path: Path, compose_env: dict[str, str]) -> None:
    put(tmp_path, f"include: ['{address}']")
    (tmp_path / ".env").write_text(
        "COMPOSE_EXPERIMENTAL_GIT_REMOTE=true\nCOMPOSE_EXPERIMENTAL_OCI_REMOTE=true\n"
    )
    stack = await open_stack(tmp_path, stack_dir=".", env=compose_env)
    with pytest.raises(StackFault, match="takes a part from elsewhere"):
        await stack.known()


async def test_looking_runs_nothing_and_says_what_would_be_got(
    tmp_path: Path, compose_env: dict[str, str]
) -> None:
    program, ran = tmp_path / "docker-spy", tmp_path / "ran"
    program.write_text(f"#!/bin/sh\ntouch '{ran}'\n")
    program.chmod(0o755)
    put(tmp_path, SPY.format(program=program))
    (tmp_path / ".env").write_text(f"DOCKER_CONFIG={tmp_path}\nPATH={tmp_path}\n")
    stack = await open_stack(tmp_path, stack_dir=".", env=compose_env)
    assert (await stack.up()).reaches == (
        f"a may run the program {program} on this machine",
        "b may do anything on this machine (privileged)",
        "b may write /",
        "b may write /etc",
        "b may read /etc/hostname",
    )
    assert set(reaches(await stack.config(), inside=(tmp_path,))) == {"a", "b"} and not ran.exists()
