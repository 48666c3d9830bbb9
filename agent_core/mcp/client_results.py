"""What a server answers, as a result of this program: shown literally, bounded, without secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from agent_core.errors import ErrorInfo, McpFault
from agent_core.text import human_size, one_line, plural, printable, shorten
from agent_core.tools.base import ToolResult

_MOST_TEXT = 60_000
"""Characters of a result."""
_MOST_PARTS = 200
_MOST_VALUES = 5_000
_SUMMARY = 100
Mask = Callable[[str], str]


def result_of(answer: Any, *, mask: Mask) -> ToolResult:
    """The result of a `tools/call`; raises `McpFault` where it is none.

    Pictures, sounds and files are told of, and not shown. What the server calls an error is the result's.
    """
    if not isinstance(answer, Mapping) or not isinstance(
        cast("Mapping[str, Any]", answer).get("content", []), list
    ):
        raise McpFault("It answered what is no result")
    table = cast("Mapping[str, Any]", answer)
    parts: list[Any] = table.get("content", [])
    texts = [_part(part) for part in parts[:_MOST_PARTS]]
    text = mask(printable("\n".join(text for text in texts if text))).strip()
    notes = [f"{len(parts) - _MOST_PARTS:,} more parts are left out"] if len(parts) > _MOST_PARTS else []
    if len(text) > _MOST_TEXT:
        text = text[:_MOST_TEXT]
        notes.append(f"cut after {_MOST_TEXT:,} characters")
    data: dict[str, Any] = {}
    if (structured := table.get("structuredContent")) is not None:
        budget = [_MOST_VALUES, _MOST_TEXT]
        data["structured"] = _plain(structured, mask, budget, 0)
        if min(budget) < 0:
            notes.append("its data is not whole")
        if not text:
            import json

            text = json.dumps(data["structured"], ensure_ascii=False, indent=1)
    failed = table.get("isError") is True
    return ToolResult(
        text=text,
        summary=_summary(text),
        data=data,
        note="; ".join(notes),
        error=ErrorInfo(McpFault.code, _summary(text) or "The server says that it failed")
        if failed
        else None,
    )


def _summary(text: str) -> str:
    first, _, rest = text.partition("\n")
    said = shorten(one_line(first), _SUMMARY)
    return f"{said} (and {plural(rest.count(chr(10)) + 1, 'line')})" if rest.strip() else said


def _part(part: Any) -> str:
    if not isinstance(part, dict):
        return "[something that is no content]"
    table = cast("dict[str, Any]", part)
    match table.get("type"):
        case "text":
            return str(table.get("text", ""))
        case "image" | "audio" as kind:
            return f"[{kind}, {_kind_and_size(table)}: not shown]"
        case "resource_link":
            name = one_line(str(table.get("name", "")))
            return f"[resource {shorten(name, 80)}: {shorten(one_line(str(table.get('uri', ''))), 200)}]"
        case "resource":
            return _resource(table.get("resource"))
        case other:
            return f"[content of the kind {shorten(one_line(str(other)), 40)!r}: not shown]"


def _resource(resource: Any) -> str:
    if not isinstance(resource, dict):
        return "[a resource that is none]"
    table = cast("dict[str, Any]", resource)
    uri = shorten(one_line(str(table.get("uri", ""))), 200)
    if isinstance(text := table.get("text"), str):
        return f"[resource {uri}]\n{text}"
    return f"[resource {uri}, {_kind_and_size({**table, 'data': table.get('blob')})}: not shown]"


def _kind_and_size(table: dict[str, Any]) -> str:
    kind = shorten(one_line(str(table.get("mimeType", "of an unknown kind"))), 60)
    data: Any = table.get("data")
    return f"{kind}, {human_size(len(data) * 3 // 4)}" if isinstance(data, str) else kind


def _plain(value: Any, mask: Mask, budget: list[int], depth: int) -> Any:
    """Data with its texts made fit to be shown; `budget` is what may still be kept: values, characters."""
    budget[0] -= 1
    if min(budget) < 0 or depth > 32:
        budget[0] = min(budget[0], -1)
        return None
    match value:
        case str():
            budget[1] -= len(value)
            return mask(printable(value))[:_MOST_TEXT]
        case list():
            found: list[Any] = []
            for each in cast("list[Any]", value):
                if min(budget) < 0:
                    break
                found.append(_plain(each, mask, budget, depth + 1))
            return found
        case dict():
            table: dict[str, Any] = {}
            for name, each in cast("dict[str, Any]", value).items():
                if min(budget) < 0:
                    break
                table[shorten(one_line(name), 200)] = _plain(each, mask, budget, depth + 1)
            return table
        case _:
            return value
