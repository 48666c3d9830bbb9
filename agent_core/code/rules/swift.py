"""Swift: types and extensions under their type's name, protocols, functions, properties."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.code.found import Found, Rule, Rules, field_text, function, imported, text_of, type_

if TYPE_CHECKING:
    from tree_sitter import Node


def _named(name: str) -> Rule:
    def rule(node: Node, data: bytes) -> Found | None:
        return Found("function", (name,), node.child_by_field_name("body"))

    return rule


def _property(node: Node, data: bytes) -> Found | None:
    pattern = node.child_by_field_name("name")
    name = pattern.child_by_field_name("bound_identifier") if pattern is not None else None
    computed = node.child_by_field_name("computed_value")
    if name is None:
        return None
    if computed is not None:
        return Found("function", (text_of(name, data),), computed)
    return Found("constant", (text_of(name, data),))


def _cases(node: Node, data: bytes) -> Found | None:
    return Found("constant", tuple(text_of(name, data) for name in node.children_by_field_name("name")))


def _alias(node: Node, data: bytes) -> Found | None:
    return Found("type", (field_text(node, data, "name"),))


RULES: Rules = {
    "class_declaration": type_,
    "protocol_declaration": type_,
    "function_declaration": function,
    "protocol_function_declaration": function,
    "init_declaration": _named("init"),
    "deinit_declaration": _named("deinit"),
    "subscript_declaration": _named("subscript"),
    "property_declaration": _property,
    "protocol_property_declaration": _property,
    "enum_entry": _cases,
    "typealias_declaration": _alias,
    "import_declaration": imported,
}
