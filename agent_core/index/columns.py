"""An array that grows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Column:
    """Rows of one type, appended in amortised constant time.

    Args:
        dtype: The type of a value.
        width: Values in a row; None where each row is one value.
    """

    def __init__(self, dtype: Any, width: int | None = None) -> None:
        self._shape = () if width is None else (width,)
        self._rows: NDArray[Any] = np.empty((0, *self._shape), dtype)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def view(self) -> NDArray[Any]:
        """The rows, to be read and written in place; not to be kept over a change of their number."""
        return self._rows[: self._count]

    def extend(self, rows: NDArray[Any]) -> None:
        """Append rows."""
        count = self._count + len(rows)
        if count > len(self._rows):
            grown = self._room(count)
            grown[: self._count] = self.view
            self._rows = grown
        self._rows[self._count : count] = rows
        self._count = count

    def replace(self, rows: NDArray[Any]) -> None:
        """Have these rows and no others; they are copied, so those of a mapped file may be given."""
        self._rows = self._room(len(rows))
        self._count = len(rows)
        self._rows[: self._count] = rows

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Have no others than those that are marked, shape (rows,)."""
        places = np.flatnonzero(kept)
        rows = self._room(len(places))
        # All of them are there; but a mode that looks would copy once more.
        np.take(self.view, places, axis=0, out=rows[: len(places)], mode="clip")
        self._rows, self._count = rows, len(places)

    def _room(self, count: int) -> NDArray[Any]:
        """Rows to be filled, and some more, so that the next few do not move all."""
        return np.empty((count + count // 4 + 64, *self._shape), self._rows.dtype)


def renumbered(kept: NDArray[np.bool_]) -> NDArray[np.int32]:
    """New numbers for what is kept, -1 for the rest."""
    return np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
