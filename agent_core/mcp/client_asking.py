"""What a server asks the user in the middle of a call, as a question that is answered with yes or no.

Yes stands for what the server itself proposes: true for what is true or false, its defaults for the rest.
What would have to be typed is declined; so is an address that it wants to have opened.
"""

from __future__ import annotations

from typing import Any, cast

from agent_core.text import one_line, printable, shorten

_SAID = 1_000
_MOST_FIELDS = 16


def question_for(params: Any) -> tuple[str, str]:
    """What to ask, and why; both "" where nothing can be asked so."""
    content = _content(params)
    if content is None:
        return "", ""
    asked = shorten(printable(str(params.message)), _SAID)
    lines = [
        f"  {shorten(one_line(name), 40)} = {shorten(one_line(str(value)), 80)}"
        for name, value in content.items()
    ]
    told = ["Yes answers:", *lines] if lines else []
    return "\n".join([asked, *told]), "The server asks this in the middle of its work. No declines."


def asked_for(params: Any) -> str:
    """What it asked for, in short: its words, or the address that it wants to have opened."""
    said = f"{params.message} {getattr(params, 'url', None) or ''}"
    return shorten(one_line(said), 120)


def answer_for(params: Any, *, said: bool | None) -> Any:
    """The answer to send: `said` is None where nobody could be asked, or nobody answered."""
    from mcp_types import ElicitResult

    content = _content(params)
    if said and content is not None:
        return ElicitResult(action="accept", content=content)
    return ElicitResult(action="decline")


def _content(params: Any) -> dict[str, Any] | None:
    """What yes would say, by the names of the form; None where it needs words, or is no form."""
    schema: Any = getattr(params, "requested_schema", None)
    if schema is None:
        return None
    if not isinstance(schema, dict):
        return None
    table = cast("dict[str, Any]", schema)
    properties = cast("dict[str, Any]", table.get("properties") or {})
    if len(properties) > _MOST_FIELDS:
        return None
    content: dict[str, Any] = {}
    for name, field in properties.items():
        if not isinstance(field, dict):
            return None
        described = cast("dict[str, Any]", field)
        if "default" in described:
            content[name] = described["default"]
        elif described.get("type") == "boolean":
            content[name] = True
        elif name in (table.get("required") or ()):
            return None
    return content
