"""C and C++: functions by their declarators (`A::b` becomes `A.b`), types, namespaces, macros, includes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.code.found import (
    Found,
    Rules,
    body_scope,
    child_of_type,
    field_text,
    scope,
    text_of,
    unquoted,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_TYPES = ("struct_specifier", "union_specifier", "enum_specifier", "class_specifier")
_NESTED = 16


def _declared(node: Node | None, data: bytes) -> tuple[str, bool]:
    """The name in a declarator, and whether it is a function's (a pointer to one is not)."""
    called = False
    for _ in range(_NESTED):
        if node is None:
            break
        inner = node.child_by_field_name("declarator")
        if node.type == "function_declarator":
            called = inner is None or inner.type != "parenthesized_declarator"
        if inner is None and node.type in ("reference_declarator", "parenthesized_declarator"):
            inner = node.named_children[-1] if node.named_child_count else None
        if node.type == "operator_cast":
            return "operator " + field_text(node, data, "type"), True
        if inner is None:
            return _qualified(node, data), called
        node = inner
    return "", called


def _qualified(node: Node, data: bytes) -> str:
    """`A.b` for `A<T>::b`."""
    parts: list[str] = []
    while node.type == "qualified_identifier":
        outer, name = node.child_by_field_name("scope"), node.child_by_field_name("name")
        parts.append(_plain(outer, data) if outer is not None else "")
        if name is None:
            break
        node = name
    return ".".join(part for part in (*parts, _plain(node, data)) if part)


def _plain(node: Node, data: bytes) -> str:
    inner = node.child_by_field_name("name") if node.type.startswith("template_") else None
    return "".join(text_of(inner or node, data).split())


def _function(node: Node, data: bytes) -> Found | None:
    name, called = _declared(node.child_by_field_name("declarator"), data)
    if not name or not called:  # what a macro in front makes of a class
        return Found("scope", body=node.child_by_field_name("body")) if node.type != "declaration" else None
    return Found("function", (name,), node.child_by_field_name("body"))


def _declaration(node: Node, data: bytes) -> Found | None:
    kind = node.child_by_field_name("type")
    declarators = node.children_by_field_name("declarator")
    if kind is not None and kind.type in _TYPES and kind.child_by_field_name("body") is not None:
        return Found("wrap", body=kind)
    if len(declarators) == 1:
        name, called = _declared(declarators[0], data)
        if called and name:
            return Found("function", (name,))
    names = tuple(name for name, _ in (_declared(one, data) for one in declarators) if name)
    return Found("constant", names) if names else None


def _type(node: Node, data: bytes) -> Found | None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None or body is None:
        return Found("scope", body=body) if body is not None else None
    return Found("type", (_qualified(name, data),), body)


def _enum(node: Node, data: bytes) -> Found | None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    return Found("type", (_qualified(name, data),)) if name is not None and body is not None else None


def _typedef(node: Node, data: bytes) -> Found | None:
    kind = node.child_by_field_name("type")
    name, _ = _declared(node.child_by_field_name("declarator"), data)
    body = kind.child_by_field_name("body") if kind is not None and kind.type in _TYPES else None
    return Found("type", (name,), body) if name else None


def _namespace(node: Node, data: bytes) -> Found | None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None:
        return Found("scope", body=body)
    return Found("type", (text_of(name, data).replace("::", "."),), body)


def _template(node: Node, data: bytes) -> Found | None:
    return Found("wrap", body=node.named_children[-1] if node.named_child_count else None)


def _alias(node: Node, data: bytes) -> Found | None:
    return Found("type", (field_text(node, data, "name"),))


def _macro(node: Node, data: bytes) -> Found | None:
    return Found("constant", (field_text(node, data, "name"),))


def _macro_function(node: Node, data: bytes) -> Found | None:
    return Found("function", (field_text(node, data, "name"),))


def _include(node: Node, data: bytes) -> Found | None:
    return Found("import", (unquoted(node.child_by_field_name("path"), data),))


def _friend(node: Node, data: bytes) -> Found | None:
    inner = child_of_type(node, "function_definition")
    return Found("wrap", body=inner) if inner is not None else None


RULES: Rules = {
    "function_definition": _function,
    "declaration": _declaration,
    "field_declaration": _declaration,
    "struct_specifier": _type,
    "union_specifier": _type,
    "class_specifier": _type,
    "enum_specifier": _enum,
    "type_definition": _typedef,
    "namespace_definition": _namespace,
    "template_declaration": _template,
    "alias_declaration": _alias,
    "concept_definition": _alias,
    "friend_declaration": _friend,
    "linkage_specification": body_scope,
    "preproc_if": scope,
    "preproc_ifdef": scope,
    "preproc_else": scope,
    "preproc_elif": scope,
    "preproc_elifdef": scope,
    "preproc_def": _macro,
    "preproc_function_def": _macro_function,
    "preproc_include": _include,
}
