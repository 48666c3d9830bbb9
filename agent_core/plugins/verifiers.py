"""Checks that plugins bring: found beside the built-in ones, and their output read by them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, get_args

import msgspec

from agent_core.errors import PluginFault
from agent_core.plugins.installed import Plugins
from agent_core.plugins.limits import reason, within
from agent_core.plugins.ports import ReadsOutput
from agent_core.text import one_line
from agent_core.verify.api import Finding, Kind, Verifier
from agent_core.verify.findings.anything import read as read_lines
from agent_core.verify.findings.model import MOST, Parsed, Raw, Tool, finding
from agent_core.verify.project import Project

KIND = "verifiers"
PREFIX = "plugin:"
"""What the `ecosystem` and the `tool` of such a check begin with; the plugin's name follows."""
_FIND_S, _READ_S = 5.0, 20.0
_MOST = 20
_NAME = re.compile(r"[a-z][\w.-]{0,39}")
_readers: dict[str, Tool] = {}
"""Who reads the output, by `Verifier.tool`: filled in as checks are found."""


def plugin_checks(project: Project, plugins: Plugins, taken: set[str]) -> Iterator[Verifier]:
    """The checks of all plugins in a project; one that fails is recorded and left out. Blocks.

    Args:
        project: The workspace's root.
        plugins: Those that are used.
        taken: Names that other checks have.
    """
    for name in sorted(plugins.points(KIND)):
        try:
            found = _found(name, plugins, project)
        except PluginFault:
            continue
        for each in found:
            if each.name not in taken:
                taken.add(each.name)
                yield each


def reader(tool: str) -> Tool:
    """How the output of a plugin's check is read; as that of any program where its plugin is not there."""
    return _readers.get(tool) or Tool(read=read_lines)


def _found(name: str, plugins: Plugins, project: Project) -> list[Verifier]:
    made = plugins.load(KIND, name)
    try:
        given = within(_FIND_S, partial(_listed, made, project), name=f"checks of {name}")
        found = [_filled(each, name) for each in given]
    except Exception as error:
        raise plugins.fail(KIND, name, reason(error, _FIND_S)) from error
    if isinstance(made, ReadsOutput):
        _readers[PREFIX + name] = Tool(read=partial(_read, name, made.read))
    return found


def _listed(made: Any, project: Project) -> list[Any]:
    listed: list[Any] = []
    for each in made.find(project):
        listed.append(each)
        if len(listed) == _MOST:
            break
    return listed


def _filled(each: Any, plugin: str) -> Verifier:
    """The check as one of this plugin; raises where it is none."""
    if not isinstance(each, Verifier):
        raise TypeError(f"find gave a {type(each).__name__}, no Verifier")
    checked = msgspec.convert(msgspec.to_builtins(each), Verifier)
    if not _NAME.fullmatch(checked.name) or checked.kind not in get_args(Kind) or not checked.argv:
        raise ValueError(f"{checked.name!r} is no check: it needs a name of small letters, a kind and words")
    if checked.cwd.startswith("/") or ".." in checked.cwd.split("/"):
        raise ValueError(f"{checked.name} would run outside of the workspace")
    return msgspec.structs.replace(
        checked, ecosystem=PREFIX + plugin, tool=PREFIX + plugin, origin=f"plugin {plugin}", executes=True
    )


def _read(name: str, read: Callable[[Raw], Parsed], raw: Raw) -> Parsed:
    """What a plugin says of a run, cleaned; where it cannot, what can be read of it as of any program."""
    try:
        parsed: Any = within(_READ_S, partial(read, raw), name=f"reader of {name}")
        if not isinstance(parsed, Parsed):
            raise TypeError(f"read gave a {type(parsed).__name__}, no Parsed")
        found = tuple(_clean(each, raw) for each in [*parsed.findings][:MOST])
    except Exception as error:  # noqa: BLE001 - the edge: what others wrote
        why = f"the plugin {name} could not read it: {reason(error, _READ_S)}"
        plain = read_lines(raw)
        return Parsed(plain.findings, plain.passed, plain.failed, plain.state, why)
    return Parsed(found, parsed.passed, parsed.failed, parsed.state, one_line(parsed.note))


def _clean(each: Any, raw: Raw) -> Finding:
    checked = msgspec.convert(msgspec.to_builtins(each), Finding)
    return finding(
        raw.places.relative(checked.path),
        checked.line,
        checked.message,
        column=checked.column,
        severity=checked.severity,
        code=checked.code,
        excerpt=checked.excerpt,
    )
