"""Every tool under its name: the built-in ones, those that are added when things are wired, and plugins.

A plugin is a distribution with an entry point in the group `dspy_tui.tools`; the entry point's name is the
command's, its value a tool or a class that makes one without arguments. Installed distributions are looked
through only when a name is asked for that is not known yet, or all tools are, and a plugin is imported only
then; `ready` does both without holding up the loop. One that fails is recorded and never stops anything.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from agent_core.errors import PluginFault
from agent_core.events import ActionClass
from agent_core.plugins.installed import PluginRow, Plugins
from agent_core.tools.base import AnyTool
from agent_core.tools.fields import fields_of

if TYPE_CHECKING:
    from agent_core.checkpoints.checkpoints import Checkpoints
    from agent_core.tools.written import Unusable, WrittenCommand
    from agent_core.workspace import Workspace

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_PARTS = (
    *("name", "aliases", "summary", "action", "args_type", "positional", "takes_rest", "for_agent", "run"),
)


class PluginFailure(msgspec.Struct, frozen=True):
    """A plugin that could not be used: the command's name, what was to be loaded, and why not."""

    name: str
    source: str
    error: str


class Registry:
    """Tools by name. Names and aliases are unique; the first to take one keeps it."""

    def __init__(self, tools: Iterable[AnyTool] = (), *, plugins: Plugins | None = None) -> None:
        self._tools: dict[str, AnyTool] = {}
        self._aliases: dict[str, AnyTool] = {}
        self._plugins = plugins or Plugins()
        self._waiting: list[str] | None = None
        self._looking = Lock()
        self._readying = asyncio.Lock()
        self.failures: list[PluginFailure] = []
        """The plugins that brought no tool, as far as they were tried."""
        self._owned: dict[str, list[AnyTool]] = {}
        self.written: dict[str, WrittenCommand] = {}
        """The commands that people wrote here; they are typed behind a slash."""
        self.unusable: tuple[Unusable, ...] = ()
        for tool in tools:
            self.add(tool)

    def add(self, tool: AnyTool) -> None:
        """Take in a tool; raises ValueError or TypeError when it is not one, or its name is taken."""
        _check(tool)
        for name in (tool.name, *tool.aliases):
            if name in self._tools or name in self._aliases:
                raise ValueError(f"the name {name!r} is taken")
        self._tools[tool.name] = tool
        self._aliases.update(dict.fromkeys(tool.aliases, tool))

    def get(self, name: str) -> AnyTool | None:
        """The tool of this name or alias; None when there is none."""
        found = self._tools.get(name) or self._aliases.get(name)
        if found is None and _NAME.fullmatch(name):
            if name in self._untried() and self._untaken(name):
                self._take(name, partial(self._plugins.load, "tools", name))
            found = self._tools.get(name) or self._aliases.get(name)
        return found

    def replace(self, owner: str, tools: Iterable[AnyTool]) -> dict[str, str]:
        """Have these tools of an owner and no others of it; says of those that cannot be taken why not."""
        for tool in self._owned.pop(owner, ()):
            self._tools.pop(tool.name, None)
        refused: dict[str, str] = {}
        for tool in tools:
            try:
                self.add(tool)
            except (ValueError, TypeError) as error:
                refused[tool.name] = str(error)
            else:
                self._owned.setdefault(owner, []).append(tool)
        return refused

    def arrange(self, owners: Iterable[str]) -> None:
        """Have the tools of these owners behind all others, in this order, whoever of them came first."""
        for owner in owners:
            for tool in self._owned.get(owner, ()):
                self._tools[tool.name] = self._tools.pop(tool.name)

    def forced(self, name: str) -> AnyTool | None:
        """The tool that a name behind a slash stands for, alone or with that tool's arguments, where that is
        another than elsewhere."""
        return next((tool for tool in self._tools.values() if name in getattr(tool, "slash_names", ())), None)

    def all(self) -> list[AnyTool]:
        """Every tool, the built-in ones first; loads every plugin."""
        for name in [*self._untried()]:
            if self._untaken(name):
                self._take(name, partial(self._plugins.load, "tools", name))
        return list(self._tools.values())

    @property
    def known(self) -> list[AnyTool]:
        """Every tool that is loaded by now."""
        return list(self._tools.values())

    @property
    def pending(self) -> list[str]:
        """The plugins that may bring a tool yet, by name."""
        names = self._plugins.points("tools")
        return [
            name for name in names if name not in self._tools and not self._plugins.why_not("tools", name)
        ]

    async def ready(self, name: str = "") -> None:
        """Load the plugin that brings this command, where one does; all of them without a name."""
        if name and (not _NAME.fullmatch(name) or name in self._tools or name in self._aliases):
            return
        await asyncio.to_thread(self._untried)
        if name and name not in self._plugins.points("tools"):
            return
        async with self._readying:
            for each in [name] if name else [*self._untried()]:
                if self._untaken(each):
                    await self._taken_off(each)

    async def _taken_off(self, name: str) -> None:
        """Take in what a plugin brings, loaded off the loop."""
        try:
            with suppress(PluginFault):  # known from now on; `_take` records it
                await self._plugins.aload("tools", name)
        except asyncio.CancelledError:
            self._untried().append(name)
            raise
        self._take(name, partial(self._plugins.load, "tools", name))

    def read_written(self, workspace: Workspace) -> None:
        """Look which commands are written in the workspace now. Reads files: for a thread."""
        from agent_core.tools.written import read_written

        self.written, self.unusable = read_written(workspace, {*self._tools, *self._aliases})

    @property
    def plugins(self) -> Plugins:
        """Where the plugins come from."""
        return self._plugins

    def why_not(self, name: str) -> str:
        """Why the plugin that should bring the command cannot be used; "" where there is no such plugin."""
        failed = next((failure for failure in self.failures if failure.name == name), None)
        return f"The plugin {name} cannot be used: {failed.error}" if failed and not self.get(name) else ""

    def _untried(self) -> list[str]:
        """The plugins that are installed and not loaded yet, by name."""
        with self._looking:
            if self._waiting is None:
                for name in [*self._plugins.points("tools")]:
                    if name in self._tools or name in self._aliases:
                        self._plugins.refuse("tools", name, "another tool has this name")
                self._waiting = [*self._plugins.points("tools")]
                rows = self._plugins.rows(("tools",))
                self.failures += [_failure(row) for row in rows if row.state == "failed"]
            return self._waiting

    def _take(self, name: str, load: Callable[[], Any]) -> None:
        """Take in what a plugin brings; what is wrong with it is recorded."""
        from agent_core.plugins.tools import guarded

        try:
            tool = guarded(load(), name)
            _check(tool)
            if tool.name != name:
                raise ValueError(f"the tool is called {tool.name!r}, its entry point {name!r}")
            self.add(tool)
        except PluginFault:
            pass  # recorded where it was loaded
        except Exception as error:  # noqa: BLE001 - the edge: whatever its attributes do
            self._plugins.fail("tools", name, f"{type(error).__name__}: {error}")
        if self._plugins.why_not("tools", name):
            rows = self._plugins.rows(("tools",))
            self.failures += [_failure(row) for row in rows if row.name == name and row.state == "failed"]

    def _untaken(self, name: str) -> bool:
        """Whether the plugin is still to be tried; from now on it is not."""
        with self._looking:
            waiting = self._waiting or []
            if found := name in waiting:
                waiting.remove(name)
            return found


