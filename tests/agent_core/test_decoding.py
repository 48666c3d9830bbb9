"""What lies in a workspace may be anybody's: text that is nested without end is broken as any other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agent_core.checkpoints.states import decode_tree
from agent_core.errors import ToolError
from agent_core.events import from_json
from agent_core.index.image import Image
from agent_core.rl.records import from_line
from agent_core.session.saved.reading import read_head, summarise

_OPEN = b"[" * 100_000
DEEP = b'{"schema":1,"type":"session","a":' + _OPEN + b"]" * 100_000 + b"}"
PACKED = b"\x94\x01\x90\x90" + b"\x91" * 100_000 + b"\x90"


@pytest.mark.parametrize(
    ("decode", "text"),
    [(from_json, DEEP), (from_line, DEEP), (from_json, b'{"type":"\xff"}'), (decode_tree, PACKED)],
)
def test_it_is_no_such_thing(decode: Callable[[bytes], object], text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(text)


def test_a_session_of_such_lines_is_named_as_broken(tmp_path: Path) -> None:
    path = tmp_path / "20261129-190825-7940.jsonl"
    path.write_bytes(DEEP + b"\n")
    with pytest.raises(ToolError, match="does not begin as a session does"):
        read_head(path)
    path.write_bytes(b'{"type":"session","schema":1,"id":"a","at":1.0}\n' + DEEP + b"\n")
    assert summarise(path).bad == 1


def test_an_index_of_such_a_head_is_made_anew(tmp_path: Path) -> None:
    from zlib import crc32

    from agent_core.index.arrays import _MAGIC, BrokenArrays  # pyright: ignore[reportPrivateUsage]

    path = tmp_path / "image"
    check = crc32(PACKED).to_bytes(4, "little")
    path.write_bytes(_MAGIC + len(PACKED).to_bytes(8, "little") + check + PACKED + b"\0" * 64)
    with pytest.raises(BrokenArrays):
        Image.load(path)
