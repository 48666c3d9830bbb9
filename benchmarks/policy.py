"""What suggesting costs while somebody waits for it: deciding, learning, and opening what was learnt.

    python -m benchmarks.policy [--events N]

Sessions in a folder of their own make N events through the store: decisions of the policy, what was done with
them, and scores. `decide_p99_ms` is the time from a situation to an order of all tools with its propensities,
on what was learnt from them; `update_p99_ms` that of one score written to the log and learnt. `…_cpu_…` is
the same in this program's processor time alone: on a busy machine the difference is what others took.
`state_kb` is the size of the state file, `open_ms` the time to open it with its log. `tail` is the same with
some hundred events that the state lacks, `full` with as many writers and unscored decisions as a state ever
remembers.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from agent_core.index.api import IndexStatus
from agent_core.rl.api import PARTS, SAFE_TOOLS, Part
from agent_core.rl.bandit.choose import make_policy
from agent_core.rl.config import RlConfig
from agent_core.rl.credit import score_of
from agent_core.rl.features import extract
from agent_core.rl.policy import Policy
from agent_core.rl.records import Decision, Signal
from agent_core.rl.situation import Situation
from agent_core.rl.store import folding, statefile
from agent_core.rl.store.store import Store
from agent_core.workspace import Workspace
from benchmarks.common import report

LIMITS = (
    ("decide_p99_ms", "<=", 1.0),
    ("update_p99_ms", "<=", 2.0),
    ("state_kb", "<=", 1000.0),
    ("open_ms", "<=", 50.0),
)
EVENTS_OF_A_SESSION = 320
SAMPLES = 3000
TAIL = 300
QUESTIONS = (
    "",
    "where is parse_header defined",
    "who calls Client.send and why does it retry in src/client.py",
    "why does the server time out in production since the last deployment",
    "add a test for the reader of the configuration that covers broken files",
    "explain how the index is kept on disk",
    'which code prints "connection refused"',
    "fix the failing build",
    "what is the structure of this project",
)


def situation(chance: random.Random) -> Situation:
    return Situation(
        asked=chance.choice(QUESTIONS),
        mentions=chance.randrange(2),
        wants_change=chance.random() < 0.3,
        acting=chance.random() < 0.5,
        failed=chance.random() < 0.2,
        cited=chance.randrange(7),
        recent=tuple(chance.sample(SAFE_TOOLS, 3)),
        log_errors=chance.choice((None, 0, 3, 900)),
        log_new=chance.choice((None, 0, 5)),
        index=IndexStatus(
            files=300, chunks=2000, embedded=chance.randrange(2000), behind=chance.randrange(40)
        ),
        changed=chance.choice((None, 0, 4)),
    )


class Times:
    """What calls took, in milliseconds: for whoever waits, and of this thread's processor time."""

    def __init__(self) -> None:
        self.waited: list[float] = []
        self.worked: list[float] = []

    def measure(self, do: Callable[[], object]) -> None:
        worked, waited = time.thread_time(), time.perf_counter()
        do()
        self.waited.append((time.perf_counter() - waited) * 1000)
        self.worked.append((time.thread_time() - worked) * 1000)


class Session:
    """One session's store, and somebody who takes up what the policy suggests, now and then."""

    def __init__(self, root: Path, chance: random.Random) -> None:
        self.chance, self.store = chance, Store(Workspace.open(root))
        self.store.open()
        self.times = Times()
        """What each score took to be written and learnt."""

    @property
    def policy(self) -> Policy:
        return make_policy(RlConfig(), self.store.state.knowledge)

    def decide(self) -> Decision:
        features = extract(situation(self.chance))
        ranking = self.policy.rank(features, SAFE_TOOLS, self.chance)
        made = Decision(
            id="",
            at=0.0,
            surface="pane",
            features=features,
            allowed=SAFE_TOOLS,
            shown=ranking.tools,
            propensities=ranking.propensities,
            policy="thompson",
            error=ranking.error,
            updates=self.store.state.scores,
        )
        return self.store.append(made)

    def go_on(self) -> int:
        """One decision with all that comes of it; how many events these are."""
        made = self.decide()
        parts: dict[str, dict[Part, float]] = {}
        for _ in range(self.chance.randrange(3)):
            tool = made.shown[min(self.chance.randrange(4), self.chance.randrange(11))]
            part = self.chance.choice(list(PARTS))
            parts.setdefault(tool, {})[part] = 1.0
            self.store.append(Signal(id="", at=0.0, decision=made.id, tool=tool, part=part))
        signals = sum(map(len, parts.values()))
        score = score_of(made, parts)
        self.times.measure(lambda: self.store.append(score))
        return 2 + signals


