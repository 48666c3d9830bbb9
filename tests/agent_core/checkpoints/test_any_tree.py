"""Whatever lies in a folder and whatever a command does to it: undo and redo give the bytes back."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from agent_core.errors import AgentError
from tests.agent_core.checkpoints.trees import Turns, picture

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Each example writes to the disk, so that making one smaller takes minutes."""
NAMES = st.sampled_from([b"a", b"b", b"A", b"caf\xc3\xa9", b"\xff\xfe", b"x y", b"-n", b"*", b"n\nl"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(b"/".join)
CONTENT = st.one_of(st.binary(max_size=40), st.sampled_from([b"", b"a\r\nb\n", b"same", b"\0" * 60]))
Doings = list[tuple[str, bytes, bytes, bytes]]
DOINGS = st.tuples(
    st.sampled_from(["file", "link", "folder", "remove", "mode", "move", "append"]), PATHS, PATHS, CONTENT
)


def do(root: bytes, doing: tuple[str, bytes, bytes, bytes]) -> None:
    """One thing that a command may do; what the system refuses is left."""
    what, first, second, content = doing
    path, other = os.path.join(root, first), os.path.join(root, second)
    with suppress(OSError):
        {
            "file": lambda: _write(path, content, "wb"),
            "append": lambda: _write(path, content, "ab"),
            "link": lambda: os.symlink(second, path),
            "folder": lambda: os.makedirs(path),
            "remove": lambda: _remove(path),
            "mode": lambda: (
                os.chmod(path, (0o700 if os.path.isdir(path) else 0o600) | (len(content) * 73 & 0o177))
                if not os.path.islink(path)
                else None
            ),
            "move": lambda: os.rename(path, other),
        }[what]()


def _write(path: bytes, content: bytes, mode: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not os.path.islink(path):
        with open(path, mode) as file:
            file.write(content)


def _remove(path: bytes) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def in_a_folder(work: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(work(Path(folder).resolve()))  # pyright: ignore


@settings(max_examples=40, deadline=None, phases=PHASES)
@given(st.lists(DOINGS, max_size=12), st.lists(st.lists(DOINGS, max_size=8), min_size=1, max_size=3))
def test_undo_gives_back_and_redo_does_again(first: Doings, turns_do: list[Doings]) -> None:
    async def work(root: Path) -> None:
        for doing in first:
            do(os.fsencode(root), doing)
        turns = Turns(root)
        pictures = [picture(root)]
        for doings in turns_do:
            async with turns:
                for doing in doings:
                    do(os.fsencode(root), doing)
            now = picture(root)
            assert (turns.changed is not None) == (now != pictures[-1])
            if turns.changed is not None:
                pictures.append(now)
        for earlier in reversed(pictures[:-1]):
            await turns.kept.undo()
            assert picture(root) == earlier
        for later in pictures[1:]:
            await turns.kept.redo()
            assert picture(root) == later

    in_a_folder(work)


@settings(max_examples=30, deadline=None, phases=PHASES)
@given(st.lists(DOINGS, max_size=10), st.lists(DOINGS, max_size=8), st.lists(DOINGS, min_size=1, max_size=5))
def test_what_somebody_else_did_since_is_never_lost(first: Doings, doings: Doings, others: Doings) -> None:
    async def work(root: Path) -> None:
        for doing in first:
            do(os.fsencode(root), doing)
        before = picture(root)
        turns = Turns(root)
        async with turns:
            for doing in doings:
                do(os.fsencode(root), doing)
        after = picture(root)
        for doing in others:
            do(os.fsencode(root), doing)
        now = picture(root)
        if turns.changed is None:
            return
        try:
            await turns.kept.undo(skip_changed=True)
        except AgentError:
            assert picture(root) == now
            return
        ours = {path for path in {*before, *after} if before.get(path) != after.get(path)}
        theirs = {path for path in {*after, *now} if after.get(path) != now.get(path)}
        end = picture(root)
        for path in theirs:
            if now.get(path, ("",))[0] not in ("", "folder"):
                assert end.get(path) == now.get(path)
        for path in {*end, *now} - ours:
            assert end.get(path) == now.get(path) or "folder" in (end.get(path, now.get(path)) or ())

    in_a_folder(work)
