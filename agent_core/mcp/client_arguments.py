"""The arguments of a server's tool: as a person types them, a model gives them, and the server gets them."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

import msgspec

from agent_core.mcp.client_schema import BadSchema, checked_schema, cleaned
from agent_core.mcp.client_shapes import flat, free_part, inlined, offered, sketch
from agent_core.text import one_line, shorten

_MOST_ARGUMENTS = 64
_DESCRIBED = 300
Kind = Literal["text", "int", "float", "switch", "truth", "choice", "texts", "json", "free"]
"""How one is typed: a switch says true by being there, a truth says true or false; json is anything, free is
an object of all that has no name of its own."""


class Argument(msgspec.Struct, frozen=True, kw_only=True):
    """One argument: `name` is the server's, `field` the one that is typed."""

    name: str
    field: str
    kind: Kind
    required: bool
    description: str
    choices: tuple[str, ...] = ()
    takes_text: bool = False


class Shape(msgspec.Struct, frozen=True):
    """The arguments of a tool: as fields, as the type that they are read into, and as models get them.

    `written` is the server's own schema, which calls are checked against, `sketch` what an object looks like
    that has to be written as JSON, if one has.
    """

    arguments: tuple[Argument, ...]
    args_type: type[msgspec.Struct]
    positional: tuple[str, ...]
    schema: dict[str, Any]
    written: dict[str, Any]
    sketch: str = ""


def shape_of(schema: Any) -> Shape:
    """What a tool takes; raises `BadSchema`."""
    checked = checked_schema(schema)
    plain = inlined(checked)
    found: Any = plain.get("properties", {})
    if not isinstance(found, dict):
        raise BadSchema("its properties are no object")
    properties = cast("dict[str, Any]", found)
    required: list[str] = [name for name in plain.get("required", ()) if name in properties]
    if len(properties) > _MOST_ARGUMENTS:
        raise BadSchema(f"it takes {len(properties)} arguments, and {_MOST_ARGUMENTS} are the most")
    order = (*required, *(name for name in properties if name not in required))
    taken: set[str] = set()
    arguments = tuple(_argument(name, properties[name], name in required, taken) for name in order)
    more: dict[str, Any] | None = None
    free = free_part(plain)
    if free is not None:
        last = _free(free, plain, taken, alone=not arguments)
        arguments = (*arguments, last)
        more = {last.field: {"description": last.description, **free}}
    bare = tuple(argument for argument in arguments if _is_bare(argument) or len(arguments) == 1)
    return Shape(
        arguments=arguments,
        args_type=_args_type(arguments, bare),
        positional=tuple(argument.field for argument in bare),
        schema=cleaned(offered(plain, more)),
        written=checked,
        sketch=sketch(plain) if any(argument.kind in ("json", "free") for argument in arguments) else "",
    )


def _free(free: dict[str, Any], plain: dict[str, Any], taken: set[str], *, alone: bool) -> Argument:
    """The argument for what has no name of its own."""
    needed = alone and any(plain.get(part) for part in ("oneOf", "anyOf", "allOf", "minProperties"))
    said = f"Arguments by name: {sketch(free)}." if alone else f"More arguments by name: {sketch(free)}."
    return Argument(
        name="",
        field=_field("arguments", taken),
        kind="free",
        required=needed,
        description=f"{said} As a JSON object.",
    )


