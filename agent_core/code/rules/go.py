"""Go: functions, methods under their receiver's type, types, groups of constants and variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.code.found import Found, Rules, child_of_type, field_text, function, scope, text_of, unquoted

if TYPE_CHECKING:
    from tree_sitter import Node

_WRAPPERS = frozenset({"parameter_declaration", "pointer_type", "generic_type", "parenthesized_type"})


def _method(node: Node, data: bytes) -> Found | None:
    found = function(node, data)
    receiver = node.child_by_field_name("receiver")
    return (
        Found("function", found.names, found.body, _receiver(receiver, data))
        if found and receiver is not None
        else found
    )


def _receiver(node: Node, data: bytes) -> str:
    """`Server` in `(s *Server[T])`."""
    at: Node | None = child_of_type(node, "parameter_declaration")
    while at is not None and at.type in _WRAPPERS:
        at = at.child_by_field_name("type") or at.named_child(0)
    return text_of(at, data)


def _types(node: Node, data: bytes) -> Found | None:
    specs = [child for child in node.named_children if child.type in ("type_spec", "type_alias")]
    return Found("wrap", body=specs[0]) if len(specs) == 1 else Found("scope", body=node)


def _type(node: Node, data: bytes) -> Found | None:
    kind = node.child_by_field_name("type")
    body = kind if kind is not None and kind.type == "interface_type" else None
    if kind is not None and kind.type == "struct_type":
        body = child_of_type(kind, "field_declaration_list")
    return Found("type", (field_text(node, data, "name"),), body)


def _values(node: Node, data: bytes) -> Found | None:
    return Found("constant", tuple(text_of(name, data) for name in node.children_by_field_name("name")))


def _imports(node: Node, data: bytes) -> Found | None:
    specs = child_of_type(node, "import_spec_list") or node
    paths = (unquoted(spec.child_by_field_name("path"), data) for spec in specs.named_children)
    return Found("import", tuple(path for path in paths if path))


RULES: Rules = {
    "function_declaration": function,
    "method_declaration": _method,
    "method_elem": function,
    "type_declaration": _types,
    "type_spec": _type,
    "type_alias": _type,
    "const_declaration": scope,
    "const_spec": _values,
    "var_declaration": scope,
    "var_spec_list": scope,
    "var_spec": _values,
    "import_declaration": _imports,
}
