"""What a person chose of the panes: which show, and how large, for each class of width."""

from __future__ import annotations

import msgspec

SIDE = ("files", "logs", "suggestions")
MEDIUM, WIDE = 100, 160
"""Columns from which on side panes show by themselves, and from which on they stand on both sides."""
WHOLE = 1000
"""Shares are thousandths."""
_MOST = 1000
"""Columns that no terminal has."""


class Sizes(msgspec.Struct, frozen=True, omit_defaults=True):
    """The panes at one class of width; what is left out is as it is by itself.

    Args:
        panes: The side panes that show.
        left: Columns of what stands on the left of the chat; 0 for those of the terminal's width.
        right: The same on its right.
        rows: What a pane takes of the height of its column, in thousandths.
    """

    panes: tuple[str, ...] | None = None
    left: int = 0
    right: int = 0
    rows: dict[str, int] = {}

    def bounded(self) -> Sizes:
        """Without what cannot be meant: names of no pane, sizes of no screen."""
        panes = None if self.panes is None else tuple(name for name in SIDE if name in self.panes)
        rows = {name: max(1, min(share, WHOLE)) for name, share in self.rows.items() if name in SIDE}
        left, right = (max(0, min(columns, _MOST)) for columns in (self.left, self.right))
        return Sizes(panes=panes, left=left, right=right, rows=rows)


def default_panes(width: int) -> tuple[str, ...]:
    """The side panes that show by themselves."""
    return SIDE if width >= MEDIUM else ()


def class_of(width: int) -> str:
    """The class of a width: panes are arranged, and remembered, in each for itself."""
    return "wide" if width >= WIDE else "medium" if width >= MEDIUM else "narrow"
