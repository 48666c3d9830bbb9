"""Kotlin: types, companions, functions and properties."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.code.found import (
    Found,
    Rules,
    child_of_type,
    constant,
    field_text,
    imported,
    text_of,
    texts_of,
)

if TYPE_CHECKING:
    from tree_sitter import Node


def _type(node: Node, data: bytes) -> Found | None:
    body = child_of_type(node, "class_body", "enum_class_body")
    return Found("type", (field_text(node, data, "name"),), body)


def _companion(node: Node, data: bytes) -> Found | None:
    return Found("type", (field_text(node, data, "name") or "Companion",), child_of_type(node, "class_body"))


def _function(node: Node, data: bytes) -> Found | None:
    return Found("function", (field_text(node, data, "name"),), child_of_type(node, "function_body"))


def _constructor(node: Node, data: bytes) -> Found | None:
    return Found("function", ("constructor",), child_of_type(node, "block"))


def _property(node: Node, data: bytes) -> Found | None:
    declared = child_of_type(node, "variable_declaration", "multi_variable_declaration")
    if declared is None:
        return None
    if declared.type == "multi_variable_declaration":
        firsts = [child.named_children[0] for child in declared.named_children if child.named_child_count]
        return Found("constant", texts_of(firsts, data))
    return Found("constant", texts_of(declared.named_children[:1], data))


def _alias(node: Node, data: bytes) -> Found | None:
    name = field_text(node, data, "type") or text_of(child_of_type(node, "identifier"), data)
    return Found("type", (name,))


def _entry(node: Node, data: bytes) -> Found | None:
    return constant(node, data) or Found("constant", (text_of(child_of_type(node, "identifier"), data),))


RULES: Rules = {
    "class_declaration": _type,
    "object_declaration": _type,
    "companion_object": _companion,
    "function_declaration": _function,
    "secondary_constructor": _constructor,
    "property_declaration": _property,
    "enum_entry": _entry,
    "type_alias": _alias,
    "import": imported,
}
