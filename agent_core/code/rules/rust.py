"""Rust: items, and the members of impl and trait blocks under their type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.code.found import Found, Rules, body_scope, constant, field_text, function, text_of, type_

if TYPE_CHECKING:
    from tree_sitter import Node


def _impl(node: Node, data: bytes) -> Found | None:
    kind = node.child_by_field_name("type")
    inner = kind.child_by_field_name("type") if kind is not None and kind.type == "generic_type" else None
    name = text_of(inner or kind, data).rpartition("::")[2]
    return Found("type", (name,), node.child_by_field_name("body"))


def _mod(node: Node, data: bytes) -> Found | None:
    body = node.child_by_field_name("body")
    name = field_text(node, data, "name")
    return Found("import", (name,)) if body is None else Found("type", (name,), body)


def _plain_type(node: Node, data: bytes) -> Found | None:
    return Found("type", (field_text(node, data, "name"),))


def _macro(node: Node, data: bytes) -> Found | None:
    return Found("function", (field_text(node, data, "name"),), node)


def _use(node: Node, data: bytes) -> Found | None:
    return Found("import", ("".join(field_text(node, data, "argument").split()),))


def _crate(node: Node, data: bytes) -> Found | None:
    return Found("import", (field_text(node, data, "name"),))


RULES: Rules = {
    "function_item": function,
    "function_signature_item": function,
    "struct_item": _plain_type,
    "enum_item": _plain_type,
    "union_item": _plain_type,
    "type_item": _plain_type,
    "associated_type": _plain_type,
    "trait_item": type_,
    "impl_item": _impl,
    "mod_item": _mod,
    "foreign_mod_item": body_scope,
    "const_item": constant,
    "static_item": constant,
    "macro_definition": _macro,
    "use_declaration": _use,
    "extern_crate_declaration": _crate,
}
