"""The part of `rl` that looks after trained policies: which there are, which is in use, what it is worth."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec

from agent_core.errors import UsageError
from agent_core.plugins.installed import Plugins, plugins_of
from agent_core.text import one_line, plural
from agent_core.tools.base import ToolResult

if TYPE_CHECKING:
    from agent_core.config import Settings
    from agent_core.workspace import Workspace


async def choose_policy(what: str, version: str, workspace: Workspace) -> ToolResult:
    """Use another trained policy, or the one before; raises `UsageError`, `LearningFault`."""
    from agent_core.rl.offline.running import registry_of

    registry = registry_of(workspace)
    if what == "rollback":
        number = await asyncio.to_thread(registry.roll_back)
    else:
        if not version.isascii() or not version.isdigit():
            raise UsageError("rl promote needs the number of a policy", hint="`rl status` shows them.")
        number = (await asyncio.to_thread(registry.promote, int(version))).version
    text = (
        f"Policy {number} orders the checks of edits now."
        if number
        else "Checks run in their usual order now."
    )
    return ToolResult(text=text, summary=f"policy {number or 'none'}", data={"in_use": number})


async def policies(workspace: Workspace, settings: Settings) -> tuple[str, dict[str, Any]]:
    """What was trained here, as text and for programs."""
    return await asyncio.to_thread(_policies, workspace, plugins_of(settings))


async def comparison(workspace: Workspace) -> tuple[str, dict[str, Any] | None]:
    """What the policy in use, or else the newest, is worth, as text and for programs; None without any."""
    return await asyncio.to_thread(_comparison, workspace)


def _comparison(workspace: Workspace) -> tuple[str, dict[str, Any] | None]:
    from agent_core.rl.offline import saying
    from agent_core.rl.offline.running import registry_of

    registry = registry_of(workspace)
    used = registry.in_use
    about = used or next(iter(registry.all()), None)
    if about is None:
        return saying.policies((), 0, now=time.time()), None
    verdict, compared = saying.verdict_of(about.comparison), about.comparison
    lines = ["order of checks", f"policy {about.version}, {'in use' if used else 'not in use'}: {verdict}"]
    if compared.changes:
        order = f"the best fixed order ({', '.join(compared.order)})"
        others = ((order, compared.fixed), *compared.bandits.items())
        costs = ", ".join(f"{one_line(name)} {cost:.2f} s" for name, cost in others)
        bugs = plural(compared.changes, "bug")
        lines.append(f"mean time to the first failure on {bugs} that it never saw: {compared.policy:.2f} s")
        lines.append(f"beside it: {costs}, an oracle {compared.oracle:.2f} s")
    data = {
        "version": about.version,
        "in_use": used is not None,
        "verdict": verdict,
        "comparison": msgspec.to_builtins(compared),
    }
    return "\n".join(lines), data


def _policies(workspace: Workspace, plugins: Plugins) -> tuple[str, dict[str, Any]]:
    from agent_core.rl.offline import saying
    from agent_core.rl.offline.ended import all_ended
    from agent_core.rl.offline.running import FOLDER, registry_of
    from agent_core.skills.registry import skill_rows, skills_folder

    registry = registry_of(workspace)
    found, used = registry.all(), registry.in_use
    in_use = used.version if used else 0
    ended = all_ended(workspace.own.state_dir / FOLDER)
    rows = [row for row in skill_rows(skills_folder(workspace), plugins=plugins) if row.optimised]
    text = saying.policies(found, in_use, now=time.time())
    if ended:
        text += f"\n\n{saying.not_done(ended, now=time.time())}"
    if rows:
        skills = plural(len(rows), "skill")
        text += f"\n\n{skills} with prompts improved by GEPA: {', '.join(row.name for row in rows)}"
    data = {
        "policies": [msgspec.to_builtins(about) for about in found],
        "in_use": in_use,
        "not_done": [msgspec.to_builtins(each) for each in ended],
        "prompts": [msgspec.to_builtins(row) for row in rows],
    }
    return text, data
