"""Reading log files: rotated, packed, truncated, vanished, growing, odd ones."""

from __future__ import annotations

import asyncio
import bz2
import gzip
import lzma
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent_core.logs.discover import family_of
from agent_core.logs.sources import packed
from agent_core.logs.sources.files import FileSource
from agent_core.logs.sources.port import BLOCK, Begin, Block
from agent_core.workspace import Workspace

_LONG_S = 60.0


def time_of(piece: bytes) -> float | None:
    found = re.search(rb"^@(\d+) ", piece, re.MULTILINE)
    return float(found[1]) if found else None


def lines(first: int, last: int) -> bytes:
    return b"".join(b"@%d line %d of the log\n" % (number, number) for number in range(first, last + 1))


@pytest.fixture
def open_source(tmp_path: Path) -> Callable[..., FileSource]:
    workspace = Workspace.open(tmp_path)

    def opened(path: str = "app.log", **begin: float) -> FileSource:
        family = family_of(workspace, path)
        assert family is not None
        return FileSource(workspace=workspace, family=family, begin=Begin(**begin), time_of=time_of)  # type: ignore[arg-type]

    return opened


Open = Callable[..., FileSource]


async def all_of(source: FileSource) -> list[Block]:
    """The blocks that are there now."""
    blocks: list[Block] = []
    while (block := await source.read()) is not None:
        blocks.append(block)
    return blocks


async def next_of(source: FileSource) -> list[Block]:
    """The blocks that come next; the limit is there only so that a failure ends."""
    async with asyncio.timeout(_LONG_S):
        assert await source.more()
    return await all_of(source)


def content(blocks: list[Block]) -> bytes:
    return b"".join(block.data for block in blocks)


async def test_generations_from_the_oldest_on(tmp_path: Path, open_source: Open) -> None:
    (tmp_path / "app.log.2.gz").write_bytes(gzip.compress(lines(1, 2)) + gzip.compress(lines(3, 3)))
    (tmp_path / "app.log.1").write_bytes(lines(4, 5))
    (tmp_path / "app.log").write_bytes(lines(6, 7))
    (tmp_path / "other.log.1").write_bytes(b"of another\n")
    source = open_source()
    blocks = await all_of(source)
    assert [(source.name_of(block.part), block.begins, block.first) for block in blocks] == [
        ("app.log.2.gz", True, 1), ("app.log.1", True, 1), ("app.log", True, 1)
    ]  # fmt: skip
    assert content(blocks) == lines(1, 7)
    assert source.done == source.size == sum(file.stat().st_size for file in tmp_path.glob("app.*"))
    assert source.note == ""
    await source.aclose()


async def test_how_much_there_is_to_read_is_known_at_once(tmp_path: Path, open_source: Open) -> None:
    (tmp_path / "app.log.1").write_bytes(lines(1, 50))
    (tmp_path / "app.log").write_bytes(lines(51, 80))
    source = open_source()
    assert (source.done, source.size) == (0, len(lines(1, 80)))
    await all_of(source)
    assert source.done == source.size == len(lines(1, 80))
    await source.aclose()


async def test_blocks_are_bounded_and_number_on(tmp_path: Path, open_source: Open) -> None:
    written = b"x" * (3 * BLOCK) + b"\n" + lines(2, 9)
    (tmp_path / "app.log").write_bytes(written)
    source = open_source()
    blocks = await all_of(source)
    assert [len(block.data) for block in blocks[:3]] == [BLOCK] * 3
    assert [block.begins for block in blocks] == [True, False, False, False]
    assert content(blocks) == written
    await source.aclose()


async def test_what_grows_meanwhile_is_read_next_time(tmp_path: Path, open_source: Open) -> None:
    file = tmp_path / "app.log"
    file.write_bytes(lines(1, 3))
    source = open_source()
    first = await source.read()
    with file.open("ab") as more:
        more.write(lines(4, 4))
    assert first and first.data == lines(1, 3)
    assert await source.read() is None
    (block,) = await next_of(source)
    assert (block.data, block.begins) == (lines(4, 4), False)
    await source.aclose()


