"""The JSON schema of what hooks are told and say: docs/hook.schema.json is made of it."""

from __future__ import annotations

from typing import Any

import msgspec

from agent_core.hooks.model import SCHEMA, HookInput, HookReply


def schema() -> dict[str, Any]:
    """A document whose `$defs` has `HookInput` and `HookReply`."""
    _, parts = msgspec.json.schema_components((HookInput, HookReply), ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        "title": "What a hook of dspy-tui is told (HookInput) and says (HookReply)",
        "$ref": "#/$defs/HookInput",
        "$defs": parts,
    }
