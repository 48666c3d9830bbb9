"""Java: types and their members, nested as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.code.found import Found, Rules, constant, field_text, function, scope, text_of, type_

if TYPE_CHECKING:
    from tree_sitter import Node


def _fields(node: Node) -> Found | None:
    names = tuple(field_text(declared, "name") for declared in node.children_by_field_name("declarator"))
    return Found("constant", names)


def _import(node: Node) -> Found | None:
    return Found("import", (text_of(node)[len("import ") : -1].strip().removeprefix("static ").strip(),))


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
