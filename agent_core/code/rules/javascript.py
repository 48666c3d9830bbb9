"""JavaScript and TypeScript: definitions, values that are functions, CommonJS exports, imports, tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent_core.code.found import (
    Found,
    Rules,
    body_scope,
    child_of_type,
    constant,
    field_text,
    function,
    text_of,
    type_,
    unquoted,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_FUNCTIONS = frozenset({"arrow_function", "function_expression", "generator_function", "function"})
_CLASSES = frozenset({"class", "class_declaration", "abstract_class_declaration"})
_TESTS = frozenset({"describe", "it", "test", "suite", "context", "specify"})
"""What the calls are named that give a test or a suite (Mocha, Jest, Vitest, Playwright, node:test)."""
_TITLES = frozenset({"string", "template_string"})
_LOOK = 64
"""Members of an object that are looked at to see whether it holds functions."""


def _value(name: str, value: Node | None, *, keep: bool) -> Found | None:
    """What a name stands for when it is given a value; `keep`: plain values count as constants."""
    kind = value.type if value is not None else ""
    if value is not None and kind in _FUNCTIONS:
        return Found("function", (name,), value.child_by_field_name("body"))
    if value is not None and kind in _CLASSES:
        return Found("type", (name,), value.child_by_field_name("body"))
    if not keep:
        return None
    return Found("constant", (name,), value if value is not None and _has_functions(value) else None)


def _has_functions(value: Node) -> bool:
    if value.type != "object":
        return False
    for member in value.named_children[:_LOOK]:
        if member.type == "method_definition":
            return True
        if member.type == "pair":
            inner = member.child_by_field_name("value")
            if inner is not None and inner.type in _FUNCTIONS:
                return True
    return False


def _declaration(node: Node, data: bytes) -> Found | None:
    named = [child for child in node.named_children if child.type == "variable_declarator"]
    if len(named) == 1:
        return Found("wrap", body=named[0])
    return Found("scope", body=node)


def _declarator(node: Node, data: bytes) -> Found | None:
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    required = _required(value, data)
    if required:
        return Found("import", (required,))
    if name is None or name.type != "identifier":
        return None
    return _value(text_of(name, data), value, keep=True)


def _required(value: Node | None, data: bytes) -> str:
    """The module in `require("module")`, also in `require("module").member` and around such calls."""
    while value is not None and value.type in ("member_expression", "call_expression"):
        inner = value.child_by_field_name("object") or value.child_by_field_name("function")
        if value.type == "call_expression" and inner is not None and text_of(inner, data) == "require":
            arguments = value.child_by_field_name("arguments")
            first = arguments.named_children[:1] if arguments is not None else []
            return unquoted(first[0], data) if first and first[0].type == "string" else ""
        value = inner
    return ""


def _statement(node: Node, data: bytes) -> Found | None:
    inner = node.named_child(0) if node.named_child_count else None
    if inner is not None and inner.type == "await_expression":
        inner = inner.named_child(0)
    if inner is None:
        return None
    if inner.type in ("assignment_expression", "internal_module"):
        return Found("wrap", body=inner)
    if inner.type == "call_expression":
        required = _required(inner, data)
        return Found("import", (required,)) if required else _test(inner, data)
    return None


def _test(call: Node, data: bytes) -> Found | None:
    """`it("title", …, () => {…})`, also `describe.only(…)`, `test.each(…)(…)`, `t.test(…)`."""
    arguments = call.child_by_field_name("arguments")
    given = arguments.named_children if arguments is not None else []
    if len(given) < 2 or given[0].type not in _TITLES or given[-1].type not in _FUNCTIONS:
        return None
    title = text_of(given[0], data)[1:-1]
    if not title.strip() or _TESTS.isdisjoint(_words_called(call, data)):
        return None
    return Found("test", (title,), given[-1].child_by_field_name("body"))


def _words_called(call: Node, data: bytes) -> Iterator[str]:
    """The names in `a.b.c(…)(…)`, what is called last first."""
    node = call.child_by_field_name("function")
    while node is not None:
        if node.type == "identifier":
            yield text_of(node, data)
        elif node.type == "member_expression":
            yield field_text(node, data, "property")
        node = node.child_by_field_name("object") or node.child_by_field_name("function")


def _assignment(node: Node, data: bytes) -> Found | None:
    left, value = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or value is None or left.type not in ("member_expression", "identifier"):
        return None
    path = text_of(left, data)
    if value.type == "assignment_expression":  # exports = module.exports = …
        return Found("wrap", body=value)
    if path in ("module.exports", "exports"):
        if value.type == "object":
            return Found("scope", body=value)
        return _value(field_text(value, data, "name") or "exports", value, keep=False)
    name = path.removeprefix("module.").removeprefix("exports.").removeprefix("this.")
    name = name.replace(".prototype.", ".").removesuffix(".prototype")
    if not name.replace(".", "").replace("$", "_").replace("#", "").isidentifier():
        return None
    return _value(name, value, keep=name != path and "exports." in path)


def _pair(node: Node, data: bytes) -> Found | None:
    key = unquoted(node.child_by_field_name("key"), data)
    return _value(key, node.child_by_field_name("value"), keep=False)


def _method(node: Node, data: bytes) -> Found | None:
    name = node.child_by_field_name("name")
    return Found("function", (unquoted(name, data).strip("[]"),), node.child_by_field_name("body"))


def _field(node: Node, data: bytes) -> Found | None:
    name = node.child_by_field_name("name") or node.child_by_field_name("property")
    return _value(unquoted(name, data).strip("[]"), node.child_by_field_name("value"), keep=True)


def _bare_member(node: Node, data: bytes) -> Found | None:
    return Found("constant", (text_of(node, data),))


def _export(node: Node, data: bytes) -> Found | None:
    source = node.child_by_field_name("source")
    if source is not None:
        return Found("import", (unquoted(source, data),))
    declared = node.child_by_field_name("declaration")
    if declared is not None:
        return Found("wrap", body=declared)
    value = node.child_by_field_name("value")
    if value is None:
        return None
    if value.type == "object":
        return Found("scope", body=value)
    return _value(field_text(value, data, "name") or "default", value, keep=False)


def _import(node: Node, data: bytes) -> Found | None:
    source = node.child_by_field_name("source")
    if source is None:
        clause = child_of_type(node, "import_require_clause")
        source = clause.child_by_field_name("source") if clause is not None else None
    return Found("import", (unquoted(source, data),)) if source is not None else None


def _ambient(node: Node, data: bytes) -> Found | None:
    inner = node.named_child(0) if node.named_child_count else None
    return Found("wrap", body=inner)


def _module(node: Node, data: bytes) -> Found | None:
    name = unquoted(node.child_by_field_name("name"), data)
    return Found("type", (name,), node.child_by_field_name("body"))


RULES: Rules = {
    "function_declaration": function,
    "generator_function_declaration": function,
    "function_signature": function,
    "class_declaration": type_,
    "abstract_class_declaration": type_,
    "interface_declaration": type_,
    "enum_declaration": type_,
    "type_alias_declaration": type_,
    "internal_module": _module,
    "module": _module,
    "lexical_declaration": _declaration,
    "variable_declaration": _declaration,
    "variable_declarator": _declarator,
    "expression_statement": _statement,
    "assignment_expression": _assignment,
    "pair": _pair,
    "method_definition": _method,
    "abstract_method_signature": _method,
    "method_signature": _method,
    "field_definition": _field,
    "public_field_definition": _field,
    "enum_assignment": constant,
    "property_identifier": _bare_member,
    "export_statement": _export,
    "import_statement": _import,
    "ambient_declaration": _ambient,
    "class_static_block": body_scope,
}
