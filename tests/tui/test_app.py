"""The application around the screens: what it does about errors of its own."""

from __future__ import annotations

import sys

import pytest

from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import app_of, settled, text_of, until


async def test_background_work_that_fails_ends_alone(runtime: FakeRuntime) -> None:
    async def broken() -> None:
        raise RuntimeError("no way")

    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        app.work.run_worker(broken())
        await until(pilot, lambda: "Something went wrong inside dspy-tui" in text_of(app))
        assert "dspy-tui.jsonl" in text_of(app)
        await pilot.press(*"go on", "enter")
        assert runtime.session.submitted == ["go on"]
        assert "no way" in str(app._exception), "tests fail with it"
        app._exception = None


async def test_threads_leave_the_loop_its_turn(runtime: FakeRuntime) -> None:
    before = sys.getswitchinterval()
    try:
        async with app_of(runtime).run_test(size=(120, 36)) as pilot:
            await settled(pilot)
            assert sys.getswitchinterval() == pytest.approx(0.001)
    finally:
        sys.setswitchinterval(before)
