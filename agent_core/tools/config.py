"""`config`: the settings with where each came from; one in full; set one, take one out again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import msgspec

from agent_core.commandline import render
from agent_core.errors import ConfigError, ToolError, UsageError
from agent_core.events import ActionClass
from agent_core.text import one_line, plural
from agent_core.tools.asking import Planned
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.config import Config, Settings
    from agent_core.workspace import Workspace


class ConfigArgs(msgspec.Struct, frozen=True):
    """Arguments of `config`."""

    what: Annotated[
        Literal["show", "set", "unset"],
        msgspec.Meta(description="Show the settings, or one in full; set one, or take it out of its file."),
    ] = "show"
    name: Annotated[str, msgspec.Meta(description="The setting, such as theme.")] = ""
    value: Annotated[str, msgspec.Meta(description="Its new value; in quotes where it has spaces.")] = ""
    in_workspace: Annotated[
        bool,
        msgspec.Meta(
            description="In .dspy_tui/config.toml, for this workspace alone.",
            extra={"flag": "--in-workspace"},
        ),
    ] = False


class ConfigTool:
    """Shows settings, secrets masked, and changes them in one of the two files, which asks as writing does.

    Args:
        reread: Reads the settings from all their origins as they are now.
    """

    name: ClassVar[str] = "config"
    aliases: ClassVar[tuple[str, ...]] = ("settings",)
    summary: ClassVar[str] = "show the settings and where each came from; set one, or take it out again"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = ConfigArgs
    positional: ClassVar[tuple[str, ...]] = ("what", "name", "value")
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, reread: Callable[[], Config]) -> None:
        self._reread = reread

    async def plan(
        self, args: ConfigArgs, *, workspace: Workspace, settings: Settings, typed: bool
    ) -> Planned | None:
        """What is written asks as a change of files does; raises `UsageError`, `ConfigError`."""
        _check(args)
        if args.what == "show":
            return None
        from agent_core.config_writing import Target, settable

        where = "workspace" if args.in_workspace else "user"
        settable(_name(args), where)
        path = Target(where, workspace).path
        return Planned((render(self, args),), f"It writes to {one_line(str(path))}.", action="write")

    async def run(self, args: ConfigArgs, context: ToolContext) -> ToolResult:
        """Do it; raises `UsageError`, `ConfigError`, and `ToolError` where the file cannot be written."""
        _check(args)
        if args.what != "show":
            return await self._change(args, context.workspace)
        config = await asyncio.to_thread(self._reread)
        from agent_core.config import rows
        from agent_core.config_said import lines_of

        table = rows(config)
        if args.name:
            return _one(config, _name(args))
        return ToolResult(
            text="\n".join(lines_of(config)),
            summary=plural(len(table), "setting"),
            data={"settings": table, "warnings": list(config.warnings)},
        )

    async def _change(self, args: ConfigArgs, workspace: Workspace) -> ToolResult:
        from agent_core.config_writing import Target, changed, overruled

        name = _name(args)
        target = Target("workspace" if args.in_workspace else "user", workspace)
        text = args.value if args.what == "set" else None
        try:
            said = await asyncio.to_thread(changed, target, name, text)
        except OSError as error:
            raise ToolError(f"{one_line(str(target.path))} cannot be written: {error.strerror}") from None
        above = overruled(await asyncio.to_thread(self._reread), name, target.where)
        counts = f"{above} counts instead" if above else "It holds from the next start on; a theme at once."
        return ToolResult(
            text=f"{said}\n{counts}",
            summary=said,
            data={"name": name, "file": str(target.path), "overruled_by": above},
        )


def _name(args: ConfigArgs) -> str:
    return args.name.replace("-", "_")


def _check(args: ConfigArgs) -> None:
    if args.what == "set" and not (args.name and args.value):
        raise UsageError("config set needs a setting and its value", hint="config set theme dspy-light")
    if args.what == "unset" and not args.name:
        raise UsageError("config unset needs one setting", hint="`config` lists all of them.")
    if args.what != "set" and args.value:
        raise UsageError(f"config {args.what} takes one setting", hint="`config` lists all of them.")


def _one(config: Config, name: str) -> ToolResult:
    """A setting in full; raises `ConfigError` where there is none of that name."""
    from agent_core.config import rows
    from agent_core.config_said import choices, limits
    from agent_core.config_sources import fields, nearest

    field = fields().get(name)
    if field is None:
        raise ConfigError(f"There is no setting {name!r}{nearest(name)}", hint="`config` lists all of them.")
    row = next(each for each in rows(config) if each["name"] == name)
    origin = " ".join(filter(None, (str(row["origin"]), one_line(str(row["detail"])))))
    value = msgspec.json.encode(row["value"]).decode()
    said = {
        "is": one_line(value),
        "from": origin,
        "one of": ", ".join(choices(field)),
        "limits": "; ".join(limits(field)),
        "variable": field.env,
    }
    lines = [name, one_line(field.description)]
    lines += [f"{label:<9} {one_line(text)}" for label, text in said.items() if text]
    return ToolResult(text="\n".join(lines), summary=f"{name} is {one_line(value)}", data={"settings": [row]})
