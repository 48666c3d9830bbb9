"""Edits as JSON objects, as models write them that are used to call tools."""

from __future__ import annotations

import json
from typing import Any, cast

from agent_core.edits.model import Edit, Replace, Write

_PATH = ("path", "file_path", "filepath", "file", "filename", "target_file")
_SEARCH = ("search", "old_string", "old_str", "old_text", "old", "find", "original", "before")
_REPLACE = ("replace", "new_string", "new_str", "new_text", "new", "replacement", "updated", "after")
_CONTENT = ("content", "contents", "file_text")
_INSIDE = (
    "edits",
    "changes",
    "files",
    "edit",
    "operations",
    "arguments",
    "parameters",
    "input",
    "replacements",
)
_DEPTH = 6


def edits_of(text: str, start: int, *, line: int, path: str) -> tuple[list[Edit], int]:
    """The edits of the JSON value at an offset of the text, and where it ends; none and `start` without any.

    `path` is the file of objects that name none.
    """
    try:
        value, end = json.JSONDecoder(strict=False).raw_decode(text, start)
    except (ValueError, RecursionError):
        return [], start
    edits: list[Edit] = []
    _walk(value, path, line, edits, 0)
    return edits, end if edits else start


def means_edits(text: str) -> bool:
    """Whether a text that is no valid JSON was meant as edits."""
    return any(f'"{name}"' in text for name in _SEARCH) and any(f'"{name}"' in text for name in _REPLACE)


def _walk(value: object, path: str, line: int, edits: list[Edit], depth: int) -> None:
    if depth > _DEPTH:
        return
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            _walk(item, path, line, edits, depth + 1)
    elif isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        path = _text(fields, _PATH) or path
        search, replace = _text(fields, _SEARCH), _text(fields, _REPLACE)
        content = _text(fields, _CONTENT)
        if search is not None and replace is not None and path:
            every = fields.get("replace_all") is True
            edits.append(_replace(path, search, replace, line, every=every))
        elif content is not None and path:
            lines = content.removesuffix("\n").split("\n") if content else []
            edits.append(Write(path=path, lines=tuple(lines), form="json", line=line))
        else:
            for name in _INSIDE:
                _walk(_decoded(fields.get(name)), path, line, edits, depth + 1)


def _decoded(value: object) -> object:
    """Arguments of a call may be JSON inside a string."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value, strict=False)
        except (ValueError, RecursionError):
            return None
    return value


def _text(fields: dict[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str):
            return value.replace("\r\n", "\n")
        if isinstance(value, list) and name not in _PATH:
            items = cast("list[Any]", value)
            if items and all(isinstance(item, str) for item in items):
                return "\n".join(item.rstrip("\n") for item in cast("list[str]", items))
    return None


def _replace(path: str, search: str, replace: str, line: int, *, every: bool) -> Replace:
    whole = search.endswith("\n") and (replace.endswith("\n") or not replace)
    if whole:
        search, replace = search[:-1], replace.removesuffix("\n")
    return Replace(
        path=path,
        search=tuple(search.split("\n")) if search.strip() else (),
        replace=tuple(replace.split("\n")) if replace else (),
        form="json",
        line=line,
        partial=not whole,
        every=every,
    )
