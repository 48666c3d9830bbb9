"""What is done beside the work: it goes on whatever it meets, and ends with the work."""

from __future__ import annotations

import asyncio

import pytest

from stack.services import beside as module
from stack.services.beside import beside


async def test_what_fails_is_told_and_begun_again_while_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_AGAIN_S", 0.01)
    begun: list[int] = []
    again, other = asyncio.Event(), asyncio.Event()

    async def breaks() -> None:
        begun.append(1)
        if len(begun) == 1:
            raise KeyError("what nobody thought of")
        again.set()
        await asyncio.Event().wait()

    async def lasts() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            other.set()

    async with beside(breaks, lasts):
        await asyncio.wait_for(again.wait(), 60)
        assert not other.is_set()
    assert other.is_set() and len(begun) == 2
    assert "what nobody thought of" in caplog.text


async def test_an_error_of_the_work_is_the_program_s() -> None:
    with pytest.raises(ValueError, match="of the work"):
        async with beside(asyncio.Event().wait):
            raise ValueError("of the work")
