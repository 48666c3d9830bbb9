"""Sessions and a process that applies events, on one workspace, killed at random moments for real."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator
from pathlib import Path

import msgspec
import pytest

from agent_core.rl.records import Decision, Record, Score, Signal, from_line, split_id
from agent_core.rl.store import log
from agent_core.rl.store.folding import State
from tests.fakes.rl_records import counted, opened, said

EVENTS_EACH = 2500
FROM_ELSEWHERE = 5000
BATCH = 60
ALL_KEPT, FEW_KEPT = 3_000_000, 60_000
"""Sizes of a log file so that everything is kept, and so that most is gone when it ends."""
MOST_KILLS = 30

COMMON = """
import os, sys
from pathlib import Path
from agent_core.rl.store import keeping, log, store
from agent_core.rl.store.store import Store
from agent_core.workspace import Workspace
from tests.fakes.rl_records import decision, history, score, signal
log.ROTATE_AT, keeping.SAVE_EVERY = {rotate}, 0.05
store._PATIENCE_S = 600.0  # so that what was appended is written, however busy the machine is
root, count = Path(sys.argv[1]), int(sys.argv[2])
store = Store(Workspace.open(root))
assert store.open() == (), "nothing is broken by a kill"
def acknowledge(word):
    os.write(1, (str(word) + "\\n").encode())
"""
SESSION = (
    COMMON
    + """
acknowledge("begun")
for number in range(count):
    if number % 3 == 0:
        made = store.append(decision(at=store.now(), first=number % 11, how=number % 7 / 7))
        acknowledge(made.id)
    elif number % 3 == 1:
        acknowledge(store.append(signal(made, "grep", "opened")).id)
    else:
        acknowledge(store.append(score(made, grep="opened", tree="dismissed")).id)
store.close()
"""
)
APPLIER = (
    COMMON
    + """
acknowledge("begun")
records = history("elsewhere", count)
for begin in range(int(sys.argv[3]), count, {batch}):
    store.apply(records[begin : begin + {batch}])
    acknowledge(begin + {batch})
store.close()
"""
)


class Worker:
    """A process that is started again with what is left whenever it was killed."""

    def __init__(self, root: Path, script: str, left: Callable[[list[str]], list[str]]) -> None:
        self.root, self.script, self.left, self.kills = root, script, left, 0
        self.words: list[str] = []
        """What it acknowledged."""
        self.start()

    def start(self) -> None:
        self.out = self.root.with_name(f"out-{id(self)}-{self.kills}")
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", self.script, str(self.root), *self.left(self.words)],
                stdout=out,
                stderr=subprocess.PIPE,
            )

    def begun(self) -> bool:
        return self.out.stat().st_size > 0

    def end(self) -> str:
        """Wait for it; what it said on its way is kept. Returns its complaint, if it was not killed."""
        assert self.process.stderr is not None
        if self.process.stderr.closed:
            return ""
        complaint = self.process.stderr.read().decode()
        code = self.process.wait()
        self.process.stderr.close()
        self.words += self.out.read_text().split("\n")[1:-1]
        return "" if code in (0, -9) else complaint

    def kill(self) -> str:
        """Kill it and begin again, unless it was done."""
        self.process.kill()
        complaint = self.end()
        if self.process.returncode == -9:
            self.kills += 1
            self.start()
        return complaint


def what_a_session_has_left(words: list[str]) -> list[str]:
    return [str(EVENTS_EACH - len(words))]


def what_is_not_applied(words: list[str]) -> list[str]:
    return [str(FROM_ELSEWHERE), words[-1] if words else "0"]


@pytest.fixture(params=[ALL_KEPT, FEW_KEPT])
def workers(tmp_path: Path, request: pytest.FixtureRequest) -> Generator[list[Worker]]:
    root = tmp_path / "root"
    root.mkdir()
    session, applier = (script.format(rotate=request.param, batch=BATCH) for script in (SESSION, APPLIER))
    made = [
        Worker(root, session, what_a_session_has_left),
        Worker(root, session, what_a_session_has_left),
        Worker(root, applier, what_is_not_applied),
    ]
    yield made
    for worker in made:
        worker.process.kill()
        worker.process.wait()


def test_no_kill_loses_what_was_acknowledged_or_counts_anything_twice(
    workers: list[Worker], tmp_path: Path
) -> None:
    root = tmp_path / "root"
    chance = random.Random()
    kills = 0
    while any(worker.process.poll() is None for worker in workers):
        time.sleep(chance.uniform(0.0, 0.15))
        worker = chance.choice(workers)
        if kills < MOST_KILLS and worker.process.poll() is None and worker.begun():
            assert worker.kill() == ""
            kills += 1
    for worker in workers:
        assert worker.end() == ""
    check_counts(root, [word for worker in workers[:2] for word in worker.words])
    if not (root / ".dspy_rl_events.3.jsonl").exists():
        check_against_the_log(root)
    assert sum(worker.kills for worker in workers) > 0


def check_counts(root: Path, acknowledged: list[str]) -> None:
    """Every writer makes a decision, a signal and a score in turn."""
    store = opened(root)
    last = counted(store.state)
    assert last["elsewhere"] == FROM_ELSEWHERE
    assert sum(last.values()) >= 2 * EVENTS_EACH + FROM_ELSEWHERE
    assert all(number <= last[writer] for writer, number in map(split_id, acknowledged))
    assert store.state.decisions == sum((number + 2) // 3 for number in last.values())
    assert store.state.scores == sum(number // 3 for number in last.values())
    assert store.state.knowledge.updates == sum(tool.observed for tool in store.state.tools.values())
    assert store.state.duplicates == 0
    assert store.state.broken <= MOST_KILLS, "each may have torn one line"
    store.close()


def check_against_the_log(root: Path) -> None:
    records = [record for path in files(root) for record in read(path)]
    ids = Counter(record.id for record in records)
    assert max(ids.values()) == 1
    expected = State()
    for record in records:
        assert expected.take(record)
    store = opened(root)
    expected.broken = store.state.broken
    assert said(store.state, root) == said(expected, root)
    assert len(list(store.read(Decision, Signal, Score))) == len(ids)
    store.close()


def files(root: Path) -> list[Path]:
    """Of the log, the oldest first; so few that none is gone."""
    newest = root / log.EVENTS
    rotated = sorted(set(root.glob(".dspy_rl_events*")) - {newest}, reverse=True)
    assert 1 <= len(rotated) < log.KEPT
    return [*rotated, newest]


def read(path: Path) -> list[Record]:
    found: list[Record] = []
    for line in path.read_bytes().splitlines()[1:]:
        try:
            found.append(from_line(line))
        except msgspec.DecodeError:
            continue  # torn by a kill
    return found
