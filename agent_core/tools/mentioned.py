"""Paths among a tool's arguments as the prompt puts them in: `@src/app.py`, `@src/app.py:10-40`."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from agent_core.errors import PathRefused
from agent_core.text import one_line
from agent_core.tools.base import AnyTool
from agent_core.tools.fields import Field, fields_of
from agent_core.words import split_span
from agent_core.workspace import Workspace


async def as_paths(
    tool: AnyTool, args: msgspec.Struct, workspace: Workspace
) -> tuple[msgspec.Struct, tuple[str, ...]]:
    """The arguments with plain paths where something is mentioned that exists, and what is to be said of it.

    What is really called so comes first (`@types/index.d.ts`, `a:10`); what does not exist stays as it was
    typed, so that the tool tells of that. Lines are left to tools that show lines; where they mean nothing,
    all of the file is meant, which is said.
    """
    fields = [field for field in fields_of(type(args)) if field.path]
    if not any(_may_be(value) for field in fields for value in _values(args, field)):
        return args, ()
    return await asyncio.to_thread(_read, tool, args, fields, workspace)


def _read(
    tool: AnyTool, args: msgspec.Struct, fields: list[Field], workspace: Workspace
) -> tuple[msgspec.Struct, tuple[str, ...]]:
    changed: dict[str, Any] = {}
    whole: dict[str, None] = {}
    for field in fields:
        paths: list[str] = []
        for value in _values(args, field):
            path, lines = _meant(value, workspace)
            if lines and not field.lines:
                whole[path] = None
            paths.append(path + lines if field.lines else path)
        if paths:
            changed[field.name] = tuple(paths) if field.kind == "list" else paths[0]
    said = tuple(f"{tool.name} takes no lines: it goes by all of {one_line(path)}" for path in whole)
    return msgspec.structs.replace(args, **changed), said


def _values(args: msgspec.Struct, field: Field) -> tuple[str, ...]:
    value: Any = getattr(args, field.name)
    return tuple(value) if field.kind == "list" else (value,) if isinstance(value, str) else ()


def _may_be(value: str) -> bool:
    return value.startswith("@") or split_span(value)[1] is not None


def _meant(value: str, workspace: Workspace) -> tuple[str, str]:
    """The path that a word means, and the lines behind it with their colon, as they were typed."""
    if not _may_be(value):
        return value, ""
    spellings = (value, value.removeprefix("@"))
    for path in spellings:
        if _exists(path, workspace):
            return path, ""
    for spelling in spellings:
        path = split_span(spelling)[0]
        if path != spelling and _exists(path, workspace):
            return path, spelling[len(path) :]
    return value, ""


def _exists(path: str, workspace: Workspace) -> bool:
    try:
        return bool(path) and workspace.resolve(path).exists()
    except (PathRefused, OSError):
        return False
