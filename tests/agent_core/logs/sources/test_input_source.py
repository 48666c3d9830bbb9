"""Standard input as a source: a pipe, a file, nothing, a terminal."""

from __future__ import annotations

import asyncio
import gzip
import lzma
import os
import pty
from pathlib import Path

import pytest

from agent_core.errors import LogFault
from agent_core.logs.sources.given import InputSource
from agent_core.logs.sources.port import BLOCK, Begin


async def test_a_pipe_is_waited_for_and_read_to_its_end() -> None:
    reading, writing = os.pipe()
    source = InputSource(reading, Begin())
    waiting = asyncio.create_task(source.read())
    await asyncio.sleep(0)
    assert not waiting.done()
    os.write(writing, b"one\n")
    first = await waiting
    assert first is not None and (first.data, first.part, first.begins) == (b"one\n", "-", True)
    os.write(writing, b"two\n")
    os.close(writing)
    second = await source.read()
    assert second is not None and (second.data, second.begins) == (b"two\n", False)
    assert await source.read() is None
    assert not await source.more()
    assert os.get_blocking(reading), "others share it"
    await source.aclose()
    os.close(reading)


async def test_cancelling_while_nobody_writes() -> None:
    reading, writing = os.pipe()
    waiting = asyncio.create_task(InputSource(reading, Begin()).read())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    os.close(reading)
    os.close(writing)


async def test_a_file_and_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"y" * (BLOCK + 1))
    fd = os.open(file, os.O_RDONLY)
    source = InputSource(fd, Begin())
    blocks = [await source.read(), await source.read(), await source.read()]
    assert [len(block.data) if block else 0 for block in blocks] == [BLOCK, 1, 0]
    assert source.size == source.done == BLOCK + 1
    os.close(fd)
    fd = os.open(os.devnull, os.O_RDONLY)
    assert await InputSource(fd, Begin()).read() is None
    os.close(fd)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (gzip.compress(b"x\n", mtime=0), "packed"),
        (lzma.compress(b"x\n"), "packed with xz"),
        (bytes(range(256)) * 9, "binary"),
    ],
)
async def test_what_is_no_text(data: bytes, said: str) -> None:
    reading, writing = os.pipe()
    os.write(writing, data)
    with pytest.raises(LogFault, match=said):
        await InputSource(reading, Begin()).read()
    os.close(writing)
    os.close(reading)


def test_what_is_none() -> None:
    main, other = pty.openpty()
    with pytest.raises(LogFault, match="terminal"):
        InputSource(other, Begin())
    os.close(main)
    os.close(other)
    with pytest.raises(LogFault, match="closed"):
        InputSource(other, Begin())
