"""Hunks: all of them are the change, none of them is none, and git agrees with the patch."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.changes.hunks import choose, counts, hunks, spans, unified
from agent_core.changes.model import Chosen, FileChange
from tests.agent_core.changes.strategies import changes

TEXT = b"".join(b"line %d\n" % number for number in range(1, 41))


def changed(*numbers: int) -> FileChange:
    after = TEXT
    for number in numbers:
        after = after.replace(b"line %d\n" % number, b"new %d\n" % number)
    return FileChange(path="a.txt", before=TEXT, after=after)


def test_lines_far_apart_are_two_hunks_with_context_and_numbers() -> None:
    first, second = hunks(changed(5, 30))
    assert (first.number, first.header) == (0, "@@ -2,7 +2,7 @@")
    assert (second.number, second.header) == (1, "@@ -27,7 +27,7 @@")
    assert [(line.side, line.text, line.old, line.new) for line in first.lines[2:5]] == [
        (" ", "line 4", 4, 4), ("-", "line 5", 5, 0), ("+", "new 5", 0, 5),
    ]  # fmt: skip


def test_lines_close_together_are_one_hunk() -> None:
    assert len(hunks(changed(5, 11))) == 1
    assert len(hunks(changed(5, 13))) == 2


def test_one_of_two_hunks() -> None:
    (kept,) = choose([changed(5, 30)], Chosen(rejected={"a.txt": (0,)}))
    assert kept.after == changed(30).after


def test_files_left_out_and_edited() -> None:
    crlf = FileChange(path="b.txt", before=b"a\r\nb\r\n", after=b"a\r\nc\r\n")
    kept = choose([changed(5), crlf], Chosen(left_out=("a.txt",), edited={"b.txt": "a\nd\n"}))
    assert [(change.path, change.after) for change in kept] == [("b.txt", b"a\r\nd\r\n")]
    assert choose([crlf], Chosen(edited={"b.txt": "a\nb\n"})) == ()


@given(changes())
def test_everything_or_nothing_chosen(change: FileChange) -> None:
    everything = choose([change], Chosen())
    assert [kept.after for kept in everything] == ([] if change.before == change.after else [change.after])
    numbers = tuple(hunk.number for hunk in hunks(change))
    if numbers:
        assert choose([change], Chosen(rejected={change.path: numbers})) == ()


@given(changes(), st.data())
def test_what_is_kept_and_what_is_rejected_make_up_the_change(
    change: FileChange, data: st.DataObject
) -> None:
    numbers = [hunk.number for hunk in hunks(change)]
    rejected = tuple(data.draw(st.sets(st.sampled_from(numbers)))) if numbers else ()
    if change.before is None or change.after is None:
        return
    kept = choose([change], Chosen(rejected={change.path: rejected}))
    after = kept[0].after if kept else change.before
    sides = {line.text for hunk in hunks(change) for line in hunk.lines if line.side == "+"}
    known = {*change.before.decode().split("\n"), *sides}
    assert after is not None and set(after.decode().split("\n")) <= known | {""}
    if after != change.before and len(rejected) < len(numbers):
        rest = FileChange(path=change.path, before=after, after=change.after)
        assert sum(counts(rest)) <= sum(counts(change)) + 2


@settings(deadline=None, max_examples=60)
@given(changes())
def test_git_applies_the_patch(change: FileChange) -> None:
    patch = unified(change)
    if change.before == change.after:
        assert patch == ""
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / change.path
        if change.before is not None:
            file.parent.mkdir()
            file.write_bytes(change.before)
        subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "-"],
            cwd=folder,
            input=patch.encode("utf-8", "surrogateescape"),
            check=True,
        )
        assert (file.read_bytes() if file.exists() else None) == change.after


def test_bytes_that_are_no_text_survive_a_patch_and_binary_files_are_named() -> None:
    latin = FileChange(path="l.txt", before=b"caf\xe9\n", after=b"caf\xe9 noir\n")
    assert "+caf\udce9 noir" in unified(latin)
    binary = FileChange(path="b.bin", before=b"\0a", after=b"\0b")
    assert unified(binary).endswith("Binary files a/b.bin and b/b.bin differ\n")
    assert hunks(binary) == () and counts(binary) == (0, 0)
    assert choose([binary], Chosen(rejected={"b.bin": (0,)})) == (binary,)


def test_spans_name_the_words_that_changed() -> None:
    assert spans("x = one(2)", "x = two(2)") == (((4, 7),), ((4, 7),))
    assert spans("something", "entirely = different(1)") == ((), ())
