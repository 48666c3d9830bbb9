"""C#: types and their members; namespaces only hold them."""

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
    scope,
    text_of,
    type_,
)

if TYPE_CHECKING:
    from tree_sitter import Node


def _property(node: Node, data: bytes) -> Found | None:
    body = node.child_by_field_name("accessors") or node.child_by_field_name("value")
    return Found("function", (field_text(node, data, "name"),), body)


def _indexer(node: Node, data: bytes) -> Found | None:
    return Found("function", ("this[]",), node.child_by_field_name("accessors"))


def _operator(node: Node, data: bytes) -> Found | None:
    sign = field_text(node, data, "operator") or field_text(node, data, "type")
    return Found("function", (f"operator {sign}",), node.child_by_field_name("body"))


def _destructor(node: Node, data: bytes) -> Found | None:
    return Found("function", ("~" + field_text(node, data, "name"),), node.child_by_field_name("body"))


def _fields(node: Node, data: bytes) -> Found | None:
    declared = child_of_type(node, "variable_declaration")
    if declared is None:
        return None
    named = [child for child in declared.named_children if child.type == "variable_declarator"]
    return Found("constant", tuple(field_text(child, data, "name") for child in named))


def _using(node: Node, data: bytes) -> Found | None:
    named = [child for child in node.named_children if "comment" not in child.type]
    return Found("import", (text_of(named[-1], data),)) if named else None


RULES: Rules = {
    "namespace_declaration": body_scope,
    "file_scoped_namespace_declaration": scope,
    "declaration_list": scope,
    "class_declaration": type_,
    "struct_declaration": type_,
    "interface_declaration": type_,
    "record_declaration": type_,
    "enum_declaration": type_,
    "delegate_declaration": function,
    "method_declaration": function,
    "constructor_declaration": function,
    "destructor_declaration": _destructor,
    "operator_declaration": _operator,
    "conversion_operator_declaration": _operator,
    "local_function_statement": function,
    "property_declaration": _property,
    "event_declaration": _property,
    "indexer_declaration": _indexer,
    "field_declaration": _fields,
    "event_field_declaration": _fields,
    "enum_member_declaration": constant,
    "global_statement": scope,
    "preproc_if": scope,
    "preproc_else": scope,
    "preproc_elif": scope,
    "using_directive": _using,
}
