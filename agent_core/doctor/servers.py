"""The check of language servers: which are installed for this workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from agent_core.config import Settings
from agent_core.doctor.check import Check
from agent_core.lsp.detect import LANGUAGES, find_server
from agent_core.text import one_line
from agent_core.workspace import Workspace


async def check_servers(workspace: Workspace, settings: Settings, env: Mapping[str, str]) -> Check:
    """Those that are found; a configured one that is missing stands out. Nothing is started."""
    return await asyncio.to_thread(_check, workspace, settings, env)


def _check(workspace: Workspace, settings: Settings, env: Mapping[str, str]) -> Check:
    if not settings.lsp:
        return Check("language servers", "ok", "off by the setting lsp")
    specs = [find_server(language, workspace, settings, env=env) for language in LANGUAGES]
    found = ", ".join(f"{one_line(spec.line)} ({spec.language})" for spec in specs if spec.found)
    lacking = [
        spec
        for spec in specs
        if not spec.found and not spec.off and settings.lsp_commands.get(spec.language, "").strip()
    ]
    if lacking:
        said = "; ".join(one_line(spec.why) for spec in lacking)
        return Check("language servers", "warn", said, "Install it, or correct lsp_commands.")
    if not found:
        step = "With pyright, typescript-language-server, rust-analyzer or gopls edits are checked sooner."
        return Check("language servers", "ok", "none installed", step)
    return Check("language servers", "ok", found)
