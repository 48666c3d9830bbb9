"""The policies that are compared, and the process that compares them."""

from __future__ import annotations

import msgspec
import numpy as np

from agent_core.rl.api import SAFE_TOOLS
from agent_core.rl.knowledge import Knowledge
from agent_core.rl.ope import targets
from agent_core.rl.ope.log import COLUMN, read
from agent_core.rl.records import Observed, Score


def scored(number: int, tool: str, reward: float = 0.0, *, late: float = 0.5, **more: object) -> Score:
    score = Score(
        id=f"w:{2 * number + 1}",
        at=number + late,
        decision=f"w:{2 * number}",
        decided_at=float(number),
        surface="pane",
        features={},
        allowed=SAFE_TOOLS[:3],
        shown=(tool,),
        propensities=(0.5,),
        policy="thompson",
        status="ignored",
        observed=(Observed(tool=tool, position=1, reward=reward),),
    )
    return msgspec.structs.replace(score, **more)


def test_most_used_never_looks_ahead() -> None:
    first, second, third = SAFE_TOOLS[:3]
    scores = [
        scored(0, third, 0.5, late=2.5),  # scored only after the decision at 2
        scored(1, second, 0.0),
        scored(2, second, 0.2),
        scored(3, third, 0.3),
        scored(4, first, -0.3),
        scored(5, first, 0.0, allowed=SAFE_TOOLS[:2]),
    ]
    chosen = targets.most_used(read(reversed(scores))).argmax(axis=1)
    # At 3 the second and the third were used once each: the static order decides.
    assert [SAFE_TOOLS[column] for column in chosen] == [first, first, first, second, third, second]


def test_used_is_what_was_run_even_where_it_came_to_nothing() -> None:
    first, second, _ = SAFE_TOOLS[:3]
    ran = Observed(tool=second, position=1, reward=-0.1, parts={"accepted": 1.0, "dismissed": 1.0})
    scores = [scored(0, second, observed=(ran,)), scored(1, first)]
    assert targets.most_used(read(scores))[1, COLUMN[second]] == 1.0


def test_rules_and_uniform() -> None:
    log = read([scored(0, SAFE_TOOLS[1], allowed=SAFE_TOOLS[1:4])])
    assert targets.rules(log)[0].tolist() == [0, 1, *[0] * 9]
    assert np.allclose(targets.uniform(log)[0, 1:4], 1 / 3)


class Counts:
    """Puts first what it was taught most; keeps what it was taught."""

    name = "counts"

    def __init__(self, knowledge: Knowledge) -> None:
        self.seen = {tool: knowledge.count(tool) for tool in SAFE_TOOLS}

    def first(self, features: object, allowed: tuple[str, ...]) -> dict[str, float]:
        total = sum(self.seen[tool] + 1 for tool in allowed)
        return {tool: (self.seen[tool] + 1) / total for tool in allowed}


def test_the_learned_policy_is_never_taught_what_it_is_evaluated_on() -> None:
    # Neighbours share a fold: ten decisions of one tool only, the others of another.
    fold = targets.folds(50)
    scores = [scored(row, SAFE_TOOLS[0 if fold[row] == 2 else 1]) for row in range(50)]
    frozen = msgspec.structs.replace(scores[0], learn=False)
    found = targets.learned(read([frozen, *scores[1:]]), Counts)  # type: ignore[arg-type]
    inside = found[fold == 2][0]
    assert inside[0] == 1 / 42 and inside[1] == 40 / 42  # 39 of the 40 others: one was not learnt
    assert np.allclose(found.sum(axis=1), 1.0)
