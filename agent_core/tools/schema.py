"""JSON schemas of tool arguments, as models get them."""

from __future__ import annotations

from typing import Any

import msgspec

from agent_core.tools.fields import fields_of


def schema_of(args_type: type[msgspec.Struct]) -> dict[str, Any]:
    """A flat object: for each argument its type, bounds, choices and description.

    Nothing else is in it (titles, references, defaults): a small model reads every word of it. Arguments
    that are for people only are left out.
    """
    fields = [field for field in fields_of(args_type) if not field.for_people]
    properties = {field.name: _bare(msgspec.json.schema(field.type)) for field in fields}
    return {
        "type": "object",
        "properties": properties,
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
    }


def _bare(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in ("title", "default")}
