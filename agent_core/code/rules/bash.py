"""Shell scripts: functions, assigned names, sourced files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.code.found import Found, Rules, field_text, function, named, scope, unquoted

if TYPE_CHECKING:
    from tree_sitter import Node


def _command(node: Node, data: bytes) -> Found | None:
    if field_text(node, data, "name") not in ("source", ".") or node.named_child_count < 2:
        return None
    return Found("import", (unquoted(node.named_children[1], data),))


def _assigned(node: Node, data: bytes) -> Found | None:
    return Found("constant", (field_text(node, data, "name"),))


def _declared(node: Node, data: bytes) -> Found | None:
    names = named(node.named_children, data, "variable_assignment")
    return Found("constant", names) if names else None


RULES: Rules = {
    "function_definition": function,
    "variable_assignment": _assigned,
    "declaration_command": _declared,
    "command": _command,
    "if_statement": scope,
}
