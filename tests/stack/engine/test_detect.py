"""Which compose is taken, from programs that say what the real ones said."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.errors import NoEngine
from stack.engine.detect import detect


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


async def test_podmans_compose_is_taken_where_there_is_no_docker(tmp_path: Path) -> None:
    program(tmp_path, "podman", 'echo ">>>> Executing external compose provider" >&2; echo 2.40.3')
    found = await detect({"PATH": str(tmp_path)})
    assert (found.argv, found.compose) == (("podman", "compose"), "2.40.3")


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ('echo "Error: unrecognized command \\`podman compose\\`" >&2; exit 125', "no compose for it"),  # 4.3
        ("echo 1.3.0", r"too old: podman compose 1\.3\.0, 2\.20 is needed"),  # podman-compose, in Python
    ],
)
async def test_a_podman_without_a_compose_that_can_be_used_is_told(
    script: str, says: str, tmp_path: Path
) -> None:
    program(tmp_path, "podman", script)
    with pytest.raises(NoEngine, match=says) as caught:
        await detect({"PATH": str(tmp_path)})
    assert "docker-compose" in caught.value.hint and "podman 4.7" in caught.value.hint


async def test_docker_compose_by_itself_may_speak_to_podman(tmp_path: Path) -> None:
    program(tmp_path, "podman", "exit 125")
    program(tmp_path, "docker-compose", "echo v2.40.3")
    assert (await detect({"PATH": str(tmp_path)})).argv == ("docker-compose",)