async def test_rotated_by_rename_while_followed(tmp_path: Path, open_source: Open) -> None:
    file = tmp_path / "app.log"
    file.write_bytes(lines(1, 3))
    source = open_source()
    await all_of(source)
    writer = file.open("ab", buffering=0)
    file.rename(tmp_path / "app.log.1")
    file.write_bytes(lines(5, 5))
    writer.write(lines(4, 4))  # whoever wrote it had it open
    old = await next_of(source)
    new = await next_of(source)
    assert (content(old), old[0].begins) == (lines(4, 4), False)
    assert (content(new), new[0].begins, new[0].first) == (lines(5, 5), True, 1)
    assert (source.name_of(old[0].part), source.name_of(new[0].part)) == ("app.log.1", "app.log")
    (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
    assert source.name_of(old[0].part) == "app.log.2"
    (tmp_path / "app.log.2").unlink()
    assert source.name_of(old[0].part) == ""
    writer.close()
    await source.aclose()


@pytest.mark.parametrize("again", [lines(90, 90), lines(90, 200)])
async def test_truncated_while_followed(tmp_path: Path, open_source: Open, again: bytes) -> None:
    """Also where it has grown beyond what it was by the next look."""
    file = tmp_path / "app.log"
    file.write_bytes(lines(1, 20))
    source = open_source()
    (before,) = await all_of(source)
    with file.open("r+b") as same:
        same.truncate(0)
        same.write(again)
    blocks = await next_of(source)
    assert (content(blocks), blocks[0].begins) == (again, True)
    assert (source.name_of(before.part), source.name_of(blocks[0].part)) == ("", "app.log")
    await source.aclose()


async def test_deleted_and_back_again(tmp_path: Path, open_source: Open) -> None:
    file = tmp_path / "app.log"
    file.write_bytes(lines(1, 3))
    source = open_source()
    await all_of(source)
    file.unlink()
    assert await next_of(source) == []
    assert source.note == "app.log is gone"
    file.write_bytes(lines(4, 4))
    blocks = await next_of(source)
    assert (content(blocks), blocks[0].begins) == (lines(4, 4), True)
    assert source.note == ""
    await source.aclose()


async def test_only_rotated_files_are_there(tmp_path: Path, open_source: Open) -> None:
    (tmp_path / "app.log.1").write_bytes(lines(1, 3))
    source = open_source()
    assert content(await all_of(source)) == lines(1, 3)
    (tmp_path / "app.log").write_bytes(lines(4, 4))
    assert content(await next_of(source)) == lines(4, 4)
    await source.aclose()


async def test_since_finds_the_place_and_its_number(tmp_path: Path, open_source: Open) -> None:
    (tmp_path / "app.log.1").write_bytes(lines(1, 9))
    os.utime(tmp_path / "app.log.1", (10, 10))
    (tmp_path / "app.log").write_bytes(lines(10, 200_000))
    (block, *_) = blocks = await all_of(source := open_source(since=150_000))
    assert source.name_of(block.part) == "app.log"
    first = int(block.data.split()[0][1:])
    assert 140_000 < first <= 150_000
    assert block.first == first - 9
    assert content(blocks) == lines(first, 200_000)
    await source.aclose()


async def test_since_where_nothing_is_new_or_nothing_has_a_time(tmp_path: Path, open_source: Open) -> None:
    (tmp_path / "app.log").write_bytes(lines(10, 200_000))
    source = open_source(since=datetime.now(UTC).timestamp())
    assert len(content(await all_of(source))) < 200_000
    await source.aclose()
    undated = b"no time here\n" * 100_000
    (tmp_path / "app.log").write_bytes(undated)
    source = open_source(since=150_000)
    assert content(await all_of(source)) == undated
    await source.aclose()


async def test_the_last_bytes(tmp_path: Path, open_source: Open) -> None:
    (tmp_path / "app.log.1").write_bytes(lines(1, 9))
    (tmp_path / "app.log").write_bytes(lines(10, 50))
    source = open_source(most=len(lines(48, 50)) + 3)
    (block,) = await all_of(source)
    assert (block.data, block.first) == (lines(48, 50), 39)
    assert "only the last" in source.note
    await source.aclose()
    source = open_source(most=0)
    assert await all_of(source) == []
    with (tmp_path / "app.log").open("ab") as more:
        more.write(lines(51, 51))
    (block,) = await next_of(source)
    assert (block.data, block.first) == (lines(51, 51), 42)
    await source.aclose()


async def test_broken_and_bottomless_packed_files(
    tmp_path: Path, open_source: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = gzip.compress(lines(1, 5000))
    (tmp_path / "app.log.3.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "app.log.2.gz").write_bytes(b"\x1f\x8bno gzip at all")
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(b"\0" * (8 * BLOCK)))
    (tmp_path / "app.log").write_bytes(lines(1, 1))
    monkeypatch.setattr(packed, "MOST_UNPACKED", 2 * BLOCK + 5)
    source = open_source()
    blocks = await all_of(source)
    assert max(len(block.data) for block in blocks) == BLOCK
    sizes = [len(block.data) for block in blocks if source.name_of(block.part) == "app.log.1.gz"]
    assert sum(sizes) == 2 * BLOCK + 5
    assert source.name_of(blocks[-1].part) == "app.log"
    assert "app.log.3.gz ends in the middle" in source.note
    assert "app.log.2.gz is broken after 0 B" in source.note
    assert "app.log.1.gz: only the first 2.0 MB" in source.note
    await source.aclose()


async def test_what_it_holds_counts_and_not_what_it_is_called(tmp_path: Path, open_source: Open) -> None:
    (tmp_path / "app.log.2.gz").write_bytes(lines(1, 2))
    (tmp_path / "app.log.1").write_bytes(gzip.compress(lines(3, 4)))
    (tmp_path / "app.log").write_bytes(b"\0" * 5000 + lines(5, 6))
    source = open_source()
    assert content(await all_of(source)).replace(b"\0", b"") == lines(1, 6)
    assert (source.note, source.unreadable) == ("", False)
    await source.aclose()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes(range(256)) * 20, "it is binary"),
        (lzma.compress(lines(1, 50)), "it is packed with xz, which can be unpacked into `ctx --source -`"),
        (bz2.compress(lines(1, 50)), "it is packed with bzip2, which can be unpacked into `ctx --source -`"),
    ],
)
async def test_what_is_no_text_is_left_out(
    tmp_path: Path, open_source: Open, data: bytes, reason: str
) -> None:
    (tmp_path / "app.log").write_bytes(data)
    source = open_source()
    assert await all_of(source) == []
    assert (source.note, source.unreadable) == (f"app.log is left out: {reason}", True)
    (tmp_path / "app.log").write_bytes(lines(1, 2))
    assert content(await next_of(source)) == lines(1, 2)
    assert not source.unreadable
    await source.aclose()


