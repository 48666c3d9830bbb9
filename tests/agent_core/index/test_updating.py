"""Bringing an image up to date, and telling how far that is."""

from __future__ import annotations

from pathlib import Path

from agent_core.index.image import Image
from agent_core.index.updating import Updater
from tests.agent_core.index.workspaces import make


async def test_a_build_tells_how_far_it_is_before_its_files_are_taken_in(tmp_path: Path) -> None:
    make(tmp_path, 400)
    image = Image()
    told: list[tuple[int, int]] = []

    def on_change(_: tuple[str, ...]) -> None:
        told.append((updater.done + updater.waiting, len(image.files)))

    updater = Updater(root=tmp_path, image=image, on_change=on_change)
    try:
        updater.look()
        await updater.settled()
    finally:
        await updater.aclose()
    assert len(image.files) == 400
    assert any(0 < read < 400 and not taken for read, taken in told)
