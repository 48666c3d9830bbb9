"""Lines that the SDK takes for no message, as far as they are one or say which they should have been.

Programs that cut a text in the middle of a character write half of it as an escape, which no text may hold,
or bytes that are no UTF-8: their messages are read with `�` in its place.
"""

from __future__ import annotations

import json
import re
from typing import Any, cast

from agent_core.text import encodable

_MOST_NESTED = 200
_ID = re.compile(rb'"id"\s*:\s*(?:(-?\d{1,18})|"([\w:./-]{1,200})")\s*[,}]')
_HEAD = 4096


def repaired(line: bytes) -> Any:
    """The message in the line; its decoded JSON where it is none, None where it is not even that. Slow."""
    from mcp_types import jsonrpc_message_adapter

    try:
        value = _plain(json.loads(line.decode("utf-8", "replace")), _MOST_NESTED)
    except (ValueError, RecursionError):
        return None
    try:
        return jsonrpc_message_adapter.validate_python(value, by_name=False)
    except ValueError:
        return value


def id_of(value: Any) -> int | str | None:
    """The id that an object has, if it is one."""
    found: Any = cast("dict[str, Any]", value).get("id") if isinstance(value, dict) else None
    return found if isinstance(found, int | str) and not isinstance(found, bool) else None


def id_in(head: bytes) -> int | str | None:
    """The id of a message of which only the beginning is there, where that has it before its parameters."""
    found = _ID.search(head[:_HEAD].partition(b'"params"')[0])
    if found is None:
        return None
    number, text = found.groups()
    return int(number) if number else text.decode()


def _plain(value: Any, depth: int) -> Any:
    """The value with nothing in its texts that cannot be sent on; raises ValueError where it is too deep."""
    if depth < 0:
        raise ValueError("nested too deep")
    match value:
        case str():
            return encodable(value)
        case list():
            return [_plain(each, depth - 1) for each in cast("list[Any]", value)]
        case dict():
            table = cast("dict[str, Any]", value)
            return {encodable(name): _plain(each, depth - 1) for name, each in table.items()}
        case _:
            return value
