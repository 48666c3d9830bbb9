"""Lines of progress to who asked: in order, all before the result, never in the way of the work."""

from __future__ import annotations

import asyncio

import pytest

from agent_core.mcp.serving import reporting


async def test_lines_come_in_order_and_before_the_end() -> None:
    came: list[tuple[float, str | None]] = []

    async def report(progress: float, total: float | None, message: str | None) -> None:
        await asyncio.sleep(0)
        came.append((progress, message))

    async with reporting(report) as tell:
        for line in ("opening the index\n", "  \n", "reading\x1b[31m\nmore\n"):
            tell(line)
    assert [number for number, _ in came] == [1.0, 2.0]
    assert came[0][1] == "opening the index" and "\x1b" not in str(came[1][1])


async def test_who_reads_slowly_misses_some_and_an_error_waits_for_nobody() -> None:
    came: list[str | None] = []
    never = asyncio.Event()

    async def report(progress: float, total: float | None, message: str | None) -> None:
        came.append(message)
        await never.wait()

    with pytest.raises(ValueError, match="broke"):
        async with reporting(report) as tell:
            tell("first")
            await asyncio.sleep(0)
            for number in range(1000):
                tell(f"line {number}")
            raise ValueError("broke")
    assert came == ["first"]
