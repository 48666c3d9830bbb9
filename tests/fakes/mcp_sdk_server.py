"""A server made with the official SDK, which asks its user for things and takes arguments of any shape.

python mcp_sdk_server.py
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import anyio
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.elicitation import render_elicitation_schema
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import UrlElicitationRequiredError
from pydantic import BaseModel, Field

READS = types.ToolAnnotations(read_only_hint=True)


class Table(BaseModel):
    """What a table at a restaurant takes, as a server's author writes it."""

    name: Annotated[str, Field(min_length=2, max_length=20, description="Who it is for")]
    people: Annotated[int, Field(ge=1, le=8)] = 2
    kind: Literal["inside", "garden"] = "inside"
    outside: bool = False


FREE: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}
PLACE = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "near": {"$ref": "#/$defs/Place"}},
    "required": ["city"],
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "book": {"type": "object", "properties": {}},
    "ask": {
        "type": "object",
        "properties": {"message": {"type": "string"}, "schema": {"type": "object"}},
        "required": ["message", "schema"],
    },
    "visit": {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]},
    "sign_in": {"type": "object", "properties": {}},
    "count": FREE,
    "label": {
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
        "additionalProperties": True,
    },
    "either": {
        "type": "object",
        "oneOf": [
            {"properties": {"id": {"type": "integer"}}, "required": ["id"], "additionalProperties": False},
            {"properties": {"name": {"type": "string"}}, "required": ["name"], "additionalProperties": False},
        ],
    },
    "whole": {"type": "object", "$ref": "#/$defs/Place", "$defs": {"Place": PLACE}},
    "nested": {
        "type": "object",
        "properties": {
            "place": {"$ref": "#/$defs/Place"},
            "tags": {"type": "array", "items": {"type": "object", "required": ["key"]}},
        },
        "required": ["place"],
        "$defs": {"Place": PLACE},
    },
    "anything": {"type": "object"},
}


async def list_tools(_: ServerRequestContext[Any, Any], __: Any) -> types.ListToolsResult:
    tools = [
        types.Tool(name=name, description=f"does {name}", input_schema=schema, annotations=READS)
        for name, schema in SCHEMAS.items()
    ]
    return types.ListToolsResult(tools=tools)


async def call_tool(
    context: ServerRequestContext[Any, Any], params: types.CallToolRequestParams
) -> types.CallToolResult:
    given = params.arguments or {}
    session = context.session
    match params.name:
        case "book":
            answer: Any = await session.elicit_form(
                "Which table?", render_elicitation_schema(Table), related_request_id=context.request_id
            )
            if answer.action == "accept":
                Table.model_validate(answer.content)
            told = {"action": answer.action, "content": answer.content}
        case "ask":
            answer = await session.elicit_form(
                given["message"], given["schema"], related_request_id=context.request_id
            )
            told = {"action": answer.action, "content": answer.content}
        case "visit":
            answer = await session.elicit_url(
                "Pay there.", given["url"], "e1", related_request_id=context.request_id
            )
            told = {"action": answer.action}
        case "sign_in":
            where = types.ElicitRequestURLParams(
                message="Sign in first.", url="https://example.com/login?id=7", elicitation_id="e2"
            )
            raise UrlElicitationRequiredError([where])
        case _:
            told = {"got": given}
    return types.CallToolResult(content=[types.TextContent(text=json.dumps(told, sort_keys=True))])


async def main() -> None:
    server: Server[Any] = Server("forms", version="1", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(main)
