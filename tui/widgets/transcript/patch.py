"""A patch as rows: what is added and removed tinted, and of a file's heading its name alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_ADDED, _REMOVED = ("title", "add-line"), ("title", "del-line")


class PatchRow(NamedTuple):
    """Text, its style, and what fills its row."""

    text: str
    style: str = "title"
    fill: str = ""


def patch_rows(rows: Sequence[str], *, named: bool) -> list[PatchRow]:
    """The rows of a patch as git writes it; what stands before it is left as it is.

    Args:
        rows: Its lines.
        named: Whether the one file that it is of was named already; several are always told apart.
    """
    several = sum(row.startswith("diff --git ") for row in rows) > 1
    out: list[PatchRow] = []
    name, inside, heading = "", False, False
    for row in rows:
        if row.startswith("diff --git "):
            name, inside, heading = _name(row), True, True
            if several or not named:
                out.append(PatchRow(name, "strong", "head"))
        elif heading and row.startswith("new file") and out and out[-1].fill == "head":
            out[-1] = PatchRow(f"{name}  new file", "strong", "head")
        elif heading and row.startswith("deleted file") and out and out[-1].fill == "head":
            out[-1] = PatchRow(f"{name}  deleted", "strong", "head")
        elif row.startswith("@@") and inside:
            heading = False
            out.append(PatchRow(row, "fn", "hunk"))
        elif not heading or row.startswith("Binary"):
            style, fill = (
                {"+": _ADDED, "-": _REMOVED}.get(row[:1], ("title", "")) if inside else ("title", "")
            )
            out.append(PatchRow(row, "dim" if row.startswith("\\") else style, fill))
    return out


def _name(row: str) -> str:
    """The path of `diff --git a/PATH b/PATH`."""
    both = row.removeprefix("diff --git ")
    return both[(len(both) + 1) // 2 :].strip('"').removeprefix("b/")
