"""Every tool under its name: the built-in ones, those that are added when things are wired, and plugins.

A plugin is a distribution with an entry point in the group `dspy_tui.tools`; the entry point's name is the
command's, its value a tool or a class that makes one without arguments. Installed distributions are looked
through only when a name is asked for that is not known yet, or all tools are, and a plugin is imported only
then. One that fails is recorded and never stops anything.
"""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast, get_args

import msgspec

from agent_core.events import ActionClass
from agent_core.text import one_line, shorten
from agent_core.tools.base import AnyTool
from agent_core.tools.fields import fields_of

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from agent_core.checkpoints.checkpoints import Checkpoints
    from agent_core.tools.written import Unusable, WrittenCommand
    from agent_core.workspace import Workspace

GROUP = "dspy_tui.tools"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_PARTS = (
    *("name", "aliases", "summary", "action", "args_type", "positional", "takes_rest", "for_agent", "run"),
)
_log = logging.getLogger(__name__)


class PluginFailure(msgspec.Struct, frozen=True):
    """A plugin that could not be used: the command's name, what was to be loaded, and why not."""

    name: str
    source: str
    error: str


class Registry:
    """Tools by name. Names and aliases are unique; the first to take one keeps it."""

    def __init__(self, tools: Iterable[AnyTool] = ()) -> None:
        self._tools: dict[str, AnyTool] = {}
        self._aliases: dict[str, AnyTool] = {}
        self._plugins: dict[str, EntryPoint] | None = None
        self.failures: list[PluginFailure] = []
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
            plugin = self._waiting().pop(name, None)
            if plugin is not None:
                self._load(plugin)
            found = self._tools.get(name) or self._aliases.get(name)
        return found

    def forced(self, name: str) -> AnyTool | None:
        """The tool that a name alone behind a slash stands for, where that is another than elsewhere."""
        return next((tool for tool in self._tools.values() if name in getattr(tool, "slash_names", ())), None)

    def all(self) -> list[AnyTool]:
        """Every tool, the built-in ones first; loads every plugin."""
        waiting = self._waiting()
        while waiting:
            self._load(waiting.popitem()[1])
        return list(self._tools.values())

    def read_written(self, workspace: Workspace) -> None:
        """Look which commands are written in the workspace now. Reads files: for a thread."""
        from agent_core.tools.written import read_written

        self.written, self.unusable = read_written(workspace, {*self._tools, *self._aliases})

    def _waiting(self) -> dict[str, EntryPoint]:
        """The plugins that are installed and not loaded yet."""
        if self._plugins is None:
            from importlib.metadata import entry_points

            self._plugins = {}
            for point in sorted(entry_points(group=GROUP), key=lambda point: point.name, reverse=True):
                if point.name in self._tools or point.name in self._aliases or point.name in self._plugins:
                    self._fail(point, "another tool has this name")
                else:
                    self._plugins[point.name] = point
        return self._plugins

    def why_not(self, name: str) -> str:
        """Why the plugin that should bring the command cannot be used; "" where there is no such plugin."""
        failed = next((failure for failure in self.failures if failure.name == name), None)
        return f"The plugin {name} cannot be used: {failed.error}" if failed and not self.get(name) else ""

    def _load(self, point: EntryPoint) -> None:
        try:
            loaded: Any = point.load()
            tool = cast(AnyTool, loaded() if inspect.isclass(loaded) else loaded)
            if getattr(tool, "name", None) != point.name:
                raise ValueError(
                    f"the tool is called {getattr(tool, 'name', None)!r}, its entry point {point.name!r}"
                )
            self.add(tool)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - the edge: somebody else's module may do anything, exit too
            _log.warning("plugin %s cannot be used", point.name, exc_info=True)
            self._fail(point, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)

    def _fail(self, point: EntryPoint, error: str) -> None:
        distribution = f" of {point.dist.name} {point.dist.version}" if point.dist else ""
        self.failures.append(
            PluginFailure(point.name, f"{point.value}{distribution}", shorten(one_line(error), 300))
        )


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

    return schema_of(tool.args_type)