@pytest.mark.parametrize(
    "data",
    [
        b"\x1b[31mred\x1b[0m\a\n" * 100,
        "Grüße aus Köln\n".encode("latin-1") * 100,
        "日本語のログ\n".encode("shift-jis") * 100,
        "日本語のログ\n".encode("utf-16") * 100,
        b"BZhang logged in\n",
        b"",
    ],
)
async def test_text_of_any_encoding_is_text(tmp_path: Path, open_source: Open, data: bytes) -> None:
    (tmp_path / "app.log").write_bytes(data)
    source = open_source()
    assert content(await all_of(source)) == data
    await source.aclose()


async def test_a_packed_file_is_not_read_twice(tmp_path: Path, open_source: Open) -> None:
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(lines(1, 5)))
    source = open_source("app.log.1.gz")
    assert content(await all_of(source)) == lines(1, 5)
    assert not source._looks_new()
    await source.aclose()


async def test_a_file_that_is_none_any_more(tmp_path: Path, open_source: Open) -> None:
    file = tmp_path / "app.log"
    file.write_bytes(lines(1, 1))
    source = open_source()
    file.unlink()
    os.mkfifo(file)
    assert await all_of(source) == []
    assert source.note == "app.log is left out: it is a named pipe"
    await source.aclose()


async def test_a_link_out_of_the_workspace(tmp_path: Path, open_source: Open) -> None:
    file = tmp_path / "app.log"
    file.write_bytes(lines(1, 1))
    source = open_source()
    file.unlink()
    file.symlink_to("/etc/passwd")
    assert await all_of(source) == []
    assert source.note == "app.log is left out: it leads out of the workspace"
    assert not source._looks_new()
    await source.aclose()
