"""What is drawn while a dialog is open and something changes beneath it."""

from __future__ import annotations

from typing import Any

import pytest
from textual._compositor import Compositor
from textual.geometry import Region

from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import app_of, settled
from tui.widgets.status import StatusLine


async def test_only_what_changed_beneath_a_dialog_is_drawn(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: set[Region] = set()
    draw = Compositor.render_update

    def noted(self: Compositor, *args: Any, **more: Any) -> Any:
        drawn.update(self._dirty_regions)
        return draw(self, *args, **more)

    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await pilot.press("f1")
        await pilot.pause(0.3)
        status = app.work.query_one(StatusLine)
        monkeypatch.setattr(Compositor, "render_update", noted)
        for _ in range(2):
            status.refresh()
            await pilot.pause(0.2)
        assert drawn == {status.region}
        await pilot.press("escape")
        await pilot.pause(0.3)
        assert any(region.size == app.size for region in drawn), "all of it, once it is in front again"
