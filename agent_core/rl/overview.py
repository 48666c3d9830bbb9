"""How learning stands, for people: from the state and the scores that are kept."""

from __future__ import annotations

from collections import deque

from agent_core.rl.api import SAFE_TOOLS, Overview, Scored, ToolRecord
from agent_core.rl.records import Control, Score, reward_of_first
from agent_core.rl.store.folding import ToolCount
from agent_core.rl.store.store import Store

_RECENT = 50
_POINTS = 5000
"""How many decisions, and how many rewards, are told of."""


def overview(store: Store, policy: str) -> Overview:
    """What a store knows, under the policy of this name. Raises as `Store.read` does."""
    state = store.state
    recent: deque[Score] = deque(maxlen=_RECENT)
    rewards: deque[tuple[float, float]] = deque(maxlen=_POINTS)
    for record in store.read(Score, Control):
        if isinstance(record, Score):
            if record.decision in state.forgotten:
                continue
            recent.append(record)
            rewards.append((record.decided_at, reward_of_first(record)))
        elif record.what == "reset":
            recent.clear()
            rewards.clear()
    return Overview(
        policy=policy,
        frozen=state.frozen,
        decisions=state.decisions,
        scores=state.scores,
        resets=state.resets,
        broken=state.broken,
        duplicates=state.duplicates,
        trouble=store.trouble,
        state_file=store.state_file.name,
        events_file=store.events_file.name,
        tools=tuple(_told(tool, state.tools.get(tool) or ToolCount()) for tool in SAFE_TOOLS),
        recent=tuple(_scored(score) for score in reversed(recent)),
        rewards=tuple(rewards),
    )


def _told(tool: str, count: ToolCount) -> ToolRecord:
    return ToolRecord(
        tool=tool, first=count.first, observed=count.observed, mean=count.mean, parts=count.parts
    )


def _scored(score: Score) -> Scored:
    return Scored(
        id=score.decision,
        at=score.decided_at,
        surface=score.surface,
        policy=score.policy,
        first=score.shown[0],
        propensity=score.propensities[0],
        status=score.status,
        reward=reward_of_first(score),
        parts={one.tool: one.parts for one in score.observed if one.parts},
    )
