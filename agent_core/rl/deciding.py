"""What runs in the thread of learning: the store, the policy, and the numbers that both work with.

Nothing here knows the event loop; all of it is called from one thread, see `thread.py`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from agent_core.rl.api import NO_EVIDENCE, Overview, Part, Suggestion, Surface
from agent_core.rl.bandit.choose import make_policy
from agent_core.rl.commands import command_of, place_of
from agent_core.rl.config import RlConfig, load_rl_config
from agent_core.rl.credit import score_of
from agent_core.rl.features import extract
from agent_core.rl.overview import overview
from agent_core.rl.policy import Policy
from agent_core.rl.records import Decision, Record, Score, Signal
from agent_core.rl.situation import Situation
from agent_core.rl.store.folding import Unscored
from agent_core.rl.store.store import Store
from agent_core.workspace import Workspace

_REASONS = 8


class Made(NamedTuple):
    """A decision that is not recorded yet, its suggestions, and what the order rests on.

    The decision's id names it in this run; it gets its own when it is recorded.
    """

    decision: Decision
    items: tuple[Suggestion, ...]
    evidence: str


class Decider:
    """Opens what was learnt in a workspace, decides, and records.

    Args:
        workspace: Whose.
        seed: Names this run; orders are drawn from it and the number of the situation, so that ranking anew
            in the same situation changes the order only as far as the policy changed.
        hand_over: Given every record of this program's own, once it is written.
    """

    def __init__(self, workspace: Workspace, seed: str, hand_over: Callable[[Record], None]) -> None:
        self._workspace = workspace
        self._seed = seed
        self._store = Store(workspace, hand_over=hand_over)
        self._config = RlConfig()
        self._made = 0
        self._recorded: dict[str, tuple[str, float]] = {}
        """Of recorded decisions id and time, by that id and by the names that they had before."""

    def open(self) -> tuple[str, ...]:
        """Read state and configuration, and score what killed programs left; returns warnings."""
        self._config, warnings = load_rl_config(self._workspace.root)
        warnings = (*warnings, *self._store.open())
        self._store.recover(score_left)
        return warnings

    def decide(self, situation: Situation, allowed: Sequence[str], surface: Surface, number: int) -> Made:
        """Order the allowed tools in the situation of this number; nothing is recorded yet."""
        self._store.sync()
        state = self._store.state
        policy = self._policy()
        features = extract(situation)
        ranking = policy.rank(features, allowed, random.Random(f"{self._seed} {surface} {number}"))
        self._made += 1
        decision = Decision(
            id=f"made-{self._made}",
            at=self._store.now(),
            surface=surface,
            features=features,
            allowed=tuple(allowed),
            shown=ranking.tools,
            propensities=ranking.propensities,
            policy=policy.name,
            error=ranking.error,
            updates=state.scores,
        )
        likeliest = max(ranking.first, default=0.0)
        place = place_of(situation.asked, self._workspace)
        items: list[Suggestion] = []
        for tool, probability in zip(ranking.tools, ranking.first, strict=True):
            item = Suggestion(tool, *command_of(tool, situation.asked, place))
            if state.is_informed:
                reasons = policy.reasons(features, tool)
                item = msgspec.structs.replace(
                    item,
                    probability=probability,
                    value=sum(reason.weight for reason in reasons),
                    reasons=reasons[:_REASONS],
                    trial=not items and probability < likeliest,
                )
            items.append(item)
        return Made(decision, tuple(items), self._evidence())

    def _policy(self) -> Policy:
        return make_policy(self._config, self._store.state.knowledge)

    def _evidence(self) -> str:
        state = self._store.state
        said = f"{state.scores:,} scored" if state.is_informed else NO_EVIDENCE
        return f"{said}, frozen" if state.frozen else said

    def write(self, records: Sequence[Decision | Signal | Score]) -> None:
        """Record and learn, in this order."""
        for record in records:
            if isinstance(record, Decision):
                self.record(record)
                continue
            decision, at = self._recorded[record.decision]
            if isinstance(record, Signal):
                self._store.append(msgspec.structs.replace(record, decision=decision))
            else:
                del self._recorded[record.decision]
                learn = not self._store.state.frozen
                score = msgspec.structs.replace(record, decision=decision, decided_at=at, learn=learn)
                self._store.append(score)

    def record(self, decision: Decision) -> Decision:
        """Record a decision that is shown now; returns it as it was written, by whose id it is known then."""
        written = self._store.append(msgspec.structs.replace(decision, id=""))
        self._recorded[decision.id] = self._recorded[written.id] = written.id, written.at
        return written

    def news(self) -> tuple[str, ...]:
        """What is wrong with the files, each once."""
        return self._store.news()

    def freeze(self, frozen: bool) -> None:
        """Stop learning, or go on."""
        self._store.freeze(frozen)

    def reset(self) -> Path:
        """Forget what was learnt; returns the backup."""
        return self._store.reset()

    def export(self, path: str, *, replace: bool) -> Path:
        """Write every record that is kept to a file in the workspace, oldest first."""
        return self._store.export(path, replace=replace)

    def overview(self) -> Overview:
        """How learning stands."""
        self._store.sync()
        return overview(self._store, self._policy().name)

    def close(self) -> None:
        """Save and let go."""
        self._store.close()


def score_left(left: Unscored) -> Score:
    """The score of a decision whose program was killed, from what had been done with it."""
    parts: dict[str, dict[Part, float]] = {}
    for signal in left.signals:
        parts.setdefault(signal.tool, {})[signal.part] = 1.0
    return score_of(left.decision, parts)
