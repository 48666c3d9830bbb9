"""Ruby: modules, classes, methods (also behind `private`), constants, required files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.code.found import Found, Rules, body_scope, field_text, function, text_of, unquoted

if TYPE_CHECKING:
    from tree_sitter import Node

_REQUIRE = frozenset({"require", "require_relative", "load", "autoload"})
_DEFINE = frozenset({"method", "singleton_method"})


def _type(node: Node, data: bytes) -> Found | None:
    name = field_text(node, data, "name").replace("::", ".").strip(".")
    return Found("type", (name,), node.child_by_field_name("body"))


def _assigned(node: Node, data: bytes) -> Found | None:
    left = node.child_by_field_name("left")
    if left is None or left.type not in ("constant", "scope_resolution"):
        return None
    return Found("constant", (text_of(left, data).replace("::", ".").strip("."),))


def _call(node: Node, data: bytes) -> Found | None:
    method, arguments = node.child_by_field_name("method"), node.child_by_field_name("arguments")
    if arguments is None or not arguments.named_child_count:
        return None
    last = arguments.named_children[-1]
    if last.type in _DEFINE:
        return Found("wrap", body=last)
    name = text_of(method, data)
    if name in _REQUIRE and last.type == "string":
        return Found("import", (unquoted(last, data),))
    if name == "define_method":
        named = text_of(arguments.named_children[0], data).strip(":\"'")
        return Found("function", (named,), node.child_by_field_name("block"))
    return None


RULES: Rules = {
    "module": _type,
    "class": _type,
    "singleton_class": body_scope,
    "method": function,
    "singleton_method": function,
    "assignment": _assigned,
    "call": _call,
}
