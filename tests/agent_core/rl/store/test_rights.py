"""The files of a workspace that was given to the stack's containers: two users who share what is learnt."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent_core.errors import AgentError, ToolError, WorkspaceError
from agent_core.rl.identity import NotBegun, identity
from agent_core.rl.records import Decision
from agent_core.rl.store import log
from agent_core.rl.store.log import EVENTS
from agent_core.rl.store.rights import SHARED_GROUP, is_guest, may_keep, owners_folder
from agent_core.rl.store.statefile import STATE
from agent_core.rl.store.store import Store
from agent_core.workspace import Workspace
from tests.fakes.rl_records import decision, history, opened

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may act for other users")
OWNER, GUEST = 4711, 10001


@contextmanager
def acting(user: int, group: int) -> Generator[None]:
    """Be somebody else, without root's rights."""
    before, mask = os.getgroups(), os.umask(0o022)
    os.setgroups([])
    os.setegid(group)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)
        os.umask(mask)


@pytest.fixture
def root() -> Iterator[Path]:
    """A workspace of the owner's, after scripts/fix_workspace_perms.sh."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # which others may enter
    opened(folder).close()  # whatever is imported late is imported now
    shutil.rmtree(folder / ".dspy_tui")
    os.chown(folder, OWNER, SHARED_GROUP)
    folder.chmod(0o2775)
    yield folder
    shutil.rmtree(folder)


def modes(root: Path) -> dict[str, tuple[int, int, int]]:
    """Owner, group and rights of the files of learning."""
    found = {path.name: path.stat() for path in root.glob(".dspy_rl_*")}
    return {name: (one.st_uid, one.st_gid, stat.S_IMODE(one.st_mode)) for name, one in found.items()}


def test_what_a_guest_brings_is_the_owners(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "ROTATE_AT", 15_000)
    with acting(OWNER, OWNER):
        assert not is_guest(Workspace.open(root)) and may_keep(root)
        mine = opened(root)
        mine.append(decision(at=mine.now()))
        mine.save()
        name = identity(Workspace.open(root))
    shared = (OWNER, SHARED_GROUP, 0o660)
    assert modes(root) == {EVENTS: shared, STATE: shared}, "nobody else may read them"

    with acting(GUEST, GUEST):
        assert is_guest(Workspace.open(root)) and may_keep(root)
        assert identity(Workspace.open(root)) == name
        guest = opened(root)
        assert guest.apply(history("far", 90)) == 90
        guest.settle()
        guest.save()
        with pytest.raises(ToolError, match="its owner can"):
            guest.reset()
    assert modes(root) == {EVENTS: shared, STATE: shared}, "a guest makes no file, however long they grow"

    with acting(OWNER, OWNER):
        assert mine.sync() and mine.state.decisions == 31
        mine.append(decision(at=mine.now()))
        mine.save()
        assert set(modes(root).values()) == {shared} and len(modes(root)) == 3, "rotated"
        mine.close()
    with acting(GUEST, GUEST):
        assert guest.apply(history("far", 96)) == 6
        assert guest.state.decisions == 34
        assert len(list(guest.read(Decision))) == 34
        guest.close()
        again = opened(root)
        assert again.apply(history("far", 96)) == 0
        again.close()
    with acting(OWNER, OWNER):
        opened(root).reset()


def test_a_guest_begins_nothing(root: Path) -> None:
    with acting(GUEST, GUEST):
        with pytest.raises(NotBegun, match="Nothing is shared"):
            identity(Workspace.open(root))
        guest = Store(Workspace.open(root))
        guest.open()
        with pytest.raises((AgentError, OSError)):
            guest.apply(history("far", 3))
        guest.close()
    assert not modes(root)


def test_who_keeps_its_state_elsewhere_is_a_guest_everywhere(root: Path, tmp_path: Path) -> None:
    root.chmod(0o777)
    container = Workspace(root, tmp_path)
    with acting(GUEST, GUEST):
        assert is_guest(container) and not is_guest(container.own)
        with pytest.raises(NotBegun):
            identity(container)
        with pytest.raises(WorkspaceError, match="owner's to change"):
            owners_folder(container, "skills")
        Store(container).open()
    assert not list(root.iterdir())
    with acting(OWNER, OWNER):
        assert not is_guest(container) and identity(container) == identity(container.own)
        assert owners_folder(container, "skills") == root / ".dspy_tui" / "skills"


def test_a_broken_state_is_its_owners_to_keep_aside(root: Path) -> None:
    with acting(OWNER, OWNER):
        mine = opened(root)
        mine.apply(history("a", 9))
        mine.close()
        (root / STATE).write_text("broken")
    with acting(GUEST, GUEST):
        guest = opened(root)
        assert guest.apply(history("far", 3)) == 3 and guest.state.decisions == 4
        guest.settle()
        guest.close()
    assert (root / STATE).read_text() == "broken"


def test_elsewhere_they_are_the_owners_alone(root: Path) -> None:
    root.chmod(0o777)
    with acting(OWNER, OWNER):
        mine = opened(root)
        mine.apply(history("a", 9))
        mine.close()
    assert {each[2] for each in modes(root).values()} == {0o600}
    with acting(GUEST, GUEST):
        assert not may_keep(root)
