"""Scala: classes, objects, traits, enums, their members, and package objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.code.found import (
    Found,
    Rules,
    body_scope,
    field_text,
    function,
    imported,
    scope,
    text_of,
    type_,
)

if TYPE_CHECKING:
    from tree_sitter import Node


def _value(node: Node, data: bytes) -> Found | None:
    pattern = node.child_by_field_name("pattern") or node.child_by_field_name("name")
    if pattern is None:
        return None
    if pattern.type == "identifier":
        return Found("constant", (text_of(pattern, data),))
    return Found(
        "constant", tuple(text_of(n, data) for n in pattern.named_children if n.type == "identifier")
    )


def _alias(node: Node, data: bytes) -> Found | None:
    return Found("type", (field_text(node, data, "name"),))


def _given(node: Node, data: bytes) -> Found | None:
    name = field_text(node, data, "name") or field_text(node, data, "return_type")
    return Found("type", (name,), node.child_by_field_name("body"))


def _extension(node: Node, data: bytes) -> Found | None:
    return Found("scope", body=node)


RULES: Rules = {
    "package_clause": body_scope,
    "package_object": type_,
    "class_definition": type_,
    "object_definition": type_,
    "trait_definition": type_,
    "enum_definition": type_,
    "enum_case_definitions": scope,
    "simple_enum_case": _alias,
    "full_enum_case": _alias,
    "given_definition": _given,
    "extension_definition": _extension,
    "function_definition": function,
    "function_declaration": function,
    "val_definition": _value,
    "var_definition": _value,
    "val_declaration": _value,
    "var_declaration": _value,
    "type_definition": _alias,
    "import_declaration": imported,
}
