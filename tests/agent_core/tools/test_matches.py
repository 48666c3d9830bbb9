"""Reading ripgrep's output, however it is cut into chunks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent_core.tools import matches as module
from agent_core.tools.matches import Matches

TEXTS = st.text(alphabet="ab: \té\u202e\x1b[m\r", max_size=12)
PATHS = st.text(alphabet="abc/\n. ", min_size=1, max_size=5).filter(lambda path: "binary" not in path)
FILES = st.dictionaries(PATHS, st.lists(TEXTS, min_size=1, max_size=9), max_size=8)


def stream(files: dict[str, list[str]]) -> bytes:
    rows = [
        f"{path}\0{number}:{text}\n" for path, texts in files.items() for number, text in enumerate(texts, 1)
    ]
    return "".join(rows).encode()


def fed(raw: bytes, cuts: list[int], *, limit: int = 10_000, per_file: int = 10_000) -> tuple[Matches, str]:
    matches = Matches(limit=limit, per_file=per_file)
    places = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts)})
    text = "".join(matches.feed(raw[start:end], wanted=True) for start, end in pairwise(places))
    matches.finish()
    return matches, text


@settings(deadline=None)
@given(FILES, st.lists(st.integers(0, 10_000), max_size=20))
@example({"a": [""], "\na": ["", ""]}, [11])
@example({"a": [""], "b\na": ["", ""]}, [])
def test_chunks_may_end_anywhere(files: dict[str, list[str]], cuts: list[int]) -> None:
    raw = stream(files)
    matches, text = fed(raw, cuts)
    assert matches.total == sum(map(len, files.values()))
    assert matches.files == len(files)
    kept = {file.path: [line.partition(b":")[2].decode() for line in file.lines] for file in matches.kept()}
    assert kept == files
    assert text == fed(raw, [])[1]


@settings(deadline=None)
@given(
    st.dictionaries(st.text("abcd", min_size=1, max_size=3), st.integers(1, 30), max_size=12),
    st.randoms(use_true_random=False),
    st.integers(1, 20),
    st.integers(1, 8),
)
def test_what_is_kept_does_not_depend_on_the_order_of_files(
    counts: dict[str, int], order: object, limit: int, per_file: int
) -> None:
    names = sorted(counts)
    one = fed(
        stream({name: ["x"] * counts[name] for name in names}), [7, 90, 300], limit=limit, per_file=per_file
    )
    order.shuffle(names)  # type: ignore[attr-defined]
    other = fed(stream({name: ["x"] * counts[name] for name in names}), [40], limit=limit, per_file=per_file)
    kept = one[0].kept()
    assert [file[:2] for file in kept] == [file[:2] for file in other[0].kept()]
    assert sum(len(file.lines) for file in kept) <= limit
    assert [file.path for file in kept] == sorted(counts)[: len(kept)]
    if sum(counts.values()) <= limit:
        assert {file.path: len(file.lines) for file in kept} == counts


@pytest.mark.parametrize("size", [1, 3, 64, 1000])
def test_a_line_without_end_in_sight(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(module, "_LONG", 100)
    texts = ["short", "é" * 3_000, "short", "x" * 99, "y" * 5_000]
    raw = stream({"a": texts, "b": ["z" * 300, "z"]})
    matches, text = fed(raw, list(range(0, len(raw), size)))
    assert text == raw.decode().replace("\0", ":")
    assert (matches.total, matches.files) == (7, 2)
    assert [len(file.lines) for file in matches.kept()] == [5, 2]
    assert max(len(line) for file in matches.kept() for line in file.lines) < 2_000


def test_remarks_and_statistics_are_no_matches() -> None:
    remark = b'x.bin: WARNING: stopped searching binary file after match (found "\\0" byte around offset 9)\n'
    statistics = (
        b"\n3 matches\n3 matched lines\n2 files contained matches\n5 files searched\n99 bytes printed\n"
    )
    raw = b"x.bin\x001:a\n" + remark + b"y\x001:b\ny\x002:c\n" + remark + statistics
    for cuts in ([], list(range(0, len(raw), 5))):
        matches, _ = fed(raw, cuts)
        assert (matches.total, matches.files, matches.searched) == (3, 2, 5)
        assert [file.path for file in matches.kept()] == ["x.bin", "y"]
        assert matches.binary == ["x.bin", "x.bin"]
