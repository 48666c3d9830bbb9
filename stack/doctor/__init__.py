"""`stack doctor`: what the stack needs of this machine, what is missing, and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from pathlib import Path

from agent_core.config import Settings
from agent_core.doctor.check import Check
from agent_core.doctor.services import check_broker
from agent_core.errors import AgentError, StackFault
from stack.doctor.engine import check_compose, check_engine
from stack.doctor.files import check_env_file, check_files
from stack.doctor.images import check_images
from stack.doctor.ports import check_ports
from stack.doctor.rights import check_rights
from stack.doctor.room import check_disk, check_memory
from stack.doctor.seen import Seen
from stack.engine.values import Container
from stack.known import known
from stack.running import Running, open_stack


async def run_checks(
    root: Path, *, settings: Settings, env: Mapping[str, str] | None = None
) -> tuple[Check, ...]:
    """Every check that can be made, in a fixed order: the engine, then the files, then what needs both.

    Args:
        root: The workspace.
        settings: `stack_dir` says where the files are, `kafka_bootstrap` where the broker is.
        env: The environment; this process's by default.
    """
    compose = await check_compose(env)
    try:
        stack = await open_stack(root, stack_dir=settings.stack_dir, env=env)
    except StackFault as fault:
        if compose.verdict == "fail":
            return (compose,)
        engine = await check_engine(env)
        return compose, engine, Check("files", "fail", fault.message, fault.hint)
    engine, files, env_file = await asyncio.gather(
        check_engine(env), check_files(stack), check_env_file(stack.folder)
    )
    found = [compose, engine, files, env_file]
    if files.verdict == "fail":
        return tuple(found)
    seen = await _seen(stack, answers=engine.verdict != "fail")
    checks: list[Awaitable[Check]] = [check_ports(seen), check_rights(seen)]
    if seen.answers:
        checks += [check_images(seen), check_memory(seen), check_disk(seen), _broker(seen, settings)]
    return (*found, *await asyncio.gather(*checks))


async def _seen(stack: Running, *, answers: bool) -> Seen:
    config, active = await asyncio.gather(stack.config(), stack.compose.services())
    containers: tuple[Container, ...] = ()
    if answers:
        try:
            containers = await stack.compose.ps()
        except AgentError:
            answers = False  # it ended right now, and the next run says so
    return Seen(
        known=known(config, active),
        config=config,
        containers=containers,
        docker=stack.compose.docker,
        answers=answers,
    )


async def _broker(seen: Seen, settings: Settings) -> Check:
    """The broker answers on this machine; one that is not started is no trouble yet."""
    own = [each for each in seen.containers if each.service == "kafka" and each.state == "running"]
    check = await check_broker(settings)
    if check.verdict == "ok":
        return check
    if own:
        return Check(
            "broker", "fail", f"its container runs, but {check.detail}", "`stack logs kafka` shows its words."
        )
    return Check("broker", "warn", "not started", "`stack up` starts it; without it local logs are used.")
