"""The port to embedders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Purpose = Literal["document", "query"]


class EmbedderInfo(msgspec.Struct, frozen=True):
    """Which embedder: vectors of two that differ in any of this are never compared.

    `id` names provider, model and revision (`minilm-int8@1`, `ollama:nomic-embed-text`); `dims` is the length
    of its vectors; `local` says that no text leaves this machine.
    """

    id: str
    dims: int
    local: bool


class Embedder(Protocol):
    """Turns texts into vectors of length 1."""

    @property
    def info(self) -> EmbedderInfo:
        """Which embedder it is."""
        ...

    async def embed(self, texts: Sequence[str], *, purpose: Purpose) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dims), normalised; a text that is too long counts with its beginning.

        Cancelling ends the work. Raises the `ModelError` tree.
        """
        ...

    def wake(self) -> None:
        """Make ready in the background: a question comes soon."""
        ...

    async def aclose(self) -> None:
        """Close what it holds open."""
        ...
