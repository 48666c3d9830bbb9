"""The ways into a project that its manifests declare: programs, scripts, targets, containers."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from agent_core.codectx.portrait import Row
from agent_core.errors import AgentError
from agent_core.workspace import Workspace

_MOST_BYTES = 256 * 1024
_MOST = 12
_TARGET = re.compile(r"^([A-Za-z][\w.-]*)\s*:(?!=)(?:[^#\n]*##\s*(.*))?")
_STARTED = re.compile(r"^\s*(ENTRYPOINT|CMD)\s+(.+)", re.IGNORECASE)

Declared = Iterator[tuple[str, tuple[str, ...]]]
"""What is declared, and the texts by which its line is known."""


def declared(workspace: Workspace, folder: str, names: set[str]) -> list[Row]:
    """The ways in that the manifests of a folder declare; blocks. A broken manifest declares nothing."""
    prefix = "" if folder == "." else folder + "/"
    found: list[Row] = []
    for name, read in _READERS.items():
        if name in names:
            found += _rows(workspace, prefix + name, read)
    return found


def _rows(workspace: Workspace, path: str, read: Callable[[str], Declared]) -> list[Row]:
    try:
        lines = workspace.read_text(path, max_bytes=_MOST_BYTES).lines
        pairs = list(read("\n".join(lines)))[:_MOST]
    except (AgentError, ValueError, RecursionError):  # the decoders' errors are ValueErrors
        return []
    rows: list[Row] = []
    for text, marks in pairs:
        line = next(
            (number for number, line in enumerate(lines, 1) if all(mark in line for mark in marks)), 1
        )
        rows.append(Row(text=text, path=path, start=line))
    return rows


def _table(value: Any, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        value = cast("dict[str, Any]", value).get(key) if isinstance(value, dict) else None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _pyproject(text: str) -> Declared:
    data = tomllib.loads(text)
    for keys in (("project", "scripts"), ("project", "gui-scripts"), ("tool", "poetry", "scripts")):
        for name, target in _table(data, *keys).items():
            yield f"command {name} = {target}", (name, str(target))


def _package(text: str) -> Declared:
    data: Any = json.loads(text)
    if not isinstance(data, dict):
        return
    top = cast("dict[str, Any]", data)
    for key in ("main", "module", "bin"):
        if isinstance(top.get(key), str):
            yield f"{key} {top[key]}", (f'"{key}"',)
    for name, target in _table(top, "bin").items():
        yield f"command {name} = {target}", (f'"{name}"', str(target))
    for name, command in _table(top, "scripts").items():
        yield f"script {name}: {command}", (f'"{name}"', ":")


def _cargo(text: str) -> Declared:
    data = tomllib.loads(text)
    programs: Any = data.get("bin", [])
    for program in cast("list[Any]", programs) if isinstance(programs, list) else []:
        name = _table(program).get("name")
        if isinstance(name, str):
            yield f"program {name} = {_table(program).get('path', '')}", ("name", f'"{name}"')


def _make(text: str) -> Declared:
    for line in text.split("\n"):
        match = _TARGET.match(line)
        if match is not None and not match[1].startswith("."):
            yield f"make {match[1]}" + (f": {match[2].strip()}" if match[2] else ""), (line,)


def _docker(text: str) -> Declared:
    for line in text.split("\n"):
        match = _STARTED.match(line)
        if match is not None:
            yield f"{match[1].upper()} {match[2].strip()}", (line,)


_READERS: dict[str, Callable[[str], Declared]] = {
    "pyproject.toml": _pyproject,
    "package.json": _package,
    "Cargo.toml": _cargo,
    "Makefile": _make,
    "Dockerfile": _docker,
}
