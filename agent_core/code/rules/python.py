"""Python: definitions, assigned names, imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.code.found import Found, Rules, field_text, function, scope, text_of, type_

if TYPE_CHECKING:
    from tree_sitter import Node


def _decorated(node: Node) -> Found | None:
    return Found("wrap", body=node.child_by_field_name("definition"))


def _statement(node: Node) -> Found | None:
    inner = node.named_child(0) if node.named_child_count == 1 else None
    if inner is None or inner.type != "assignment":
        return None
    left = inner.child_by_field_name("left")
    if left is None:
        return None
    if left.type == "identifier":
        return Found("constant", (text_of(left),))
    if left.type in ("pattern_list", "tuple_pattern"):
        return Found("constant", tuple(text_of(n) for n in left.named_children if n.type == "identifier"))
    return None


def _type_alias(node: Node) -> Found | None:
    return Found("type", (field_text(node, "left").partition("[")[0],))


def _import(node: Node) -> Found | None:
    names = (field_text(n, "name") if n.type == "aliased_import" else text_of(n) for n in node.named_children)
    return Found("import", tuple(names))


def _import_from(node: Node) -> Found | None:
    module = field_text(node, "module_name")
    if module.strip("."):
        return Found("import", (module,))
    names = (
        field_text(n, "name") if n.type == "aliased_import" else text_of(n)
        for n in node.children_by_field_name("name")
    )
    return Found("import", tuple(module + name for name in names) or (module,))


def _future(node: Node) -> Found | None:
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
