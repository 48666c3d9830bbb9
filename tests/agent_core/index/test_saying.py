"""How the index stands, in words."""

from __future__ import annotations

import pytest

from agent_core.index.api import IndexStatus
from agent_core.index.saying import about, in_short, is_trouble, progress, rows

READY = IndexStatus(phase="ready", files=9, chunks=100, embedded=100, embedder="minilm")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (IndexStatus(), "no index yet"),
        (IndexStatus(phase="opening"), "opening the index"),
        (IndexStatus(phase="scanning"), "looking for changes"),
        (IndexStatus(phase="building"), "indexing"),
        (IndexStatus(phase="building", done=1234, total=9186), "indexing 1,234/9,186"),
        (READY, "fresh"),
        (IndexStatus(phase="ready"), "no index yet"),
        (IndexStatus(phase="ready", behind=12), "no index yet"),
        (IndexStatus(phase="ready", files=9, behind=12), "12 files behind"),
        (IndexStatus(phase="ready", files=9, behind=1), "1 file behind"),
        (IndexStatus(phase="ready", files=9, chunks=100), "fresh"),
        (
            IndexStatus(phase="ready", files=9, chunks=100, embedded=63, eta_s=240, embedder="minilm"),
            "fresh · vectors 63% (4 min left)",
        ),
        (IndexStatus(phase="ready", files=9, chunks=3, embedded=2, embedder="m"), "fresh · vectors 66%"),
        (IndexStatus(phase="failed", trouble="the disk is full"), "no index: the disk is full"),
        (IndexStatus(phase="failed"), "no index: it failed"),
        (IndexStatus(phase="ready", files=2, trouble="Ollama\nis gone"), "fresh · Ollama is gone"),
    ],
)
def test_in_short(status: IndexStatus, said: str) -> None:
    assert in_short(status) == said
    assert is_trouble(status) == (status.phase == "failed" or bool(status.trouble))


def test_a_long_trouble_is_shortened_on_the_status_line_and_whole_in_the_rows() -> None:
    status = IndexStatus(phase="ready", files=1, trouble="x" * 90)
    assert len(in_short(status)) < 60
    assert ("trouble", "x" * 90) in rows(status)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "10 s"), (23, "20 s"), (54, "50 s"), (56, "1 min"), (239, "4 min"), (3600, "1 h"), (9000, "2 h")],
)
def test_a_time_to_wait(seconds: float, said: str) -> None:
    assert about(seconds) == said


def test_progress_of_files_and_of_vectors() -> None:
    building = IndexStatus(phase="building", done=50, total=200)
    assert progress(building, embedding=False) == (25, "indexing 50/200 files")
    assert progress(building, embedding=True) == (25, "indexing 50/200 files")
    half = IndexStatus(phase="ready", files=1, chunks=2000, embedded=1000, eta_s=20, embedder="m")
    assert progress(half, embedding=True) == (50, "1,000 vectors of 2,000 (20 s left)")
    assert progress(READY, embedding=True)[0] == 100
    assert progress(IndexStatus(phase="scanning"), embedding=False) == (0, "looking for changes")


def test_rows_tell_everything() -> None:
    status = IndexStatus(
        phase="ready", files=1234, chunks=9000, behind=3, embedded=900, eta_s=600, embedder="minilm",
        bytes_on_disk=5 << 20, skipped=7, alone=False,
    )  # fmt: skip
    assert rows(status) == [
        ("state", "3 files behind · vectors 10% (10 min left)"),
        ("files", "1,234, 7 left out"),
        ("behind", "3"),
        ("chunks", "9,000"),
        ("vectors", "900 of 9,000 (10 min left), by minilm"),
        ("on disk", "5.0 MB"),
        ("kept by", "another session of this workspace"),
    ]
    assert ("vectors", "none: no embedder") in rows(IndexStatus())


def test_no_time_is_left_when_no_vector_is_missing() -> None:
    done = IndexStatus(phase="ready", files=1, chunks=20, embedded=20, eta_s=0.0, embedder="m")
    assert ("vectors", "20 of 20, by m") in rows(done)