def make(root: Path, events: int, chance: random.Random) -> None:
    """A history of that many events by sessions one after the other."""
    made = 0
    while made < events:
        session = Session(root, chance)
        of_this = 0
        while of_this < EVENTS_OF_A_SESSION and made + of_this < events:
            of_this += session.go_on()
        made += of_this
        session.store.close()


def opening(root: Path) -> float:
    """Milliseconds to open what lies there, the median of several."""
    spent = Times()
    for _ in range(15):
        store = Store(Workspace.open(root))
        spent.measure(store.open)
        store.close()
    return statistics.median(spent.waited)


def with_a_tail(root: Path, chance: random.Random) -> float:
    """The same where a session was killed before it wrote the state."""
    before = (root / statefile.STATE).read_bytes()
    spent = Times()
    session = Session(root, chance)
    for _ in range(TAIL // 3):
        session.go_on()
    session.store.close()
    for _ in range(5):
        (root / statefile.STATE).write_bytes(before)
        store = Store(Workspace.open(root))
        spent.measure(store.open)
    return statistics.median(spent.waited)


def fill(root: Path, chance: random.Random) -> None:
    """Let the state remember as much as it ever does."""
    session = Session(root, chance)
    features = extract(situation(chance))
    shared = {"features": features, "allowed": SAFE_TOOLS, "shown": SAFE_TOOLS, "policy": "thompson"}
    odds = tuple(1 / (len(SAFE_TOOLS) - place) for place in range(len(SAFE_TOOLS)))
    session.store.apply(
        Decision(id=f"{chance.randbytes(6).hex()}:1", at=1e9, surface="pane", propensities=odds, **shared)
        for _ in range(folding.MOST_WRITERS)
    )
    session.store.close()


def p99(times: list[float]) -> float:
    return sorted(times)[int(0.99 * (len(times) - 1))]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=100_000, help="how many are made (default: 100,000)")
    events = parser.parse_args().events
    chance = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        began = time.perf_counter()
        make(root, events, chance)
        made_in = time.perf_counter() - began
        state_kb = (root / statefile.STATE).stat().st_size / 1000
        open_ms = opening(root)
        session = Session(root, chance)
        while len(session.times.waited) < SAMPLES:
            session.go_on()
        policy = session.policy
        situations = iter([situation(chance) for _ in range(SAMPLES)])
        deciding, updating = Times(), session.times
        for _ in range(SAMPLES):
            deciding.measure(lambda: policy.rank(extract(next(situations)), SAFE_TOOLS, chance))
        session.store.close()
        tail_ms = with_a_tail(root, chance)
        fill(root, chance)
        figures = {
            "decide_p99_ms": p99(deciding.waited),
            "update_p99_ms": p99(updating.waited),
            "state_kb": state_kb,
            "open_ms": open_ms,
            "decide_median_ms": statistics.median(deciding.waited),
            "decide_cpu_p99_ms": p99(deciding.worked),
            "update_median_ms": statistics.median(updating.waited),
            "update_cpu_p99_ms": p99(updating.worked),
            "open_tail_ms": tail_ms,
            "state_full_kb": (root / statefile.STATE).stat().st_size / 1000,
            "open_full_ms": opening(root),
        }
    return 0 if report("policy", figures, LIMITS, events=events, made_in_s=made_in) else 1


if __name__ == "__main__":
    sys.exit(main())
