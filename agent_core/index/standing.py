"""How an index stands, put together from its parts."""

from __future__ import annotations

from collections.abc import Iterable

from agent_core.index.api import IndexPhase, IndexStatus
from agent_core.index.embedding import Embedding
from agent_core.index.image import Image
from agent_core.index.keeping import Keeper
from agent_core.index.updating import Updater


def standing(
    phase: IndexPhase,
    *,
    image: Image,
    updater: Updater,
    keeper: Keeper,
    embedding: Embedding,
    troubles: Iterable[str],
) -> IndexStatus:
    """The status; of several troubles the first is told: updates, storage, the others, vectors."""
    maker = embedding.maker
    trouble = next(filter(None, (updater.trouble, keeper.trouble, *troubles, embedding.trouble)), "")
    return IndexStatus(
        phase="failed" if updater.trouble else phase,
        files=len(image.files),
        chunks=image.chunks,
        behind=len(updater.behind),
        done=updater.done + updater.waiting,
        total=updater.done + len(updater.behind),
        embedded=image.with_vector,
        eta_s=None if maker is None else maker.eta_s,
        embedder="" if maker is None else image.embedder,
        bytes_on_disk=keeper.size,
        skipped=updater.skipped,
        trouble=trouble,
        alone=keeper.alone,
    )
