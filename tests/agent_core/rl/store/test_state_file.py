from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent_core.rl.api import HIGHEST, LOWEST
from agent_core.rl.knowledge import Knowledge
from agent_core.rl.store import statefile
from agent_core.rl.store.statefile import STATE
from agent_core.rl.store.store import Store
from agent_core.workspace import Workspace
from tests.fakes.rl_records import history, opened, said


def learnt(root: Path) -> tuple[dict[str, Any], bytes]:
    """Some history in a workspace: what its state says, and its file."""
    store = opened(root)
    store.apply(history("a", 90))
    store.close()
    return said(store.state, root), (root / STATE).read_bytes()


def reopened(root: Path) -> tuple[Store, tuple[str, ...]]:
    store = Store(Workspace.open(root))
    return store, store.open()


def test_the_file_is_for_people_first_and_for_nobody_else(tmp_path: Path) -> None:
    _, content = learnt(tmp_path)
    plain = msgspec.json.decode(content)
    assert list(plain)[:5] == ["schema", "saved", "decisions", "scores", "frozen"]
    assert list(plain).index("tools") < list(plain).index("knowledge")
    assert plain["tools"]["codectx"]["mean"] == pytest.approx(
        plain["tools"]["codectx"]["total"] / plain["tools"]["codectx"]["observed"]
    )
    assert content.count(b"\n") > 100
    for name in (STATE, ".dspy_rl_events.jsonl"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("lost", ["cut", "flipped", "foreign"])
def test_what_is_broken_is_kept_aside_and_made_anew_from_the_events(lost: str, tmp_path: Path) -> None:
    whole, content = learnt(tmp_path)
    at = content.index(b'"products": "') + 40
    broken = {
        "cut": content[: len(content) // 2],
        "flipped": content[:at] + b"!" + content[at + 1 :],
        "foreign": b'{"schema": "of somebody else"}',
    }[lost]
    (tmp_path / STATE).write_bytes(broken)
    store, warnings = reopened(tmp_path)
    aside = list(tmp_path.glob(f"{STATE}.bad-*"))
    assert [path.read_bytes() for path in aside] == [broken]
    assert len(warnings) == 1
    assert aside[0].name in warnings[0]
    assert said(store.state, tmp_path) == whole
    store.close()
    assert opened(tmp_path).state.decisions == whole["decisions"]


def test_a_file_that_was_cut_anywhere_is_never_taken_for_whole(tmp_path: Path) -> None:
    whole, content = learnt(tmp_path)
    path = tmp_path / "cut.json"
    edge = len(content) - 300
    for length in (*range(300), *range(300, edge, 197), *range(edge, len(content) - 2)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError):
            statefile.read(path)
    path.write_bytes(content[:-1])  # without the last line's end it is whole
    state = statefile.read(path).state
    assert state is not None
    assert said(state, tmp_path) == whole


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 4096, b"\xff\xfe", b"[]", b"null", b"3", b"[" * 9999, b'{"schema":1}', b'{"schema":true}',
     b'{"schema":1e99}', b'{"values":[1],"counts":[1]}', b'{"tools":["ctx"],"values":[1,2],"counts":[1]}',
     b'{"tools":["ctx"],"values":["x"],"counts":[1]}'],
)  # fmt: skip
def test_anything_else_is_kept_aside(content: bytes, tmp_path: Path) -> None:
    (tmp_path / STATE).write_bytes(content)
    store, warnings = reopened(tmp_path)
    assert [path.read_bytes() for path in tmp_path.glob(f"{STATE}.bad-*")] == [content]
    assert len(warnings) == 1
    assert store.apply(history("a", 3)) == 3
    store.close()
    assert opened(tmp_path).state.scores == 1


