"""What a grammar's node means, in the words that all languages share, and short ways to say it.

A language is a table from the types of its grammar's nodes to rules. A rule looks at one node, and at the
text as UTF-8 where it needs a name, and says what was found; a node type without a rule is a plain statement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from tree_sitter import Node

Role = Literal["function", "type", "test", "constant", "scope", "wrap", "import"]


class Found(msgspec.Struct, frozen=True, gc=False):
    """What a node is.

    `function`, `type`: a definition `names[0]` with its `body`, whose members are looked at (a type's always,
    a function's when it is long). `test`: a call that gives a test, or a suite of them, the title `names[0]`
    and the `body` of a function. `constant`: values `names`; with a `body`, an object that has functions as
    members. `scope`: not itself a definition, its `body`'s children stand for it. `wrap`: `body` is the
    definition, and the node around it belongs to it. `import`: modules or paths `names`, as they are written.
    `owner` is the type that a definition outside of it belongs to.
    """

    role: Role
    names: tuple[str, ...] = ()
    body: Node | None = None
    owner: str = ""


Rule = Callable[["Node", bytes], Found | None]
Rules = Mapping[str, Rule]


def text_of(node: Node | None, data: bytes) -> str:
    """The node's source text, out of the whole text as UTF-8; "" for no node."""
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace") if node is not None else ""


def texts_of(nodes: list[Node], data: bytes, kind: str = "") -> tuple[str, ...]:
    """The source texts of the nodes, of one type only if one is given."""
    return tuple(text_of(node, data) for node in nodes if not kind or node.type == kind)


def named(nodes: list[Node], data: bytes, kind: str = "") -> tuple[str, ...]:
    """The fields `name` of the nodes, of one type only if one is given."""
    return tuple(field_text(node, data, "name") for node in nodes if not kind or node.type == kind)


def field_text(node: Node, data: bytes, field: str) -> str:
    """The source text of the node's field; "" where it is missing."""
    return text_of(node.child_by_field_name(field), data)


def child_of_type(node: Node, *types: str) -> Node | None:
    """The first named child that has one of the types."""
    for child in node.named_children:
        if child.type in types:
            return child
    return None


def unquoted(node: Node | None, data: bytes) -> str:
    """The text of a string literal, path or name without the marks around it."""
    return text_of(node, data).strip("\"'`<>")


def function(node: Node, data: bytes) -> Found | None:
    """A function with the fields `name` and `body`."""
    name = node.child_by_field_name("name")
    return Found("function", (text_of(name, data),), node.child_by_field_name("body")) if name else None


def type_(node: Node, data: bytes) -> Found | None:
    """A type with the fields `name` and `body`."""
    name = node.child_by_field_name("name")
    return Found("type", (text_of(name, data),), node.child_by_field_name("body")) if name else None


def constant(node: Node, data: bytes) -> Found | None:
    """A value with the field `name`."""
    name = node.child_by_field_name("name")
    return Found("constant", (text_of(name, data),)) if name else None


def scope(node: Node, data: bytes) -> Found | None:
    """Something whose children count as if they stood where it stands."""
    return Found("scope", body=node)


def body_scope(node: Node, data: bytes) -> Found | None:
    """The same for the children of its field `body`, if it has one."""
    return Found("scope", body=node.child_by_field_name("body"))


def imported(node: Node, data: bytes) -> Found | None:
    """An import whose text after the keyword is what it names."""
    words = text_of(node, data).rstrip("; \t\r\n").split(None, 1)
    return Found("import", (" ".join(words[1].split()),)) if len(words) == 2 else None
