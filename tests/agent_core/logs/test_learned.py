"""Wordings that sessions learn: one after another, at once, killed in between."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from agent_core.config import Settings
from agent_core.logs.learned import Learned
from agent_core.logs.mining.miner import VERSION, Miner
from agent_core.masking import log_masker

NAMES = ("anna", "ben", "cleo", "dora", "emil", "fritz", "gerd", "hanna")
LATER = ("ida", "jan")


def said(names: Iterable[str]) -> list[str]:
    return [f"basket of {name} was left at the gate" for name in names]


def session(path: Path, messages: list[str]) -> list[str]:
    """A session that mines some messages and keeps what it learned; their templates."""
    learned = Learned(path, mask=log_masker(Settings()))
    miner = learned.begin()
    told = mined(miner, messages)
    learned.add(miner)
    return told


def mined(miner: Miner, messages: list[str]) -> list[str]:
    shapes = miner.mine(messages)
    miner.settle()
    return [miner.template(number) for number in miner.resolve(shapes).tolist()]


def test_a_wording_stays_the_same_from_one_session_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "wordings"
    assert set(mined(Miner(), said(LATER))) == set(said(LATER))
    first = session(path, said(NAMES))
    assert set(first) == {"basket of <*> was left at the gate"}
    assert set(session(path, said(LATER))) == set(first)
    assert (path.stat().st_mode & 0o777) == 0o600


def test_two_sessions_at_once_learn_what_one_alone_would_have(tmp_path: Path) -> None:
    learned = Learned(tmp_path / "wordings", mask=str)
    one, two = learned.begin(), learned.begin()
    one.mine(said(NAMES[:4]))
    two.mine(said(NAMES[4:]))
    for miner in (one, two, one):
        learned.add(miner)
    alone = Miner()
    alone.mine(said(NAMES))
    assert learned.begin().dump() == alone.dump()
    assert set(mined(learned.begin(), said(LATER))) == {"basket of <*> was left at the gate"}


def test_nothing_is_written_where_nothing_was_learned(tmp_path: Path) -> None:
    path = tmp_path / "wordings"
    learned = Learned(path, mask=str)
    learned.add(learned.begin())
    assert not path.exists()


@pytest.mark.parametrize(
    "state", [b"", b"\xc1", b"\x91" * 100_000, msgspec.msgpack.encode({"version": VERSION - 1, "shapes": []})]
)
def test_a_state_that_is_broken_or_old_is_kept_aside(tmp_path: Path, state: bytes) -> None:
    path = tmp_path / "wordings"
    path.write_bytes(state)
    session(path, said(NAMES))
    (aside,) = tmp_path.glob("wordings.bad-*")
    assert aside.read_bytes() == state
    assert set(session(path, said(LATER))) == {"basket of <*> was left at the gate"}


def test_secrets_are_not_written(tmp_path: Path) -> None:
    path = tmp_path / "wordings"
    session(path, ["login of eve with password=opensesame failed"])
    assert b"login of eve" in path.read_bytes()
    assert b"sesame" not in path.read_bytes()


_LEARNS = """
import sys
from pathlib import Path
from agent_core.logs.learned import Learned
learned = Learned(Path(sys.argv[1]), mask=str)
miner = learned.begin()
for number in range(10**9):
    word = "".join(chr(97 + int(digit)) for digit in str(number))
    miner.mine([f"{sys.argv[2]} says {word} and {other}" for other in ("this", "that")])
    learned.add(miner)
    print(number, flush=True)
"""


def test_a_session_that_is_killed_leaves_what_was_learned(tmp_path: Path) -> None:
    path = tmp_path / "wordings"
    sessions = [
        subprocess.Popen([sys.executable, "-c", _LEARNS, str(path), name], stdout=subprocess.PIPE)
        for name in ("one", "two")
    ]
    told = [0, 0]
    for place, process in enumerate(sessions):
        assert process.stdout is not None
        while told[place] < 5:
            told[place] = int(process.stdout.readline())
        time.sleep(0.05 * place)
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        told[place] = int(rest.split()[-1]) if rest.split() else told[place]
    dump = path.read_bytes()
    assert Miner.load(dump).dump() == dump
    shapes = msgspec.msgpack.decode(dump)["shapes"]
    for name, last in zip(("one", "two"), told, strict=True):
        counted = sum(count for text, count in shapes if text.startswith(name))
        assert 2 * (last + 1) <= counted <= 2 * (last + 2)
    assert not list(tmp_path.glob("*.bad-*"))
    assert set(session(path, said(NAMES))) == {"basket of <*> was left at the gate"}
