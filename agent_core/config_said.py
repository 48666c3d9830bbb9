"""What is said of a setting: what it may be, and who may choose it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast, get_args, get_origin

import msgspec

from agent_core.config import Config, rows
from agent_core.config_sources import Field
from agent_core.text import one_line

_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most"}


_VALUE = 40
"""Columns that values have at most."""


def lines_of(config: Config) -> list[str]:
    """A line for each setting: its name, its value, where that came from; then what is wrong."""
    cells = [(str(row["name"]), _shown(row["value"]), _origin(row)) for row in rows(config)]
    widths = [max(len(cell[column]) for cell in cells) for column in (0, 1)]
    value_width = min(widths[1], _VALUE)
    lines = [f"{name:<{widths[0]}}  {value:<{value_width}}  {origin}" for name, value, origin in cells]
    return [*lines, *(f"warning: {one_line(warning)}" for warning in config.warnings)]


def choices(field: Field) -> tuple[str, ...]:
    """What it is one of; none where that is not so."""
    kind = field.type[0]
    if kind is bool:
        return ("true", "false")
    if bool in get_args(kind):
        return ("true", "false", "unset")
    return get_args(kind) if get_origin(kind) is Literal else ()


def limits(field: Field) -> tuple[str, ...]:
    """Its bounds, and where alone it may come from."""
    meta: msgspec.Meta = get_args(field.type[1])[1]
    said = [
        f"{text} {_number(bound)}"
        for key, text in _BOUNDS.items()
        if (bound := getattr(meta, key)) is not None
    ]
    if field.env_only:
        said.append("from its variable only")
    elif field.user_only:
        said.append("yours alone")
    if field.adds_up:
        said.append("the values of all files together")
    return tuple(said)


def spelled(value: Any) -> str:
    """A value as it is typed for a flag; "" where there is none."""
    match value:
        case None:
            return "unset"
        case bool():
            return str(value).lower()
        case dict():
            return msgspec.json.encode(cast("Mapping[Any, Any]", value)).decode() if value else ""
        case tuple() | list():
            items = [str(each) for each in cast("Sequence[Any]", value)]
            plain = all(each == each.strip() != "" and "," not in each and each[0] != "[" for each in items)
            return ",".join(items) if plain else msgspec.json.encode(items).decode()
        case _:
            return str(value)


def _shown(value: Any) -> str:
    if value is None or value in ("", (), {}):
        return "-"
    return one_line(value if isinstance(value, str) else msgspec.json.encode(value).decode())


def _origin(row: Mapping[str, Any]) -> str:
    detail = one_line(str(row["detail"]))
    return f"{row['origin']} {detail}" if detail else str(row["origin"])


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"
