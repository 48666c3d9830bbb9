"""Checks of the doctor that need no engine."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from agent_core.doctor.check import Check
from stack.doctor.engine import check_compose, check_engine, check_machine
from stack.doctor.files import check_env_file
from stack.doctor.rights import check_rights
from stack.doctor.room import check_memory
from stack.doctor.seen import Seen
from stack.engine.asking import Engine
from stack.known import known

ODD = "we ird $HOME 'q\" ü"


class Told:
    """An engine that says this."""

    async def ask(self, *words: str) -> str:
        return '{"MemTotal": 4294967296}'


def seen(service: dict[str, Any]) -> Seen:
    config = {"name": "p", "services": {"app": service}}
    return Seen(
        known=known(config, ["app"]), config=config, containers=(), docker=cast(Engine, Told()), answers=True
    )


async def rights(folder: Path) -> Check:
    """Of a folder as compose writes it, which doubles each dollar."""
    mount = {"type": "bind", "source": str(folder).replace("$", "$$"), "target": "/workspace"}
    return await check_rights(seen({"volumes": [mount]}))


def docker(folder: Path, script: str) -> None:
    path = folder / "docker"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "verdicts", "words"),
    [
        ("", ["warn"], "neither docker nor podman"),
        ("exit 1", ["warn"], "its compose plugin is not"),
        ("echo 1.29.2", ["warn"], "Compose is too old"),
        ('[ "$1" = compose ] && echo 2.40.0 || exit 1', ["ok", "warn"], "failed"),
        (
            '[ "$1" = compose ] && echo 2.40.0 && exit; echo "Is the docker daemon running?" >&2; exit 1',
            ["ok", "warn"],
            "The container engine does not answer",
        ),
        ('[ "$1" = compose ] && echo 2.40.0 || echo 27.1.0', ["ok", "ok"], "docker 27.1.0"),
    ],
)
async def test_the_machine_without_a_stack_is_told_of_as_with_one(
    tmp_path: Path, script: str, verdicts: list[str], words: str
) -> None:
    if script:
        docker(tmp_path, script)
    env = {"PATH": str(tmp_path)}
    checks = await check_machine(env)
    assert [check.verdict for check in checks] == verdicts
    assert words in checks[-1].detail
    own = await check_engine(env)
    for check in checks:
        assert check.verdict == "ok" or check.next_step.endswith("Only the stack needs it.")
        assert check.detail in ((await check_compose(env)).detail, own.detail)


@pytest.mark.skipif(os.name != "posix", reason="rights of files")
async def test_a_workspace_of_any_name(tmp_path: Path) -> None:
    folder = tmp_path / ODD
    folder.mkdir()
    folder.chmod(0o777)
    assert (await rights(folder)).verdict == "ok"
    folder.chmod(0o700)
    refused = await rights(folder)
    assert refused.verdict in ("warn", "ok")  # macOS leaves it to the engine
    assert refused.verdict == "ok" or shlex.quote(str(folder)) in refused.next_step


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is the engine's business")
async def test_the_containers_only_read_the_state(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    (tmp_path / ".dspy_tui").mkdir()
    (tmp_path / ".dspy_tui").chmod(0o755)
    assert (await rights(tmp_path)).verdict == "ok"
    (tmp_path / ".dspy_tui").chmod(0o700)
    assert ".dspy_tui" in (await rights(tmp_path)).detail


async def test_the_command_for_the_file_of_secrets_can_be_pasted(tmp_path: Path) -> None:
    folder = tmp_path / ODD
    folder.mkdir()
    (folder / ".env").write_text("A=1\n")
    (folder / ".env").chmod(0o644)
    check = await check_env_file(folder)
    assert check.verdict == "fail"
    assert shlex.split(check.next_step) == ["chmod", "600", str(folder / ".env")]


async def test_services_without_limits() -> None:
    check = await check_memory(seen({}))
    assert (check.verdict, check.detail) == ("ok", "no service has a limit; the machine has 4.0 GB")
    limited = {"deploy": {"resources": {"limits": {"memory": "1073741824"}}}}
    assert (await check_memory(seen(limited))).detail == "at most 1.0 GB of 4.0 GB"
