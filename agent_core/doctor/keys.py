"""Where each key and password comes from; never what it is."""

from __future__ import annotations

import asyncio

from agent_core.config import Config
from agent_core.config_sources import fields
from agent_core.credentials.finding import origin_of
from agent_core.credentials.known import known_endpoints, unreadable
from agent_core.doctor.check import Check
from agent_core.errors import AgentError
from agent_core.llm.hosts import host_of, openai_url
from agent_core.text import one_line


async def check_keys(config: Config) -> Check:
    """Name the origin of the endpoint's key, of others in the keyring, and of Kafka's passwords."""
    try:
        rows = await asyncio.to_thread(_rows, config)
    except AgentError as error:
        return Check("keys", "warn", error.message, error.hint)
    refused = [warning for warning in config.warnings if "no key or password is taken from a file" in warning]
    if refused:
        step = "Remove it there, take it back where it was made, and keep the new one: `dspy-tui auth login`."
        return Check("keys", "warn", "; ".join([*refused, *rows]), step)
    if trouble := await asyncio.to_thread(unreadable):
        step = "Update dspy-tui where it is newer; else `dspy-tui auth login` begins it anew."
        return Check("keys", "warn", "; ".join([one_line(trouble), *rows]), step)
    return Check("keys", "ok", "; ".join(rows) or "none are set")


def _rows(config: Config) -> list[str]:
    host = host_of(openai_url(config.settings.openai_base_url))
    hosts = dict.fromkeys((host, *known_endpoints()))
    rows = [f"{one_line(name)}: {origin}" for name in hosts if (origin := origin_of(config, name))]
    for name, field in fields().items():
        if field.secret and name != "openai_api_key" and getattr(config.settings, name):
            origin = config.origins[name]
            rows.append(f"{name}: {origin.kind} {one_line(origin.detail)}")
    return rows
