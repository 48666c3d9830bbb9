"""`doctor`: what works here, what does not, and what to do about it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from agent_core.config import Config
from agent_core.doctor.bundle import write_bundle
from agent_core.doctor.check import Check, CheckVerdict
from agent_core.doctor.keys import check_keys
from agent_core.doctor.logs import check_logs
from agent_core.doctor.prompts import check_prompts
from agent_core.doctor.servers import check_servers
from agent_core.doctor.services import check_broker, check_ollama, check_openai
from agent_core.doctor.state import check_state
from agent_core.doctor.system import (
    check_git,
    check_python,
    check_ripgrep,
    check_sandbox,
    check_terminal,
)
from agent_core.doctor.versions import check_versions
from agent_core.folders import user_config_dir, user_state_dir
from agent_core.text import one_line
from agent_core.workspace import Workspace

__all__ = ["Check", "CheckVerdict", "run_checks", "write_bundle"]


async def run_checks(
    config: Config, *, workspace: Workspace | None = None, env: Mapping[str, str] | None = None
) -> list[Check]:
    """All checks at once, in a fixed order; each bounds its own time, so it ends within about ten seconds.

    Args:
        config: The effective settings and their warnings.
        workspace: Whose state, optimised prompts and logs are looked at; without one they are not.
        env: The environment to look at; this process's by default.
    """
    environment = os.environ if env is None else env
    settings = config.settings
    checks = await asyncio.gather(
        check_python(),
        check_terminal(environment),
        check_ripgrep(environment),
        check_git(environment),
        check_sandbox(environment),
        check_ollama(settings),
        check_openai(settings),
        check_keys(config),
        check_broker(settings),
        *(
            [
                check_state(workspace),
                check_versions(workspace, environment),
                check_prompts(workspace, settings),
                check_logs(workspace, settings),
                check_servers(workspace, settings, environment),
            ]
            if workspace
            else ()
        ),
    )
    return [_settings(config), _folders(environment), *checks]


def _folders(env: Mapping[str, str]) -> Check:
    """Where what is this user's alone lies: what is to be removed with the program."""
    named = {"configuration": user_config_dir(env), "state": user_state_dir(env)}
    said = [
        f"{what} {one_line(str(path))}{'' if os.path.exists(path) else ' (none yet)'}"  # noqa: PTH110 - never raises
        for what, path in named.items()
    ]
    return Check("your folders", "ok", ", ".join(said))


def _settings(config: Config) -> Check:
    if config.warnings:
        step = "Repair them; `dspy-tui config show` lists every setting and its origin."
        return Check("settings", "warn", "; ".join(config.warnings), step)
    return Check("settings", "ok", "all readable")
