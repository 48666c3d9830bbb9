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
)

if TYPE_CHECKING:
    from tree_sitter import Node


def _type(node: Node) -> Found | None:
    return Found("type", (field_text(node, "name"),), child_of_type(node, "class_body", "enum_class_body"))


def _companion(node: Node) -> Found | None:
    return Found("type", (field_text(node, "name") or "Companion",), child_of_type(node, "class_body"))


def _function(node: Node) -> Found | None:
    return Found("function", (field_text(node, "name"),), child_of_type(node, "function_body"))


def _constructor(node: Node) -> Found | None:
    return Found("function", ("constructor",), child_of_type(node, "block"))


def _property(node: Node) -> Found | None:
    declared = child_of_type(node, "variable_declaration", "multi_variable_declaration")
    if declared is None:
        return None
    if declared.type == "multi_variable_declaration":
        return Found("constant", tuple(text_of(child.named_child(0)) for child in declared.named_children))
    return Found("constant", (text_of(declared.named_child(0)),))


def _alias(node: Node) -> Found | None:
    name = field_text(node, "type") or text_of(child_of_type(node, "identifier"))
    return Found("type", (name,))


def _entry(node: Node) -> Found | None:
    return constant(node) or Found("constant", (text_of(child_of_type(node, "identifier")),))


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
