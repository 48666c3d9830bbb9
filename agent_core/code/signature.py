"""The line that introduces a definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

_LONGEST = 200
_LOOK = 1200
_ANNOTATIONS = frozenset({"marker_annotation", "annotation", "attribute_list", "decorator", "attribute"})


def signature(data: bytes, outer: Node, inner: Node, body: Node | None) -> str:
    """What stands before the body, on one line, without annotations, at most 200 characters.

    Args:
        data: The text as UTF-8.
        outer: The definition with what belongs to it (`export`, decorators).
        inner: The definition itself.
        body: Its body; None: the first line stands for it.
    """
    start = outer.start_byte
    if data[start : start + 1] in (b"@", b"["):
        start = _after_annotations(outer, inner)
    end = inner.end_byte if body is None else max(body.start_byte, start)
    head = data[start : min(end, start + _LOOK)]
    if body is None:
        head = head.partition(b"\n")[0] if len(head) > _LONGEST or b"{" in head else head
    shown = " ".join(head.decode("utf-8", "replace").split()).rstrip(" {:;=")
    return shown[:_LONGEST]


def _after_annotations(outer: Node, inner: Node) -> int:
    node = inner
    if outer.named_child_count:
        first = outer.named_children[0]
        holder = first if first.type == "modifiers" else outer
        for child in holder.children:
            if child.type not in _ANNOTATIONS:
                return child.start_byte
        if holder is not outer:
            return outer.children[1].start_byte if outer.child_count > 1 else node.start_byte
    return node.start_byte
