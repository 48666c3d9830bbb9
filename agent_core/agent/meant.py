"""Which tool and arguments a model means: by general rules, and only where nothing else can be meant."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from agent_core.agent.objects import whole_object
from agent_core.llm.dspy_engine import UNPARSED
from agent_core.tools.fields import Field

_SYNONYMS = {
    "grep": ("rg", "ripgrep", "search_files", "grep_search", "search_text", "search_code"),
    "cat": ("read", "read_file", "open_file", "view_file", "show_file"),
    "ls": ("list", "list_files", "list_dir", "list_directory", "dir"),
    "tree": ("directory_tree", "file_tree"),
}
"""Names that tools with the same arguments have elsewhere."""
_ALIASES = {
    "path": ("file", "filename", "file_name", "file_path", "filepath", "folder", "directory", "dir"),
    "pattern": ("query", "regex", "search", "text", "q"),
    "query": ("pattern", "search", "text", "q"),
    "start": ("start_line", "from_line", "line_start"),
    "end": ("end_line", "to_line", "line_end"),
    "depth": ("max_depth",),
}
_MOST_BARE = 300


def meant_name(name: str, names: Iterable[str]) -> str | None:
    """The tool that is meant: but for case, a prefix, `_tool`, a common other name, or one letter.

    None where it is none, or could be several.
    """
    known = {_plain(tool): tool for tool in names}
    plain = _plain(re.split(r"[.:/]", name.strip())[-1])
    for form in (plain, plain.removesuffix("_tool")):
        if form in known:
            return known[form]
    for tool, others in _SYNONYMS.items():
        if tool in known and plain in others:
            return known[tool]
    near = [tool for form, tool in known.items() if len(plain) > 2 and _one_letter(plain, form)]
    return near[0] if len(near) == 1 else None


def _plain(name: str) -> str:
    return re.sub(r"[\s-]", "_", name.strip().lower())


def _one_letter(left: str, right: str) -> bool:
    """Whether one is the other with one letter more, less or changed, or two exchanged."""
    if abs(len(left) - len(right)) > 1:
        return False
    short, long = sorted((left, right), key=len)
    at = next((n for n, char in enumerate(short) if char != long[n]), len(short))
    if len(short) != len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[:at] + short[at : at + 2][::-1] + short[at + 2 :]
    return short[at + 1 :] == long[at + 1 :] or swapped == long


def meant_arguments(fields: Iterable[Field], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments under the names that the tool has for them, each as its type wants it.

    What the tool does not have is left out. A tool with one required argument may be given it bare.

    Raises:
        ValueError: They are no arguments, or one is given twice; the message says so.
    """
    known = {field.name: field for field in fields}
    given = _opened(known, arguments)
    meant: dict[str, Any] = {}
    for exact in (True, False):
        for key, value in given.items():
            name = _plain(key)
            if value is None or (name in known) is not exact:
                continue
            target = name if exact else _target(name, known)
            if target and target in meant and meant[target] != value:
                raise ValueError(f"{target} is given twice")
            if target:
                meant[target] = value
    return {name: _shaped(known[name], value) for name, value in meant.items()}


def _target(name: str, known: Mapping[str, Field]) -> str:
    able = [target for target, others in _ALIASES.items() if target in known and name in others]
    return able[0] if len(able) == 1 else ""


def _opened(known: Mapping[str, Field], arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments as an object: they may be encoded again and again, or be the one that is required."""
    if UNPARSED not in arguments:
        return arguments
    value: Any = arguments[UNPARSED]
    for _ in range(4):
        if not isinstance(value, str):
            break
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            break
    if isinstance(value, str) and "{" in value:
        value = whole_object(value) or value
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    value = _alone(value)
    required = [field.name for field in known.values() if field.required]
    bare = isinstance(value, int | float) or (
        isinstance(value, str) and 0 < len(value) <= _MOST_BARE and not re.search(r"[{}\n]", value)
    )
    if bare and len(required) == 1:
        return {required[0]: value}
    raise ValueError("they must be one JSON object, whole")


def _alone(value: Any) -> Any:
    """The one item of a list that has one; else the value."""
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return items[0] if len(items) == 1 else cast("Any", value)


def _shaped(field: Field, given: Any) -> Any:
    value: Any = given if field.kind == "list" else _alone(given)
    if field.kind == "list" and isinstance(value, str):
        return [value]
    if field.kind == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    if field.kind == "text" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if field.kind == "switch" and isinstance(value, str):
        return value.strip().lower()
    return value
