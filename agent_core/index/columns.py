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
            grown = np.empty((max(count, len(self._rows) * 3 // 2, 64), *self._shape), self._rows.dtype)
            grown[: self._count] = self.view
            self._rows = grown
        self._rows[self._count : count] = rows
        self._count = count

    def replace(self, rows: NDArray[Any]) -> None:
        """Have these rows and no others; copied where they belong to another array or a mapped file."""
        own = rows.flags.owndata and rows.flags.writeable and rows.dtype == self._rows.dtype
        self._rows = rows if own else np.array(rows, self._rows.dtype)
        self._count = len(rows)


def renumbered(kept: NDArray[np.bool_]) -> NDArray[np.int32]:
    """New numbers for what is kept, -1 for the rest."""
    return np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
