"""Schemas of servers as people and models get them: without references, and in short."""

from __future__ import annotations

import json
from typing import Any, cast

from agent_core.text import one_line, shorten

_MOST_NODES = 1_500
"""That take the place of references, in all: of what refers on and on, the rest is left to the check."""
_DEEPEST = 12
_SKETCHED = 240
_SEVERAL = ("anyOf", "oneOf", "allOf")
_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "array": "[…]",
}


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with what its references mean in their places; what leads elsewhere is {}.

    What refers to itself is followed twice, and then without what refers on.
    """
    left = [_MOST_NODES]
    ends: dict[str, dict[str, Any]] = {}

    def walk(value: Any, depth: int, within: tuple[str, ...]) -> Any:
        left[0] -= bool(within)
        if left[0] < 0 or depth > _DEEPEST * 3:
            return {}
        if isinstance(value, list):
            return [walk(each, depth + 1, within) for each in cast("list[Any]", value)]
        if not isinstance(value, dict):
            return value
        table = cast("dict[str, Any]", value)
        reference: Any = table.get("$ref")
        if isinstance(reference, str):
            beside = {name: each for name, each in table.items() if name != "$ref"}
            target = _target(schema, reference)
            if target is None:
                return walk(beside, depth + 1, within)
            if within.count(reference) >= 2 or len(within) >= _DEEPEST:
                if reference not in ends:
                    ends[reference] = _cut(target)
                return ends[reference]
            return walk({**target, **beside}, depth + 1, (*within, reference))
        return {
            name: named(each, depth, within) if name in _NAMED else walk(each, depth + 1, within)
            for name, each in table.items()
            if name not in _DEFINITIONS
        }

    def named(value: Any, depth: int, within: tuple[str, ...]) -> Any:
        """Schemas by names that are anybody's, `definitions` among them."""
        if not isinstance(value, dict):
            return walk(value, depth + 1, within)
        return {name: walk(each, depth + 2, within) for name, each in cast("dict[str, Any]", value).items()}

    return walk(schema, 0, ())


_DEFINITIONS = ("$defs", "definitions")
_NAMED = ("properties", "patternProperties", "dependentSchemas")


def _cut(target: dict[str, Any]) -> dict[str, Any]:
    """The same without what refers on, if it can be without; else only its type."""
    kind: Any = target.get("type")
    properties: Any = target.get("properties")
    if isinstance(properties, dict) and kind in ("object", None):
        all_of = cast("dict[str, Any]", properties)
        kept = {name: each for name, each in all_of.items() if '"$ref"' not in json.dumps(each)}
        needed: Any = target.get("required", [])
        if isinstance(needed, list) and all(name in kept for name in cast("list[Any]", needed)):
            return {"type": "object", "properties": kept, "required": needed, "additionalProperties": False}
    return {"type": kind} if isinstance(kind, str) else {}


def _target(schema: dict[str, Any], reference: str) -> dict[str, Any] | None:
    """What a reference into the same schema means; None where it leads elsewhere, or nowhere."""
    if reference == "#" or not reference.startswith("#/"):
        return schema if reference == "#" else None
    found: Any = schema
    for step in reference[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or name not in found:
            return None
        found = cast("dict[str, Any]", found)[name]
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def free_part(schema: dict[str, Any]) -> dict[str, Any] | None:
    """The schema of the arguments that have no name in it, as one object; None where it has none such."""
    properties = cast("dict[str, Any]", schema.get("properties") or {})
    forms = {name: schema[name] for name in _SEVERAL if schema.get(name)}
    if forms and (not properties or _names_in(forms) - set(properties)):
        return {"type": "object", **forms}
    more: Any = schema.get("additionalProperties")
    if isinstance(more, dict):
        return {"type": "object", "additionalProperties": more}
    if more is True or (schema.get("patternProperties") and more is not False):
        return {"type": "object", "additionalProperties": True}
    if schema.get("patternProperties") or ("properties" not in schema and more is None):
        return {"type": "object"}
    return None


def _names_in(forms: dict[str, Any]) -> set[str]:
    """The names of arguments that the forms have of their own."""
    names: set[str] = set()
    for several in forms.values():
        for form in cast("list[Any]", several) if isinstance(several, list) else ():
            own: Any = cast("dict[str, Any]", form).get("properties") if isinstance(form, dict) else None
            names |= set(cast("dict[str, Any]", own)) if isinstance(own, dict) else set()
    return names


def offered(plain: dict[str, Any], more: dict[str, Any] | None) -> dict[str, Any]:
    """The schema that models get: one object with its properties, which is all that every endpoint takes.

    `more` has the argument for what has no name, by its field; it must be given where there is no other.
    """
    properties = cast("dict[str, Any]", plain.get("properties") or {})
    made: dict[str, Any] = {"type": "object", "properties": {**properties, **(more or {})}}
    required = plain.get("required") or ([*more] if more and not properties else [])
    described = {"description": plain["description"]} if "description" in plain else {}
    return {**described, **made, "required": required, "additionalProperties": False}


def flat(more: dict[str, Any], field: str) -> dict[str, Any]:
    """What has no name of its own: each for itself, or all in the object that is offered for them."""
    within: Any = more.get(field)
    if isinstance(within, str):
        try:
            within = json.loads(within)
        except (ValueError, RecursionError):
            return more
    if not isinstance(within, dict):
        return more
    return {**cast("dict[str, Any]", within), **{name: each for name, each in more.items() if name != field}}


def sketch(schema: Any) -> str:
    """What a value looks like, in short: `{"city": text, "near"?: {…}}`."""
    return shorten(one_line(_sketch(schema, 0)), _SKETCHED)


def _sketch(schema: Any, depth: int) -> str:
    if not isinstance(schema, dict):
        return "anything"
    table = cast("dict[str, Any]", schema)
    choices: Any = table.get("enum", [table["const"]] if "const" in table else None)
    if isinstance(choices, list):
        return " or ".join(json.dumps(each) for each in cast("list[Any]", choices)[:5])
    for several in ("anyOf", "oneOf"):
        options: Any = table.get(several)
        if isinstance(options, list) and options and "properties" not in table:
            shown = [_sketch(option, depth) for option in cast("list[Any]", options)[:4]]
            return " or ".join(dict.fromkeys(shown))
    kind: Any = table.get("type", "object" if "properties" in table else None)
    if kind == "object":
        return "{…}" if depth > 1 else _object(table, depth)
    if kind == "array" and depth <= 1:
        return f"[{_sketch(table.get('items'), depth + 1)}, …]"
    return _WORDS.get(kind, "anything") if isinstance(kind, str) else "anything"


def _object(table: dict[str, Any], depth: int) -> str:
    properties: Any = table.get("properties")
    required: Any = table.get("required")
    needed = cast("list[Any]", required) if isinstance(required, list) else []
    parts = [
        f"{json.dumps(name)}{'' if name in needed else '?'}: {_sketch(each, depth + 1)}"
        for name, each in list(
            cast("dict[str, Any]", properties if isinstance(properties, dict) else {}).items()
        )[:8]
    ]
    more: Any = table.get("additionalProperties")
    if more is not False and (more or not parts):
        parts.append(f"NAME: {_sketch(more, depth + 1)}")
    return "{" + ", ".join(parts) + "}"
