"""Events as they are saved: without secrets, and no larger than a file of many turns bears."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import msgspec

from agent_core.events import Event, ToolFinished
from agent_core.text import encodable, plural

MOST_TEXT = 256 * 1024
"""Characters of one text that are saved."""
_MOST_DATA = 512 * 1024
_APART = "\n\0\n"
"""Between texts that are looked at as one: nothing that begins in one goes on in the next."""


def line_of(event: Event, at: float, mask: Callable[[str], str]) -> bytes:
    """The event as one JSON object with the time; what a tool has for programs goes where it is enormous."""
    if isinstance(event, ToolFinished) and _size(event.data) > _MOST_DATA:
        event = msgspec.structs.replace(event, data={})
    plain = cast("dict[str, Any]", msgspec.to_builtins(event))
    texts: list[str] = []
    _collect(plain, texts)
    cleaned = _cleaned(texts, mask)
    if cleaned != texts:
        plain = _replaced(plain, iter(cleaned))
    return msgspec.json.encode({"at": round(at, 3), **plain})


def _size(data: dict[str, Any]) -> int:
    try:
        return len(msgspec.json.encode(data))
    except UnicodeEncodeError:  # bytes that were no text, such as in a file's name
        return len(repr(data))


def _cleaned(texts: list[str], mask: Callable[[str], str]) -> list[str]:
    """The same texts as they are saved. They are looked at as one: a tool's result may have thousands."""
    cut = [_cut(text) for text in texts]
    joined = encodable(_APART.join(cut))
    masked = mask(joined).split(_APART)
    if len(masked) == len(texts) == joined.count("\0") + 1:
        return masked
    return [encodable(mask(text)) for text in cut]


def _cut(text: str) -> str:
    left = len(text) - MOST_TEXT
    return f"{text[:MOST_TEXT]}\n… {plural(left, 'character')} not saved …" if left > 0 else text


def _collect(value: Any, into: list[str]) -> None:
    if isinstance(value, str):
        into.append(value)
    elif isinstance(value, dict):
        for item in cast("dict[str, Any]", value).values():
            _collect(item, into)
    elif isinstance(value, list | tuple):
        for item in cast("list[Any]", value):
            _collect(item, into)


def _replaced(value: Any, texts: Iterator[str]) -> Any:
    """The same value with other texts, given in the order in which they were collected."""
    if isinstance(value, str):
        return next(texts)
    if isinstance(value, dict):
        return {key: _replaced(item, texts) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_replaced(item, texts) for item in cast("list[Any]", value)]
    return value
