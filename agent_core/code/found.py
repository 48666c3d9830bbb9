"""What a grammar's node means, in the words that all languages share, and short ways to say it.

A language is a table from the types of its grammar's nodes to rules. A rule looks at one node and says what
was found; a node type without a rule is a plain statement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from tree_sitter import Node

Role = Literal["function", "type", "constant", "scope", "wrap", "import"]


class Found(msgspec.Struct, frozen=True, gc=False):
    """What a node is.

    `function`, `type`: a definition `names[0]` with its `body`, whose members are looked at (a type's always,
    a function's when it is long). `constant`: values `names`; with a `body`, an object that has functions as
    members. `scope`: not itself a definition, its `body`'s children stand for it. `wrap`: `body` is the
    definition, and the node around it belongs to it. `import`: modules or paths `names`, as they are written.
    `owner` is the type that a definition outside of it belongs to.
    """

    role: Role
    names: tuple[str, ...] = ()
    body: Node | None = None
    owner: str = ""


Rule = Callable[["Node"], Found | None]
Rules = Mapping[str, Rule]


def text_of(node: Node | None) -> str:
    """The node's source text; "" for no node."""
    text = node.text if node is not None else None
    return text.decode("utf-8", "replace") if text else ""


def field_text(node: Node, field: str) -> str:
    """The source text of the node's field; "" where it is missing."""
    return text_of(node.child_by_field_name(field))


def child_of_type(node: Node, *types: str) -> Node | None:
    """The first named child that has one of the types."""
    for child in node.named_children:
        if child.type in types:
            return child
    return None


def unquoted(node: Node | None) -> str:
    """The text of a string literal, path or name without the marks around it."""
    return text_of(node).strip("\"'`<>")


def function(node: Node) -> Found | None:
    """A function with the fields `name` and `body`."""
    name = node.child_by_field_name("name")
    return Found("function", (text_of(name),), node.child_by_field_name("body")) if name else None


def type_(node: Node) -> Found | None:
    """A type with the fields `name` and `body`."""
    name = node.child_by_field_name("name")
    return Found("type", (text_of(name),), node.child_by_field_name("body")) if name else None


def constant(node: Node) -> Found | None:
    """A value with the field `name`."""
    name = node.child_by_field_name("name")
    return Found("constant", (text_of(name),)) if name else None


def scope(node: Node) -> Found | None:
    """Something whose children count as if they stood where it stands."""
    return Found("scope", body=node)


def body_scope(node: Node) -> Found | None:
    """The same for the children of its field `body`, if it has one."""
    return Found("scope", body=node.child_by_field_name("body"))


def imported(node: Node) -> Found | None:
    """An import whose text after the keyword is what it names."""
    words = text_of(node).rstrip("; \t\r\n").split(None, 1)
    return Found("import", (" ".join(words[1].split()),)) if len(words) == 2 else None