def test_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    newer = b'{"schema": 2, "more": [1, 2]}'
    (tmp_path / STATE).write_bytes(newer)
    store, warnings = reopened(tmp_path)
    assert len(warnings) == 1
    assert "newer version (2)" in warnings[0]
    assert "in memory" in warnings[0]
    assert store.trouble
    for record in history("a", 3):
        store.append(msgspec.structs.replace(record, id=""))  # pyright: ignore[reportArgumentType]
    assert store.state.decisions == 1
    store.close()
    assert (tmp_path / STATE).read_bytes() == newer
    assert sorted(path.name for path in tmp_path.iterdir()) == [STATE, ".dspy_tui"]


def link(path: Path) -> None:
    (path.parent / "elsewhere").write_text("{}")
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    ("make", "words"), [(os.mkfifo, "a named pipe"), (os.mkdir, "a folder"), (link, "a symbolic link")]
)
def test_what_is_no_file_is_neither_followed_nor_replaced(
    make: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    make(tmp_path / STATE)
    before = (tmp_path / STATE).lstat()
    store, warnings = reopened(tmp_path)
    assert len(warnings) == 1
    assert words in warnings[0]
    store.freeze(True)
    assert store.state.frozen
    store.close()
    after = (tmp_path / STATE).lstat()
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (
        before.st_ino, before.st_mode, before.st_mtime_ns,
    )  # fmt: skip
    if (tmp_path / "elsewhere").exists():
        assert (tmp_path / "elsewhere").read_text() == "{}"


LISTS = b'{"policy":"ucb","tools":["context","grep","rm"],"values":[0.4,0.25,0.9],"counts":[10,4,7]}'
BY_NAME = b'{"policy":"ucb","tools":["ctx"],"values":{"ctx":0.4,"grep":0.25},"counts":{"ctx":10,"grep":4}}'


@pytest.mark.parametrize("older", [LISTS, BY_NAME])
def test_an_older_file_is_taken_over_and_kept(older: bytes, tmp_path: Path) -> None:
    (tmp_path / STATE).write_bytes(older)
    store, warnings = reopened(tmp_path)
    expected = Knowledge.fresh()
    expected.absorb_counts("ctx", 10, 0.4)
    expected.absorb_counts("grep", 4, 0.25)
    assert store.state.knowledge.to_plain() == expected.to_plain()
    counted = {tool: (count.observed, count.mean) for tool, count in store.state.tools.items()}
    assert counted == {"ctx": (10, 0.4), "grep": (4, 0.25)}
    assert store.state.scores == 0
    backups = list(tmp_path.glob(f"{STATE}.backup-*"))
    assert [path.read_bytes() for path in backups] == [older]
    assert stat.S_IMODE(backups[0].stat().st_mode) == 0o600
    assert len(warnings) == 1
    assert "older version" in warnings[0]
    store.close()
    again = opened(tmp_path)
    assert again.state.knowledge.to_plain() == expected.to_plain()
    assert list(tmp_path.glob(f"{STATE}.backup-*")) == backups


def test_numbers_of_an_older_file_are_brought_to_what_can_be(tmp_path: Path) -> None:
    older = b'{"tools":["ctx","grep","ls"],"values":[-5,1e308,0.1],"counts":[1e300,1,-1]}'
    (tmp_path / STATE).write_bytes(older)
    store, _ = reopened(tmp_path)
    counted = {tool: (count.observed, count.mean) for tool, count in store.state.tools.items()}
    assert counted == {"ctx": (10**9, LOWEST), "grep": (1, HIGHEST)}
    store.close()
    assert reopened(tmp_path)[1] == (), "it can be read again"


def test_an_older_file_of_uneven_lists_is_kept_aside(tmp_path: Path) -> None:
    (tmp_path / STATE).write_bytes(b'{"tools":["ctx","grep"],"values":[0.5],"counts":[1,2]}')
    _, (warning,) = reopened(tmp_path)
    assert "2 tools and 1 values" in warning


def test_an_older_file_beside_events_learns_from_them_too(tmp_path: Path) -> None:
    learnt(tmp_path)
    (tmp_path / STATE).write_bytes(LISTS)
    store, _ = reopened(tmp_path)
    assert store.state.scores == 30
    assert store.state.knowledge.pulls("ctx")[0] > opened(tmp_path).state.knowledge.pulls("plan")[0]
