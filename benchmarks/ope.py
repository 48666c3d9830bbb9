"""Off-policy evaluation on simulated logs whose truth is known: do intervals hold, is too little told so?

Every log has people of its own (`_ope_worlds.py`): 2 to 11 tools, what they like and how rarely, 30 to 5,000
decisions, and who made them: our policy while it learns, or one that is fixed, from even chances to nearly
always the same tool with a floor of exploration. True values are sums over all situations, tools and rewards.

`coverage` is to lie within .92 and .98, so `coverage_off`, its distance from .95, is the figure with a limit.

    make bench-ope
    make bench-ope ARGS='--logs 50 --seed 3'
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from agent_core.rl.api import Evaluation
from agent_core.rl.bandit.choose import make_policy
from agent_core.rl.config import RlConfig
from agent_core.rl.knowledge import Knowledge
from agent_core.rl.ope.evaluating import BASELINES, LEARNED, SHOWN, evaluate
from agent_core.rl.ope.targets import folds
from agent_core.rl.policy import Policy
from agent_core.rl.records import Score
from benchmarks._ope_worlds import Behaviour, Floats, Made, World, first_of, simulate, with_floor, world
from benchmarks.common import report

LIMITS = (("coverage_off", "<=", 0.03), ("refusals_right", ">=", 1.0))
TOO_LITTLE, PLENTY = 30.0, 200.0
KINDS = ("learning", "even", "mild", "sharp")
SEED = 40_000


@dataclass(frozen=True, slots=True)
class Truth:
    """Of a target: its true value and the effective sample size, both without the estimator's help."""

    value: float
    ess: float


@dataclass(slots=True)
class Tally:
    """Whether intervals cover, by log."""

    logs: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def add(self, covered: Sequence[bool]) -> None:
        """Those of one log."""
        if covered:
            self.logs.append((sum(covered), len(covered)))

    @property
    def count(self) -> int:
        """How many intervals there were."""
        return sum(count for _, count in self.logs)

    @property
    def share(self) -> float:
        """How many of them cover."""
        return sum(good for good, _ in self.logs) / self.count if self.count else math.nan

    @property
    def error(self) -> float:
        """Its standard error; the intervals of one log are not independent."""
        off = sum((good - self.share * count) ** 2 for good, count in self.logs)
        return math.sqrt(off) / self.count if self.count else math.nan


def by_situation(at: World, policy: Policy) -> Floats:
    """The probabilities of each tool to be first, in every situation."""
    found = np.zeros(at.allowed.shape)
    for row, features in enumerate(at.features):
        tools = [tool for tool, may in zip(at.tools, at.allowed[row], strict=True) if may]
        for tool, probability in policy.first(features, tools).items():
            found[row, at.tools.index(tool)] = probability
    return found


def ours(at: World) -> Behaviour:
    """Our policy, which learns from what it is told."""
    knowledge = Knowledge.fresh()
    policy = make_policy(RlConfig(), knowledge)

    def behave(news: Sequence[Score]) -> Floats:
        knowledge.learn_all(
            (score.features, each.tool, each.reward) for score in news for each in score.observed
        )
        return by_situation(at, policy)

    return behave


def fixed(at: World, kind: str, random: np.random.Generator) -> Behaviour:
    """A policy that stays as it is: the sharper, the more it insists on some tool, liked or not."""
    shape = at.allowed.shape if random.random() < 0.5 else (1, len(at.tools))
    taste = random.normal(0, 1, shape) + random.choice((0.0, 1.0)) * at.rewards / (at.rewards.std() + 1e-9)
    insistence = {"even": 0.0, "mild": float(random.uniform(0.5, 2.0)), "sharp": 4.0}[kind]
    floor = float(random.choice((0.002, 0.005, 0.01, 0.02, 0.05)))
    shown = with_floor(np.exp(insistence * taste), at.allowed, floor)
    return lambda _: shown


