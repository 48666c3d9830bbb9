"""What a server asks the user in the middle of a call, as a form; and the answer as the server gets it.

The form is made of what a stranger wrote: its texts are masked, made printable and cut, its keys and values
stay here, and what is no form of flat fields, or too much of one, is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, cast

import msgspec

from agent_core.forms import LONGEST, Field, FieldKind, Filled, Form, Format, is_about_secrets, problems_in
from agent_core.mcp.client_schema import problem_of
from agent_core.text import encodable, one_line, printable, shorten

_SAID = 1_000
_ADDRESS = 2_000
_MOST_FIELDS = 16
_MOST_OPTIONS = 100
_TITLE, _DESCRIBED, _NAME = 60, 200, 200
_LARGEST = 1e15
_BOUNDS = {
    "text": ("minLength", "maxLength"),
    "choices": ("minItems", "maxItems"),
    "int": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
}
_FORMATS = ("email", "uri", "date", "date-time")
_SECRETS = (
    "It seems to ask for a secret. Servers must not do that in a form: what you type goes to it as it is."
    " Decline, unless you are sure."
)
Mask = Callable[[str], str]


class NoForm(ValueError):
    """It cannot be asked; the text says why."""


class Asked(msgspec.Struct, frozen=True):
    """A form, and what stands behind it: the server's own names, the values of its options, its schema."""

    form: Form
    names: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    schema: dict[str, Any]

    def content(self, filled: Filled) -> dict[str, Any]:
        """What is sent for an answer; raises ValueError where that does not fit. For a thread."""
        if len(filled.values) != len(self.names) or any(problems_in(self.form, filled.values)):
            raise ValueError("the answer does not fit the form")
        content: dict[str, Any] = {}
        rows = zip(self.form.fields, self.names, self.values, filled.values, strict=True)
        for field, name, values, given in rows:
            if isinstance(given, tuple):
                chosen = [values[at] for at in given]
                if field.kind == "choices" and (chosen or field.required):
                    content[name] = chosen
                elif chosen:
                    content[name] = chosen[0]
            elif given.strip():
                read = {"int": int, "number": float}.get(field.kind)
                content[name] = given if read is None else read(given)
        if problem := problem_of(self.schema, content):
            raise ValueError(problem)
        return content


def asked_of(params: Any, *, asker: str, mask: Mask) -> Asked:
    """The form that a server asks to be filled in; raises `NoForm`."""
    schema: Any = getattr(params, "requested_schema", None)
    if not isinstance(schema, dict):
        raise NoForm("it is no form")
    table = cast("dict[str, Any]", schema)
    properties: Any = table.get("properties") or {}
    if not isinstance(properties, dict):
        raise NoForm("its fields are no object")
    described = cast("dict[str, Any]", properties)
    if len(described) > _MOST_FIELDS:
        raise NoForm(f"it has {len(described):,} fields, and {_MOST_FIELDS} are the most")
    required = _texts(table.get("required"))
    made = [_field(name, field, name in required, mask) for name, field in described.items()]
    message = shorten(mask(printable(str(params.message))), _SAID)
    asks = is_about_secrets(message)
    fields = tuple(
        msgspec.structs.replace(field, secret=True) if asks and field.kind == "text" else field
        for field, _ in made
    )
    warns = any(field.secret for field in fields) or asks
    form = Form(asker=one_line(asker), message=message, fields=fields, warning=_SECRETS if warns else "")
    return Asked(form, tuple(described), tuple(values for _, values in made), _bare(table))


def asked_for(params: Any) -> str:
    """What it asked for, in short."""
    return shorten(one_line(str(params.message)), 120)


def address_in(params: Any) -> str:
    """The address that it wants to have opened; "" where it wants none."""
    url: Any = getattr(params, "url", None)
    return shorten(one_line(str(url)), _ADDRESS) if url else ""


def addresses_in(data: Any) -> list[str]:
    """The addresses that have to be opened first, of what a refused call says."""
    listed: Any = cast("dict[str, Any]", data).get("elicitations") if isinstance(data, dict) else None
    found: list[str] = []
    for each in cast("list[Any]", listed)[:3] if isinstance(listed, list) else ():
        url: Any = cast("dict[str, Any]", each).get("url") if isinstance(each, dict) else None
        if isinstance(url, str):
            found.append(shorten(one_line(url), _ADDRESS))
    return found


def answer(action: Literal["accept", "decline", "cancel"], content: dict[str, Any] | None = None) -> Any:
    """As the SDK sends it."""
    from mcp_types import ElicitResult

    return ElicitResult(action=action, content=content)


def _bare(table: dict[str, Any]) -> dict[str, Any]:
    """The part of the schema that an answer is checked against."""
    return {name: table[name] for name in ("properties", "required") if name in table} | {"type": "object"}