def _failure(row: PluginRow) -> PluginFailure:
    return PluginFailure(row.name, f"{row.entry} of {row.distribution} {row.version}", row.error)


def _check(tool: Any) -> None:
    """Raise TypeError or ValueError when the object is not a tool."""
    missing = [name for name in _PARTS if not hasattr(tool, name)]
    if missing:
        raise TypeError(f"a tool needs {', '.join(missing)}")
    if not isinstance(tool.name, str) or not _NAME.fullmatch(tool.name):
        raise ValueError(f"{tool.name!r} is no name for a tool: small letters, digits, - and _")
    if tool.action not in get_args(ActionClass):
        raise ValueError(f"{tool.action!r} is no class of action: {', '.join(get_args(ActionClass))}")
    if not inspect.isclass(tool.args_type) or not issubclass(tool.args_type, msgspec.Struct):
        raise TypeError("args_type is not a msgspec.Struct")
    if not inspect.iscoroutinefunction(tool.run):
        raise TypeError("run is not a coroutine function")
    _check_fields(tool)


def _check_fields(tool: AnyTool) -> None:
    fields = fields_of(tool.args_type)
    flags = [flag for field in fields for flag in field.flags]
    twice = sorted({flag for flag in flags if flags.count(flag) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} stands for two arguments")
    bare = tuple(field.name for field in fields if field.kind != "switch" and not field.has_flag)
    if tuple(tool.positional) != bare:
        raise ValueError(f"positional is {tuple(tool.positional)}, but the fields without a flag are {bare}")
    named = {field.name: field for field in fields}
    if any(named[name].kind == "list" for name in bare[:-1]):
        raise ValueError("only the last positional argument may be a list")


def builtin_tools(*, checkpoints: Checkpoints | None = None, watched: bool = False) -> list[AnyTool]:
    """New instances of the tools that need nothing but a workspace; `diff` also shows what turns changed.

    `watched` says that a person sees what commands write, as they write it.
    """
    from agent_core.tools.cat import CatTool
    from agent_core.tools.diff import DiffTool
    from agent_core.tools.grep import GrepTool
    from agent_core.tools.ls import LsTool
    from agent_core.tools.shell import ShellTool
    from agent_core.tools.tree import TreeTool

    return [
        GrepTool(),
        LsTool(),
        TreeTool(),
        CatTool(),
        DiffTool(checkpoints=checkpoints),
        ShellTool(watched=watched),
    ]


def is_offered(tool: AnyTool) -> bool:
    """Whether a model is offered the tool now."""
    return tool.for_agent and bool(getattr(tool, "is_offered", True))


def tool_schema(tool: AnyTool) -> dict[str, Any]:
    """The JSON schema of a tool's arguments for models: one flat object, small enough for a small model."""
    from agent_core.tools.schema import schema_of

    own: dict[str, Any] | None = getattr(tool, "schema", None)
    return own if own is not None else schema_of(tool.args_type)