def truths(at: World, made: Made, learned: Sequence[Policy]) -> dict[str, Truth]:
    """What is true of each target on this log."""
    n = len(made.scores)
    situations, tools = np.array(made.situations), np.array(made.tools)
    fold = folds(n)
    orders = {order: first_of(at, order) for order in set(made.orders)}
    per_fold = {int(held): by_situation(at, one) for held, one in zip(np.unique(fold), learned, strict=True)}
    by_row: Mapping[str, Sequence[Floats]] = {
        LEARNED: [per_fold[int(held)] for held in fold],
        "most used": [orders[order] for order in made.orders],
        "rules": [first_of(at, range(len(at.tools)))] * n,
        "uniform": [at.allowed / at.allowed.sum(axis=1, keepdims=True)] * n,
    }
    found: dict[str, Truth] = {}
    for name, policies in by_row.items():
        values = {id(policy): at.value(policy) for policy in policies}
        chance = np.array([each[s, t] for each, s, t in zip(policies, situations, tools, strict=True)])
        weights = chance / made.propensities
        squares = float((weights**2).sum())
        size = float(weights.sum()) ** 2 / squares if squares else 0.0
        found[name] = Truth(sum(values[id(policy)] for policy in policies) / n, size)
    found[SHOWN] = Truth(made.mean, float(n))
    return found


def one_log(seed: int) -> tuple[str, int, Evaluation, dict[str, Truth]]:
    """A log, its evaluation, and its truth."""
    random = np.random.default_rng(seed)
    at = world(random)
    kind = KINDS[int(random.integers(len(KINDS)))]
    n = round(math.exp(random.uniform(math.log(30), math.log(5000))))
    if kind == "learning":
        made = simulate(at, ours(at), n, random, batch=max(5, n // 25))
    else:
        made = simulate(at, fixed(at, kind, random), n, random, batch=n)
    learned: list[Policy] = []

    def remember(knowledge: Knowledge) -> Policy:
        learned.append(make_policy(RlConfig(), knowledge))
        return learned[-1]

    return kind, n, evaluate(made.scores, make_policy=remember), truths(at, made, learned)


def refused_rightly(evaluation: Evaluation, truth: Mapping[str, Truth]) -> bool:
    """Whether nothing is said where there is too little, and something wherever there is plenty."""
    return all(
        not one.enough if truth[one.policy].ess < TOO_LITTLE else one.enough or truth[one.policy].ess < PLENTY
        for one in evaluation.estimates
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--logs", type=int, default=500, help="how many logs (500)")
    parser.add_argument(
        "--seed", type=int, default=SEED, help="of the first log; the next have the next ones"
    )
    args = parser.parse_args()
    tallies: dict[str, Tally] = {}
    right: list[bool] = []
    claims: list[bool] = []
    said = 0
    for seed in range(args.seed, args.seed + args.logs):
        kind, n, evaluation, truth = one_log(seed)
        right.append(refused_rightly(evaluation, truth))
        claims += [truth[LEARNED].value > truth[name].value for name in evaluation.beats]
        rows = [
            (one, one.low <= truth[one.policy].value <= one.high)
            for one in evaluation.estimates
            if one.low is not None and one.high is not None
        ]
        said += len(rows)
        groups: dict[str, Callable[..., bool]] = {
            "both methods": lambda one: one.method != "mean",
            "snips": lambda one: one.method == "snips",
            "dr": lambda one: one.method == "dr",
            "mean (shown)": lambda one: one.method == "mean",
            **{f"of {name}": lambda one, name=name: one.policy == name for name in (LEARNED, *BASELINES)},
            f"logs: {kind}": lambda one: one.method != "mean",
            f"logs: {'below' if n < 500 else 'from'} 500 decisions": lambda one: one.method != "mean",
        }
        for name, wanted in groups.items():
            tallies.setdefault(name, Tally()).add([good for one, good in rows if wanted(one)])
    print(f"{'intervals':<28} {'covering':>8} {'± se':>6} {'number':>7} {'logs':>5}")
    for name, tally in tallies.items():
        print(f"{name:<28} {tally.share:8.3f} {tally.error:6.3f} {tally.count:7,} {len(tally.logs):5,}")
    print(f"\nsaid to be better: {len(claims):,} times, of which {sum(claims):,} are\n")
    both = tallies["both methods"]
    figures = {
        "coverage": both.share,
        "coverage_off": abs(both.share - 0.95),
        "refusals_right": sum(right) / len(right),
    }
    detail = {
        name: {"share": tally.share, "error": tally.error, "intervals": tally.count}
        for name, tally in tallies.items()
    }
    claimed = {"claims": len(claims), "true": sum(claims)}
    return 0 if report("ope", figures, LIMITS, logs=args.logs, by=detail, better=claimed) else 1


if __name__ == "__main__":
    sys.exit(main())
