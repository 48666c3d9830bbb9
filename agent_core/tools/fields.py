"""The arguments of a tool, as the parser of typed lines, the help text and the schema for models see them.

A tool's `args_type` is a frozen `msgspec.Struct` whose fields are texts, numbers, switches (False by
default), choices (`Literal`) or lists of texts. Their `msgspec.Meta` may hold a `description` and in `extra`:

    flag        the short way to give it ("-i"), or several; its long name (`--ignore-case`) works for every
                field. A field that is not positional and has a value must have one.
    also        further flags of a positional field ("--q")
    metavar     how its value is called in help texts ("GLOB")
    free        any words may stand here, so they don't tell a command from a question
    ends        the tool's options may also stand after the free text that this field takes
    for_people  left out of what models are offered
    path        a path of the workspace, which may be typed as a mention (`@a.py:10-40`)
    lines       such a path whose lines the tool reads
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

import msgspec

Kind = Literal["switch", "int", "float", "text", "list"]


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One argument. `flags` are all ways to name it, the short ones first; `type` is as it was declared."""

    name: str
    type: Any
    kind: Kind
    flags: tuple[str, ...]
    required: bool
    default: Any
    description: str
    metavar: str
    choices: tuple[str, ...]
    has_flag: bool
    free: bool
    ends: bool
    for_people: bool
    path: bool
    lines: bool

    def read(self, word: str) -> Any:
        """The value of a typed word; raises ValueError when it is none."""
        if self.kind == "int":
            return int(word)
        return float(word) if self.kind == "float" else word


@cache
def fields_of(args_type: type[msgspec.Struct]) -> tuple[Field, ...]:
    """The fields of an arguments type, in order.

    Raises:
        TypeError: A field's type is none that can be typed on a line, or its name cannot be resolved.
    """
    try:
        found = msgspec.structs.fields(args_type)
    except NameError as error:
        raise TypeError(str(error)) from error
    return tuple(_field(info) for info in found)


def _field(info: msgspec.structs.FieldInfo) -> Field:
    bare, meta = _unwrap(info.type)
    extra: dict[str, Any] = (meta.extra if meta else None) or {}
    kind, choices = _kind(info.name, bare)
    has_flag = "flag" in extra
    long = "--" + info.name.replace("_", "-")
    flags = (*_several(extra.get("flag", ())), *_several(extra.get("also", ())), long)
    default = info.default if info.default_factory is msgspec.NODEFAULT else info.default_factory()
    required = default is msgspec.NODEFAULT
    if kind == "switch" and default is not False:
        raise TypeError(f"{info.name}: a switch is False by default")
    return Field(
        name=info.name,
        type=info.type,
        kind=kind,
        flags=tuple(dict.fromkeys(sorted(flags, key=lambda flag: flag.startswith("--")))),
        required=required,
        default=None if required else default,
        description=(meta.description if meta else None) or "",
        metavar=extra.get("metavar", "N" if kind == "int" else info.name.upper().replace("_", "-")),
        choices=choices,
        has_flag=has_flag,
        free=bool(extra.get("free")),
        ends=bool(extra.get("ends")),
        for_people=bool(extra.get("for_people")),
        path=bool(extra.get("path")),
        lines=bool(extra.get("lines")),
    )


def _several(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _unwrap(declared: Any) -> tuple[Any, msgspec.Meta | None]:
    """The type without its metadata and without `| None`."""
    meta: msgspec.Meta | None = None
    if get_origin(declared) is Annotated:
        meta = next((item for item in declared.__metadata__ if isinstance(item, msgspec.Meta)), None)
        declared = declared.__origin__
    if get_origin(declared) in (Union, types.UnionType):
        others = [item for item in get_args(declared) if item is not type(None)]
        if len(others) == 1:
            declared = others[0]
    return declared, meta


def _kind(name: str, bare: Any) -> tuple[Kind, tuple[str, ...]]:
    simple: dict[Any, Kind] = {bool: "switch", int: "int", float: "float", str: "text"}
    if bare in simple:
        return simple[bare], ()
    if get_origin(bare) is Literal and all(isinstance(choice, str) for choice in get_args(bare)):
        return "text", cast(tuple[str, ...], get_args(bare))
    if get_origin(bare) in (list, tuple) and get_args(bare)[:1] == (str,):
        return "list", ()
    raise TypeError(f"{name}: {bare!r} cannot be typed on a line")
