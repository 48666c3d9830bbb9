"""What is left of a query that ended before its first batch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stack.services.spark.checkpoint import folder_of, forget_unbegun, numbered


@pytest.mark.parametrize("left", ["offsets/.0.c77f2981.tmp", "offsets/.0.crc", "metadata", "sources/0/0"])
def test_half_of_a_first_note_goes(tmp_path: Path, left: str) -> None:
    path = folder_of(tmp_path) / left
    path.parent.mkdir(parents=True)
    path.touch()
    forget_unbegun(tmp_path)
    assert path.exists(), "another job may be writing it"
    for each in (path, *path.parents):
        if tmp_path in each.parents:
            os.utime(each, (1, 1))
    forget_unbegun(tmp_path)
    assert not folder_of(tmp_path).exists() and tmp_path.exists()
    forget_unbegun(tmp_path)


@pytest.mark.parametrize("note", ["offsets/0", "offsets/117", "commits/3"])
def test_a_batch_that_was_noted_stays(tmp_path: Path, note: str) -> None:
    for path in (folder_of(tmp_path) / note, folder_of(tmp_path) / "offsets" / ".118.x.tmp"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("v1")
    forget_unbegun(tmp_path)
    assert (folder_of(tmp_path) / note).read_text() == "v1"
    assert set(numbered(folder_of(tmp_path) / "offsets")) <= {0, 117}
