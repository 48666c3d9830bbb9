"""Lua: functions however they are named (`M.f`, `M:f`, assigned), values, required modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.code.found import Found, Rules, child_of_type, field_text, text_of, unquoted

if TYPE_CHECKING:
    from tree_sitter import Node


def _function(node: Node, data: bytes) -> Found | None:
    name = field_text(node, data, "name").replace(":", ".")
    return Found("function", (name,), node.child_by_field_name("body")) if name else None


def _local(node: Node, data: bytes) -> Found | None:
    inner = child_of_type(node, "assignment_statement")
    return Found("wrap", body=inner) if inner is not None else None


def _assigned(node: Node, data: bytes) -> Found | None:
    names, values = child_of_type(node, "variable_list"), child_of_type(node, "expression_list")
    if names is None or values is None or not values.named_child_count:
        return None
    value = values.named_children[0]
    path = _required(value, data)
    if path:
        return Found("import", (path,))
    if value.type == "function_definition":
        name = text_of(names.named_child(0), data).replace(":", ".")
        return Found("function", (name,), value.child_by_field_name("body"))
    return Found(
        "constant", tuple(text_of(name, data) for name in names.named_children if name.type != "attribute")
    )


def _call(node: Node, data: bytes) -> Found | None:
    path = _required(node, data)
    return Found("import", (path,)) if path else None


def _required(node: Node, data: bytes) -> str:
    if node.type != "function_call" or field_text(node, data, "name") != "require":
        return ""
    arguments = node.child_by_field_name("arguments")
    first = arguments.named_child(0) if arguments is not None and arguments.named_child_count else None
    return unquoted(first, data) if first is not None and first.type == "string" else ""


def _field(node: Node, data: bytes) -> Found | None:
    value = node.child_by_field_name("value")
    if value is None or value.type != "function_definition":
        return None
    return Found("function", (field_text(node, data, "name"),), value.child_by_field_name("body"))


RULES: Rules = {
    "function_declaration": _function,
    "variable_declaration": _local,
    "assignment_statement": _assigned,
    "function_call": _call,
    "field": _field,
}
