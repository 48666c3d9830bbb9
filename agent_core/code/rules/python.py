"""Python: definitions, assigned names, imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.code.found import Found, Rules, field_text, function, scope, text_of, texts_of, type_

if TYPE_CHECKING:
    from tree_sitter import Node


def _decorated(node: Node, data: bytes) -> Found | None:
    return Found("wrap", body=node.child_by_field_name("definition"))


def _statement(node: Node, data: bytes) -> Found | None:
    inner = node.named_child(0) if node.named_child_count == 1 else None
    if inner is None or inner.type != "assignment":
        return None
    left = inner.child_by_field_name("left")
    if left is None:
        return None
    if left.type == "identifier":
        return Found("constant", (text_of(left, data),))
    if left.type in ("pattern_list", "tuple_pattern"):
        return Found("constant", texts_of(left.named_children, data, "identifier"))
    return None


def _type_alias(node: Node, data: bytes) -> Found | None:
    return Found("type", (field_text(node, data, "left").partition("[")[0],))


def _import(node: Node, data: bytes) -> Found | None:
    return Found("import", _modules(node.named_children, data))


def _import_from(node: Node, data: bytes) -> Found | None:
    module = field_text(node, data, "module_name")
    if module.strip("."):
        return Found("import", (module,))
    names = _modules(node.children_by_field_name("name"), data)
    return Found("import", tuple(module + name for name in names) or (module,))


def _modules(nodes: list[Node], data: bytes) -> tuple[str, ...]:
    return tuple(
        field_text(node, data, "name") if node.type == "aliased_import" else text_of(node, data)
        for node in nodes
    )


def _future(node: Node, data: bytes) -> Found | None:
    return Found("import", ("__future__",))


RULES: Rules = {
    "function_definition": function,
    "class_definition": type_,
    "decorated_definition": _decorated,
    "expression_statement": _statement,
    "type_alias_statement": _type_alias,
    "import_statement": _import,
    "import_from_statement": _import_from,
    "future_import_statement": _future,
    "if_statement": scope,
    "elif_clause": scope,
    "else_clause": scope,
    "try_statement": scope,
    "except_clause": scope,
    "finally_clause": scope,
    "with_statement": scope,
    "block": scope,
}
