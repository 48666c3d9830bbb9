"""Names of components as numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent_core.logs.formats.text import Offsets, Text, taken

_WIDTH = 80
"""Bytes of a name that tell it from others; what is longer is cut."""
_MOST = 4096
"""Names that are told apart; further ones are "", so that a hostile log cannot grow the memory."""


class Names:
    """The names of a source, numbered in the order in which they came; number 0 is ""."""

    def __init__(self) -> None:
        self.names: list[str] = [""]
        self._numbers: dict[bytes, int] = {b"": 0}

    def restore(self, names: Sequence[str]) -> None:
        """Begin with these, as `names` was."""
        self.names[:] = names[:_MOST] or [""]
        self._numbers = {name.encode("utf-8", "replace"): place for place, name in enumerate(self.names)}

    def named(self, name: str) -> int:
        """The number of one name."""
        return self._number(name[:_WIDTH].encode("utf-8", "replace")) if name else 0

    def _number(self, name: bytes) -> int:
        name = name[:_WIDTH].rstrip(b"\0 \t")
        known = self._numbers.get(name)
        if known is None:
            if len(self.names) >= _MOST:
                return 0
            known = self._numbers[name] = len(self.names)
            self.names.append(name.decode("utf-8", "replace"))
        return known

    def of(self, text: Text, start: Offsets, length: Offsets) -> NDArray[np.int32]:
        """The numbers of the names in the spans."""
        array = taken(text.bytes, start, start + np.minimum(length, _WIDTH)).dictionary_encode()
        numbers = np.array([self._number(name) for name in array.dictionary.to_pylist()], dtype=np.int32)
        return numbers[array.indices.to_numpy()]
