"""Events as they are saved: without secrets, and no larger than a file of many turns bears."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec

from agent_core.events import Event, ToolFinished
from agent_core.text import encodable, plural

MOST_TEXT = 256 * 1024
"""Characters of one text that are saved."""
_MOST_DATA = 512 * 1024


def line_of(event: Event, at: float, mask: Callable[[str], str]) -> bytes:
    """The event as one JSON object with the time; what a tool has for programs goes where it is enormous."""
    if isinstance(event, ToolFinished) and len(msgspec.json.encode(event.data)) > _MOST_DATA:
        event = msgspec.structs.replace(event, data={})
    plain = cast("dict[str, Any]", msgspec.to_builtins(event))
    return msgspec.json.encode({"at": round(at, 3), **_clean(plain, mask)})


def _clean(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        text = encodable(mask(value[:MOST_TEXT]))
        left = len(value) - MOST_TEXT
        return f"{text}\n… {plural(left, 'character')} not saved …" if left > 0 else text
    if isinstance(value, dict):
        return {key: _clean(item, mask) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_clean(item, mask) for item in cast("list[Any]", value)]
    return value
