"""Checks of compose and the engine: there, new enough, and willing."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from agent_core.doctor.check import Check
from agent_core.errors import NoEngine
from agent_core.text import one_line
from stack.engine.detect import detect, with_engine

_OLDEST_DOCKER = (20, 10)
"""The oldest that the stack was tried with."""


async def check_machine(env: Mapping[str, str] | None = None) -> tuple[Check, ...]:
    """Compose, and the engine where there is a compose to ask it by, for whoever runs no stack yet: what is
    missing is no trouble then."""
    compose = await check_compose(env)
    found = (compose,) if compose.verdict == "fail" else (compose, await check_engine(env))
    return tuple(_only_for_the_stack(check) if check.verdict == "fail" else check for check in found)


def _only_for_the_stack(check: Check) -> Check:
    return msgspec.structs.replace(
        check, verdict="warn", next_step=f"{check.next_step} Only the stack needs it."
    )


async def check_compose(env: Mapping[str, str] | None) -> Check:
    """Compose is there and new enough."""
    try:
        program = await detect(env)
    except NoEngine as fault:
        return Check("compose", "fail", fault.message, fault.hint)
    return Check("compose", "ok", one_line(f"{' '.join(program.argv)} {program.compose}"))


async def check_engine(env: Mapping[str, str] | None) -> Check:
    """The engine answers, and may be used."""
    try:
        program = await with_engine(await detect(env), env)
    except NoEngine as fault:
        return Check("engine", "fail", fault.message, fault.hint)
    detail = one_line(f"{program.argv[0].removesuffix('-compose')} {program.engine}")
    numbers = tuple(int(part) for part in re.findall(r"\d+", program.engine)[:2])
    if program.argv[0].startswith("docker") and numbers < _OLDEST_DOCKER:
        oldest = ".".join(map(str, _OLDEST_DOCKER))
        return Check("engine", "warn", f"{detail} is old", f"The stack was tried with {oldest} and newer.")
    return Check("engine", "ok", detail)
