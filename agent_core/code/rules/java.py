"""Java: types and their members, nested as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.code.found import Found, Rules, constant, function, named, scope, text_of, type_

if TYPE_CHECKING:
    from tree_sitter import Node


def _fields(node: Node, data: bytes) -> Found | None:
    return Found("constant", named(node.children_by_field_name("declarator"), data))


def _import(node: Node, data: bytes) -> Found | None:
    path = text_of(node, data)[len("import ") : -1].strip()
    return Found("import", (path.removeprefix("static ").strip(),))


RULES: Rules = {
    "class_declaration": type_,
    "interface_declaration": type_,
    "enum_declaration": type_,
    "record_declaration": type_,
    "annotation_type_declaration": type_,
    "enum_body_declarations": scope,
    "method_declaration": function,
    "constructor_declaration": function,
    "compact_constructor_declaration": function,
    "annotation_type_element_declaration": function,
    "field_declaration": _fields,
    "constant_declaration": _fields,
    "enum_constant": constant,
    "import_declaration": _import,
}
