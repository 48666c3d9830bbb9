"""PHP: types and their members, functions, constants, used names and included files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.code.found import (
    Found,
    Rules,
    body_scope,
    child_of_type,
    constant,
    field_text,
    function,
    imported,
    named,
    scope,
    text_of,
    type_,
    unquoted,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_INCLUDE = ("require_once_expression", "require_expression", "include_once_expression", "include_expression")


def _constants(node: Node, data: bytes) -> Found | None:
    named = (child.named_child(0) for child in node.named_children if child.type == "const_element")
    return Found("constant", tuple(text_of(name, data) for name in named))


def _properties(node: Node, data: bytes) -> Found | None:
    names = named(node.named_children, data, "property_element")
    return Found("constant", tuple(name.removeprefix("$") for name in names))


def _statement(node: Node, data: bytes) -> Found | None:
    inner = node.named_child(0) if node.named_child_count else None
    if inner is None:
        return None
    if inner.type in _INCLUDE:
        path = child_of_type(inner, "string", "encapsed_string")
        return Found("import", (unquoted(path, data),)) if path is not None else None
    if inner.type == "function_call_expression" and field_text(inner, data, "function") == "define":
        arguments = inner.child_by_field_name("arguments")
        if arguments is not None and arguments.named_child_count:
            return Found("constant", (unquoted(arguments.named_children[0], data),))
    return None


RULES: Rules = {
    "namespace_definition": body_scope,
    "class_declaration": type_,
    "interface_declaration": type_,
    "trait_declaration": type_,
    "enum_declaration": type_,
    "function_definition": function,
    "method_declaration": function,
    "const_declaration": _constants,
    "property_declaration": _properties,
    "enum_case": constant,
    "expression_statement": _statement,
    "if_statement": scope,
    "compound_statement": scope,
    "namespace_use_declaration": imported,
}
