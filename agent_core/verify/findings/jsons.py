"""Reading JSON of which only some is of interest, whatever it really is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast


def load(text: str) -> Any:
    """The value; None where it is no JSON. What a tool printed around a single document is left out."""
    for start in (0, *sorted(found for mark in "[{" if (found := text.find(mark)) > 0)):
        try:
            return json.JSONDecoder().raw_decode(text[start:].lstrip())[0]
        except (ValueError, RecursionError):
            continue
    return None


def lines(text: str) -> Iterator[dict[str, Any]]:
    """The objects of a text that has one a line; other lines are passed over."""
    for line in text.split("\n"):
        if line.startswith("{"):
            try:
                found: Any = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict):
                yield cast("dict[str, Any]", found)


def rows(value: Any, *names: str) -> list[dict[str, Any]]:
    """The objects of a list that lies at this place."""
    for name in names:
        value = cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
    if not isinstance(value, list):
        return []
    listed = cast("list[Any]", value)
    return [cast("dict[str, Any]", row) for row in listed if isinstance(row, dict)]


def text(value: Any, *names: str) -> str:
    """The text at this place; "" where there is none."""
    for name in names:
        value = cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def number(value: Any, *names: str) -> int:
    """The whole number at this place; 0 where there is none."""
    for name in names:
        value = cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
    return int(value) if isinstance(value, int | float) and value == value and abs(value) < 1e9 else 0
