"""`hooks`: the programs that are asked before and after tools, and whether they are run."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from agent_core.events import ActionClass
from agent_core.hooks.hooks import Hooks, shown, subject_of
from agent_core.hooks.model import Hook
from agent_core.hooks.reading import HookFile, user_file
from agent_core.permissions import Permissions, exact_rule
from agent_core.text import one_line, plural
from agent_core.tools.base import ToolContext, ToolResult


class HooksArgs(msgspec.Struct, frozen=True):
    """Arguments of `hooks`: none."""


class HookRow(msgspec.Struct, frozen=True, kw_only=True):
    """A hook as it is listed. `state`: runs, asks (before it first runs), or denied by a rule."""

    name: str
    on: str
    tools: tuple[str, ...]
    run: tuple[str, ...]
    timeout: float
    on_failure: str
    source: str
    state: str


class HooksTool:
    """Lists the hooks of the user and of the workspace, and says what allows the latter."""

    name: ClassVar[str] = "hooks"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "list the programs that are asked before and after tools, and whether they run"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = HooksArgs
    positional: ClassVar[tuple[str, ...]] = ()
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, hooks: Hooks, permissions: Permissions) -> None:
        self._hooks, self._permissions = hooks, permissions

    async def run(self, args: HooksArgs, context: ToolContext) -> ToolResult:
        """The list; what is wrong with a file is part of it."""
        files = await self._hooks.files()
        rows = [self._row(hook, file) for file in files for hook in file.hooks]
        lines: list[str] = []
        for file in files:
            lines.append(one_line(file.path))
            if file.trouble:
                lines.append(f"  is not used: {file.trouble}")
                if file.trusted:
                    lines.append("  until it is mended, everything but reading is refused")
            lines += [_line(row, hook) for row, hook in zip(_of(rows, file), file.hooks, strict=True)]
            if any(row.state == "asks" for row in _of(rows, file)):
                lines.append(f"  --allow {exact_rule('run', subject_of(file))!r} allows them as they are now")
        own = self._hooks.workspace_file
        none = f"No hooks are set, neither in {user_file()} nor in {own}."
        return ToolResult(
            text="\n".join(lines) or none,
            summary=plural(len(rows), "hook"),
            data={
                "hooks": [msgspec.to_builtins(row) for row in rows],
                "files": [
                    {"path": one_line(file.path), "digest": file.digest, "trouble": file.trouble}
                    for file in files
                ],
            },
            note="; ".join(f"{one_line(file.path)}: {file.trouble}" for file in files if file.trouble),
        )

    def _row(self, hook: Hook, file: HookFile) -> HookRow:
        verdict = "allow" if hook.trusted else self._permissions.decide("run", subject_of(file))
        return HookRow(
            name=hook.name,
            on=hook.on,
            tools=hook.tools,
            run=hook.argv,
            timeout=hook.timeout,
            on_failure=hook.on_failure,
            source=one_line(file.path),
            state={"allow": "runs", "ask": "asks", "deny": "denied"}[verdict],
        )


def _of(rows: list[HookRow], file: HookFile) -> list[HookRow]:
    return [row for row in rows if row.source == one_line(file.path)]


def _line(row: HookRow, hook: Hook) -> str:
    failing = f"refuses when it fails or takes longer than {hook.timeout:g} s"
    passing = f"is passed over when it fails or takes longer than {hook.timeout:g} s"
    return f"  {row.name} ({row.state}): {shown(hook)}; {failing if hook.on_failure == 'refuse' else passing}"
