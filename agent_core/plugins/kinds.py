"""The kinds of plugins, and the version of the port of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

PluginKind = Literal["tools", "skills", "verifiers", "embedders", "log_sources"]
KINDS: tuple[PluginKind, ...] = get_args(PluginKind)
VERSIONS: Mapping[PluginKind, int] = {
    "tools": 1,
    "skills": 1,
    "verifiers": 1,
    "embedders": 1,
    "log_sources": 1,
}
"""What a plugin's `port_version` has to be; one that says nothing was written for version 1."""
RESERVED: Mapping[PluginKind, frozenset[str]] = {
    "verifiers": frozenset({"test_cmd", "lint_cmd", "build_cmd"}),
    "embedders": frozenset({"minilm", "ollama", "openai", "none"}),
    "log_sources": frozenset({"compose", "bus"}),
}
"""Names of what is built in. Those of tools are known to their registry; a skill may take one's place."""


def group(kind: PluginKind) -> str:
    """The group of its entry points."""
    return f"dspy_tui.{kind}"
