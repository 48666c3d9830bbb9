"""The line that introduces a definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

LONGEST = 200
"""Characters that a signature may have."""
_LOOK = 1200
_MARKS = frozenset({b"@", b"[", b"#"})
"""What annotations begin with."""
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
    if data[start : start + 1] in _MARKS:
        start = _after_annotations(outer, inner)
    if body is inner:
        body = None
    end = inner.end_byte if body is None else body.start_byte
    if body is not None and body.type == "interface_type":
        end += len("interface")
    if end - start > _LOOK:
        end = start + _LOOK
    if body is not None and b"\n" in data[start:end]:
        end = _before_comment(inner, start, end)
    shown = data[start:end].decode("utf-8", "replace")
    if body is None and (len(shown) > LONGEST or "{" in shown):
        shown = shown.partition("\n")[0]
    if "\n" in shown or "  " in shown or "\t" in shown:
        shown = " ".join(shown.split())
    return shown[:LONGEST].rstrip(" {:;=\r")


def _before_comment(inner: Node, start: int, end: int) -> int:
    """Where the head of a definition ends that has a comment between it and the body."""
    for child in inner.children:
        if child.type == "comment" and start < child.start_byte < end:
            return child.start_byte
    return end


def _after_annotations(outer: Node, inner: Node) -> int:
    """Where the definition itself begins."""
    first = outer.named_children[:1]
    holder = first[0] if first and first[0].type == "modifiers" else outer
    for child in holder.children:
        if child.type not in _ANNOTATIONS:
            return child.start_byte
    following = holder.next_sibling if holder is not outer else None
    return following.start_byte if following is not None else inner.start_byte
