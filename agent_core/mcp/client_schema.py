"""Checks of the schemas that servers send: of them, and of what is sent and comes back by them.

A schema comes from somebody else: it may be no schema, refer to addresses, repeat itself without end, or hold
patterns that take years. So references that lead out of it are never followed, patterns are left to the
server, and each check has a budget of steps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, cast

from agent_core.text import one_line, shorten

_LARGEST = 64 << 10
"""Characters of a schema as JSON."""
_MOST_STEPS = 20_000
_DESCRIBED = 300
_PATTERNS = ("pattern", "patternProperties", "format", "contentEncoding", "contentMediaType")
"""Keywords that are left to the server: of hostile patterns one takes longer than anybody waits."""
_UNSAID = ("$schema", "$id", "$comment", "examples")


class BadSchema(ValueError):
    """The schema is none that can be used; the text says why."""


def checked_schema(schema: Any) -> dict[str, Any]:
    """The schema of an object; raises `BadSchema` where it is none, or is too much of one."""
    if not isinstance(schema, dict):
        raise BadSchema("it is no object")
    try:
        size = len(json.dumps(schema))
    except (ValueError, RecursionError):
        raise BadSchema("it is nested without end") from None
    if size > _LARGEST:
        raise BadSchema(f"it has {size:,} characters")
    found = cast("dict[str, Any]", schema)
    if found.get("type", "object") != "object":
        raise BadSchema("it is not of the type object")
    if not isinstance(found.get("properties", {}), dict):
        raise BadSchema("its properties are no object")
    from jsonschema.exceptions import SchemaError

    try:
        _validator(found).check_schema(found)
    except SchemaError as error:
        raise BadSchema(shorten(one_line(error.message), 160)) from None
    except RecursionError:
        raise BadSchema("it is nested without end") from None
    return found


def problem_of(schema: dict[str, Any], value: Any) -> str:
    """What is wrong with a value by the schema, "" where nothing is; may take long: for a thread."""
    from jsonschema.exceptions import ValidationError
    from referencing.exceptions import Unresolvable

    try:
        error = next(iter(_validator(schema).iter_errors(value)), None)
    except Unresolvable:
        return "its schema refers to what is not in it"
    except (_TooMuchError, RecursionError):
        return "its schema takes too long to be checked"
    if error is None:
        return ""
    assert isinstance(error, ValidationError)
    where = ".".join(str(step) for step in error.absolute_path)
    return shorten(one_line(f"{where}: {error.message}" if where else error.message), 240)


class _TooMuchError(Exception):
    """The budget is used up."""


def _validator(schema: dict[str, Any]) -> Any:
    """A validator with a budget, which looks for nothing outside of the schema."""
    import jsonschema
    import referencing

    validators: Any = cast("Any", jsonschema).validators
    kind = validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    left = [_MOST_STEPS]

    def counted(check: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
        def step(validator: Any, value: Any, instance: Any, around: Any) -> Iterator[Any]:
            left[0] -= 1
            if left[0] < 0:
                raise _TooMuchError
            yield from check(validator, value, instance, around) or ()

        return step

    checks = {name: counted(check) for name, check in kind.VALIDATORS.items() if name not in _PATTERNS}
    checks |= dict.fromkeys(_PATTERNS, _nothing)
    nothing_outside = cast("Any", referencing).Registry()
    return validators.extend(kind, checks)(schema, registry=nothing_outside)


def _nothing(*_: Any) -> Iterator[Any]:
    yield from ()


def cleaned(value: Any, depth: int = 0) -> Any:
    """A schema as models get it: nothing that draws, and no texts without end."""
    if isinstance(value, str):
        return shorten(one_line(value), _DESCRIBED)
    if depth > 32:
        return {}
    if isinstance(value, list):
        return [cleaned(each, depth + 1) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        return {
            one_line(name): cleaned(each, depth + 1) for name, each in table.items() if name not in _UNSAID
        }
    return value
