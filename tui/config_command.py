"""`config set` and `config unset`: a setting in the user's file, or in the workspace's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.batch_formats import to_json
from agent_core.config import load
from agent_core.config_sources import masked_setting
from agent_core.config_writing import Target, changed, overruled
from agent_core.errors import UsageError
from agent_core.workspace import Workspace
from tui.arguments import root_of, settings_of
from tui.cli import say, show

if TYPE_CHECKING:
    from tui.options import Parsed


def config_change(parsed: Parsed) -> int:
    """Write a setting or take it out, and say where, and what else may have a say."""
    workspace = Workspace.open(root_of(parsed))
    flags = settings_of(parsed)
    load(root=workspace.root, flags=flags)  # what is wrong with the flags is said before anything is written
    target = Target("workspace" if parsed.has("in-workspace") else "user", workspace)
    if parsed.command.words[-1] == "set":
        name, text = _named(parsed.words)
        said = changed(target, name, text)
    else:
        (name,) = _one(parsed.words)
        said = changed(target, name, None)
    config = load(root=workspace.root, flags=flags)
    above = overruled(config, name, target.where)
    if parsed.one("format") == "json":
        import msgspec

        document = {
            "schema": "dspy-tui.config-change/1",
            "name": name,
            "value": masked_setting(name, getattr(config.settings, name)),
            "file": str(target.path),
            "overruled_by": above,
        }
        show(msgspec.json.format(to_json(document), indent=2).decode())
        return 0
    show(said)
    if above:
        say(f"warning: {above} counts instead")
    return 0


def _named(words: tuple[str, ...]) -> tuple[str, str]:
    if len(words) == 1 and "=" in words[0]:
        name, _, text = words[0].partition("=")
        return name.strip().replace("-", "_"), text
    if len(words) != 2:
        raise UsageError("config set needs a setting and its value", hint="config set theme dspy-light")
    return words[0].replace("-", "_"), words[1]


def _one(words: tuple[str, ...]) -> tuple[str]:
    if len(words) != 1:
        raise UsageError("config unset needs one setting", hint="`config show` lists all of them.")
    return (words[0].replace("-", "_"),)