def _argument(name: str, schema: Any, required: bool, taken: set[str]) -> Argument:
    written = cast("dict[str, Any]", schema) if isinstance(schema, dict) else {}
    described = _without_null(written)
    kind, choices = _kind(described, required)
    if kind == "choice" and required and len(choices) == 1:
        kind, choices = "text", ()
    said = written.get("description", "")
    types: Any = described.get("type", "string")
    return Argument(
        name=name,
        field=_field(name, taken),
        kind=kind,
        required=required,
        description=(
            shorten(one_line(str(said)), _DESCRIBED)
            + (f" As JSON: {sketch(described)}." if kind == "json" else "")
        ).strip(),
        choices=choices,
        takes_text=types == "string" or (isinstance(types, list) and "string" in types),
    )


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of what is not null, where a value may also be that."""
    for several in ("anyOf", "oneOf"):
        options: Any = schema.get(several)
        if isinstance(options, list):
            real = [option for option in cast("list[Any]", options) if option != {"type": "null"}]
            if len(real) == 1 and isinstance(real[0], dict):
                return cast("dict[str, Any]", real[0])
            return {"type": []}
    types: Any = schema.get("type")
    if isinstance(types, list) and len(real := [t for t in cast("list[Any]", types) if t != "null"]) == 1:
        return {**schema, "type": real[0]}
    return schema


def _kind(schema: dict[str, Any], required: bool) -> tuple[Kind, tuple[str, ...]]:
    choices: Any = schema.get("enum")
    if (
        isinstance(choices, list)
        and choices
        and all(isinstance(each, str) for each in cast("list[Any]", choices))
    ):
        return "choice", tuple(dict.fromkeys(cast("list[str]", choices)))
    match schema.get("type"):
        case "string":
            return "text", ()
        case "integer":
            return "int", ()
        case "number":
            return "float", ()
        case "boolean":
            return ("switch" if schema.get("default") is False and not required else "truth"), ()
        case "array" if _texts(schema.get("items")):
            return "texts", ()
        case _:
            return "json", ()


def _texts(items: Any) -> bool:
    return isinstance(items, dict) and cast("dict[str, Any]", items).get("type") == "string"


def _field(name: str, taken: set[str]) -> str:
    """A name that can be typed as an option, for any name that a server thinks of."""
    plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")[:40]
    if not plain or plain[0].isdigit() or keyword.iskeyword(plain):
        plain = f"arg_{plain}".rstrip("_")
    field, number = plain, 2
    while field in taken:
        field, number = f"{plain}_{number}", number + 1
    taken.add(field)
    return field


def _is_bare(argument: Argument) -> bool:
    """Whether it is typed without an option."""
    return argument.required and argument.kind != "texts"


def _args_type(arguments: tuple[Argument, ...], bare: tuple[Argument, ...]) -> type[msgspec.Struct]:
    fields: list[Any] = []
    for argument in arguments:
        extra: dict[str, Any] = {
            "free": argument.kind in ("text", "json", "free"),
            "ends": argument in bare[-1:],
        }
        if argument not in bare and argument.kind != "switch":
            extra["flag"] = "--" + argument.field.replace("_", "-")
        if argument.kind in ("json", "free"):
            extra["metavar"] = "JSON"
        kind: Any = _TYPES.get(argument.kind) or cast("Any", Literal)[argument.choices]
        optional = not argument.required and argument.kind != "switch"
        declared: Any = Annotated[
            kind | None if optional else kind,
            msgspec.Meta(description=argument.description, extra=extra),
        ]
        if argument.required:
            fields.append((argument.field, declared))
        else:
            fields.append((argument.field, declared, None if optional else False))
    return msgspec.defstruct("ServerToolArgs", fields, frozen=True, kw_only=True)


_TYPES: dict[str, Any] = {
    "text": str,
    "json": str,
    "free": str,
    "int": int,
    "float": float,
    "switch": bool,
    "truth": Literal["true", "false"],
    "texts": tuple[str, ...],
}


def read_call(shape: Shape, given: Mapping[str, Any]) -> msgspec.Struct:
    """The arguments of a model's call, exactly as it gave them; raises ValueError."""
    known = {argument.name: argument for argument in shape.arguments if argument.kind != "free"}
    free = next((argument for argument in shape.arguments if argument.kind == "free"), None)
    more = {name: value for name, value in given.items() if name not in known}
    if more and free is None:
        raise ValueError(f"there is no argument {shorten(one_line(min(more)), 40)!r}")
    values = {
        known[name].field: _typed(known[name], value)
        for name, value in given.items()
        if name in known and (value is not None or known[name].kind == "json")
    }
    if free is not None and more:
        values[free.field] = json.dumps(flat(more, free.field), ensure_ascii=False)
    return msgspec.convert(values, shape.args_type, strict=False)


def _typed(argument: Argument, value: Any) -> Any:
    if argument.kind == "json":
        return json.dumps(value, ensure_ascii=False)
    if argument.kind == "truth" and isinstance(value, bool):
        return str(value).lower()
    return value


def sent_arguments(shape: Shape, args: msgspec.Struct) -> dict[str, Any]:
    """What is sent to the server: what was given, under the server's own names; raises ValueError."""
    sent: dict[str, Any] = {}
    for argument in shape.arguments:
        value: Any = getattr(args, argument.field)
        if not argument.required and (value is None or value is False):
            continue
        if argument.kind == "free":
            sent |= _free_object(argument, value, sent)
            continue
        if argument.kind == "json":
            value = _json(argument, value)
        elif argument.kind == "truth":
            value = value == "true"
        sent[argument.name] = list(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else value
    return sent


def _free_object(argument: Argument, text: str, sent: dict[str, Any]) -> dict[str, Any]:
    """What was written for the arguments without names; raises ValueError."""
    called = argument.field.replace("_", "-")
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{called} is no JSON: {shorten(one_line(str(error)), 80)}") from None
    if not isinstance(value, dict):
        raise ValueError(f"{called} is no JSON object")
    more = cast("dict[str, Any]", value)
    if twice := next((name for name in more if name in sent), ""):
        raise ValueError(f"{shorten(one_line(twice), 40)!r} is given twice")
    return more


def _json(argument: Argument, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        if argument.takes_text:
            return text
        raise ValueError(f"{argument.field.replace('_', '-')} is no JSON") from None