def _field(name: str, schema: Any, required: bool, mask: Mask) -> tuple[Field, tuple[Any, ...]]:
    """A field, and the values of its options."""

    def shown(text: Any, most: int) -> str:
        return shorten(mask(one_line(text)), most) if isinstance(text, str) else ""

    called = shown(name, _TITLE)
    if not isinstance(schema, dict) or len(name) > _NAME or encodable(name) != name:
        raise NoForm(f"its field {called!r} cannot be shown")
    table = cast("dict[str, Any]", schema)
    kind, values, titles = _kind(table, called)
    options = tuple(shown(title, _TITLE) or "(nothing)" for title in titles)
    title = shown(table.get("title"), _TITLE) or called or "(no name)"
    described = shown(table.get("description"), _DESCRIBED)
    about = (name, *(table.get(part) for part in ("title", "description")))
    least, most = _bounds(kind, table)
    form: Any = table.get("format")
    field = Field(
        title=title,
        description=described,
        kind=kind,
        required=required,
        options=options,
        default=_default(kind, table.get("default"), mask),
        chosen=_chosen(kind, table.get("default"), values),
        format=cast("Format", form) if kind == "text" and form in _FORMATS else "",
        least=least,
        most=most,
        secret=kind not in ("choice", "choices")
        and any(isinstance(text, str) and is_about_secrets(text) for text in about),
    )
    return field, values


def _kind(table: dict[str, Any], called: str) -> tuple[FieldKind, tuple[Any, ...], tuple[str, ...]]:
    """What it is, the values of its options, and how they are called."""
    of: Any = table.get("type")
    if of == "boolean":
        return "choice", (True, False), ("yes", "no")
    if of == "array" and isinstance(table.get("items"), dict):
        values, titles = _options(cast("dict[str, Any]", table["items"]), called)
        if values:
            return "choices", values, titles
    if of == "string":
        values, titles = _options(table, called)
        return ("choice" if values else "text"), values, titles
    if of == "integer" or of == "number":
        return ("int" if of == "integer" else "number"), (), ()
    raise NoForm(f"its field {called!r} is no text, number, truth or choice")


def _options(table: dict[str, Any], called: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Values and titles, as `enum` with or without `enumNames`, or as a list of constants with titles."""
    values = list(_texts(table.get("enum")))
    titles = list(_texts(table.get("enumNames")))
    if len(titles) != len(values):
        titles = list(values)
    for several in ("oneOf", "anyOf"):
        listed: Any = table.get(several)
        for option in cast("list[Any]", listed) if isinstance(listed, list) else ():
            described = cast("dict[str, Any]", option) if isinstance(option, dict) else {}
            value, title = described.get("const"), described.get("title")
            if not isinstance(value, str):
                raise NoForm(f"its field {called!r} has an option that is no text")
            values.append(value)
            titles.append(title if isinstance(title, str) else value)
    if len(values) > _MOST_OPTIONS or any(
        len(value) > LONGEST or encodable(value) != value for value in values
    ):
        raise NoForm(f"its field {called!r} has {len(values):,} options, {_MOST_OPTIONS} are the most")
    if table.get("enum") is not None and not values:
        raise NoForm(f"its field {called!r} has no option")
    return tuple(values), tuple(titles)


def _texts(value: Any) -> tuple[str, ...]:
    listed = cast("list[Any]", value) if isinstance(value, list) else []
    return tuple(each for each in listed if isinstance(each, str)) if len(listed) <= 10_000 else ()


def _bounds(kind: FieldKind, table: dict[str, Any]) -> tuple[float | None, float | None]:
    names = _BOUNDS.get(kind)
    return (_number(table.get(names[0])), _number(table.get(names[1]))) if names else (None, None)


def _number(value: Any) -> float | None:
    """A bound, as far as it is one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_LARGEST <= value <= _LARGEST:
        return None
    return float(value) if math.isfinite(value) else None


def _default(kind: FieldKind, value: Any, mask: Mask) -> str:
    """What is typed already; nothing that would have to be altered to be shown."""
    match kind:
        case "text" if isinstance(value, str) and len(value) <= LONGEST:
            return value if mask(one_line(value)) == value else ""
        case "int" if (number := _number(value)) is not None and number == int(number):
            return str(int(number))
        case "number" if (number := _number(value)) is not None:
            return str(value)
        case _:
            return ""


def _chosen(kind: FieldKind, value: Any, values: tuple[Any, ...]) -> tuple[int, ...]:
    if kind == "choices":
        return tuple(values.index(each) for each in dict.fromkeys(_texts(value)) if each in values)
    if kind != "choice":
        return ()
    return next(((at,) for at, own in enumerate(values) if type(own) is type(value) and own == value), ())
