"""How an index stands, put together from its parts."""

from __future__ import annotations

from collections.abc import Iterable

from agent_core.index.api import IndexPhase, IndexStatus
from agent_core.index.image import Image
from agent_core.index.keeping import Keeper
from agent_core.index.updating import Updater
from agent_core.index.vectors import VectorMaker


def standing(
    phase: IndexPhase,
    *,
    image: Image,
    updater: Updater,
    keeper: Keeper,
    vectors: VectorMaker | None,
    troubles: Iterable[str],
) -> IndexStatus:
    """The status; of several troubles the first is told: updates, storage, the others, vectors."""
    without = f"no vectors for now: {vectors.trouble}" if vectors is not None and vectors.trouble else ""
    trouble = next(filter(None, (updater.trouble, keeper.trouble, *troubles, without)), "")
    return IndexStatus(
        phase="failed" if updater.trouble else phase,
        files=len(image.files),
        chunks=image.chunks,
        behind=len(updater.behind),
        done=updater.done,
        total=updater.done + len(updater.behind),
        embedded=image.with_vector,
        eta_s=None if vectors is None else vectors.eta_s,
        embedder="" if vectors is None else image.embedder,
        bytes_on_disk=keeper.size,
        skipped=updater.skipped,
        trouble=trouble,
        writer=keeper.writer,
    )
