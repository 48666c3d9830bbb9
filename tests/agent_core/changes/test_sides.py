"""What is shown of a change has the hunks that the change has."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.changes.hunks import choose, hunks
from agent_core.changes.model import Chosen, FileChange
from agent_core.changes.sides import sides
from agent_core.errors import ChangeRefused

LINES = st.lists(st.sampled_from([b"a", b"\xc3\xa9", b"\xe9", b"", b"x\r", b"\ttab"]), max_size=12)


def numbered(change: FileChange) -> list[tuple[int, int, int, int]]:
    return [(h.old_start, h.old_size, h.new_start, h.new_size) for h in hunks(change)]


def again(change: FileChange) -> FileChange:
    """The change as whoever shows it makes it of the texts."""
    before, after, _ = sides(change)
    return FileChange(
        path=change.path,
        before=None if before is None else before.encode(),
        after=None if after is None else after.encode(),
    )


@given(LINES, LINES, st.sampled_from([b"\n", b"\r\n"]), st.booleans(), st.booleans())
def test_hunks_of_the_texts_are_those_of_the_bytes(
    old: list[bytes], new: list[bytes], end: bytes, ended: bool, marked: bool
) -> None:
    mark = codecs.BOM_UTF8 if marked else b""
    change = FileChange(path="f", before=mark + end.join(old) + end * ended, after=mark + end.join(new) + end)
    assert numbered(again(change)) == numbered(change)
    assert not sides(change).whole


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (None, b"new\r\n", (None, "new\r\n", False)),
        (b"\xef\xbb\xbfa\n", None, ("a\n", None, False)),
        (b"\xef\xbb\xbfa\n", b"a\n", ("\ufeffa\n", "a\n", False)),
        ("ä\n".encode("utf-16"), "ö\n".encode("utf-16"), ("ä\n", "ö\n", True)),
        (b"\0\xff", b"\0", ("\0\ufffd", "\0", True)),
        (b"", b"", ("", "", False)),
    ],
)
def test_sides(before: bytes | None, after: bytes | None, shown: tuple[str | None, str | None, bool]) -> None:
    assert sides(FileChange(path="f", before=before, after=after)) == shown


def test_a_letter_that_a_file_cannot_hold_is_refused() -> None:
    change = FileChange(path="old.txt", before=b"caf\xe9\n", after=b"caf\xe9s\n")
    shown = sides(change).after
    assert shown == "cafés\n"
    assert choose([change], Chosen(edited={"old.txt": "né\n"}))[0].after == b"n\xe9\n"
    with pytest.raises(ChangeRefused, match=r"old\.txt is not UTF-8, so that '→'"):
        choose([change], Chosen(edited={"old.txt": "→\n"}))
