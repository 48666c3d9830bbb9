"""Simulated users for `make bench-bandit`: what they ask, what helps them, and what they then do.

The situations are real questions of the kit and made ones, in made states of conversation, logs, index, git
and tools, through the program's own features. What helps a user is drawn at random for every seed: how useful
a tool is in a situation is a logistic function of a few features. From its usefulness come the parts of a
reward (accepted, then opened, cited, verified; or dismissed), and from those the reward, as the program
computes it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent_core.index.api import IndexStatus
from agent_core.rl.api import PARTS, SAFE_TOOLS, Part, reward
from agent_core.rl.features import BIAS, NAMES, extract
from agent_core.rl.situation import Situation

Matrix = NDArray[np.float64]

_TEMPLATES = (
    "where is {name} defined",
    "who calls {name}",
    "find every use of {name} in {path}",
    "how does {name} work",
    "how is {topic} done here",
    "why does {name} fail",
    "why is {topic} so slow in production",
    "what does {name} do",
    "what is the structure of this project",
    "explain {path}",
    "add a retry to {name}",
    "fix the failing test in {path}",
    "write a test for {name}",
    "what went wrong in the logs since last night",
    'which code prints "{topic}"',
    "which errors are new",
    "refactor {path}",
    "give me an overview of the modules",
)
_CHANGES = ("add", "fix", "write", "refactor", "remove", "improve", "use", "rename", "update", "make")
_PATHS = (
    "src/client.py",
    "lib/rules/indent.js",
    "cmd/main.go",
    "tests/test_api.py",
    "config/app.toml",
    "docs/",
)
_TOPICS = (
    "reading the configuration",
    "caching of responses",
    "connection reset by peer",
    "parsing of headers",
)


@dataclass(frozen=True, slots=True)
class World:
    """A kind of user.

    Args:
        name: For the figures.
        features: How many features matter for each tool.
        strength: The standard deviation of their weights, in logits.
        walk: The standard deviation of each weight's step from one round to the next.
        turns: After how many rounds half of the tools get new weights; 0 for never.
        useful: The mean logit of usefulness: the lower, the rarer any reward.
        moody: The chance that a user does anything at all with a tool, useful or not.
    """

    name: str
    features: int = 6
    strength: float = 1.2
    walk: float = 0.0
    turns: int = 0
    useful: float = -1.5
    moody: float = 0.0


WORLDS = (
    World("stationary"),
    World("drifting", walk=0.01, turns=1_000),
    World("noisy", strength=1.0, useful=-2.0, moody=0.3),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One user for one run: by round the features, and by tool what would be got and is to be expected."""

    contexts: Matrix
    rewards: Matrix
    expected: Matrix


def questions(kit: Path) -> list[str]:
    """Real questions, as people wrote them."""
    lines = (kit / "bench" / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["query"] for line in lines]


def contexts(asked: list[str], rounds: int, chance: random.Random) -> Matrix:
    """The features of so many situations, in sessions of some ten turns; a column for each of `NAMES`."""
    names = [word for text in asked for word in text.split() if "_" in word or "." in word[1:-1]]
    rows = np.zeros((rounds, len(NAMES)))
    recent: tuple[str, ...] = ()
    session: dict[str, object] = {}
    for row in range(rounds):
        if not session or chance.random() < 0.1:
            session, recent = _session(chance), ()
        text = _question(asked, names, chance) if chance.random() < 0.97 else ""
        change = text.lower().startswith(_CHANGES)
        situation = Situation(
            asked=text, wants_change=change, mentions=int(chance.random() < 0.1), recent=recent,
            acting=chance.random() < 0.5, failed=chance.random() < 0.15,
            cited=chance.choice((0, 0, 1, 3, 6)), **session,  # type: ignore[arg-type]
        )  # fmt: skip
        found = extract(situation)
        rows[row] = [found.get(name, 0.0) for name in NAMES]
        recent = (chance.choice(SAFE_TOOLS), *recent)[:5]
    return rows


def _question(asked: list[str], names: list[str], chance: random.Random) -> str:
    if chance.random() < 0.5:
        return chance.choice(asked)
    return chance.choice(_TEMPLATES).format(
        name=chance.choice(names), path=chance.choice(_PATHS), topic=chance.choice(_TOPICS)
    )


def _session(chance: random.Random) -> dict[str, object]:
    followed = chance.random() < 0.6
    chunks = 1_000
    return {
        "log_errors": int(chance.expovariate(0.1)) if followed else None,
        "log_new": int(chance.expovariate(0.3)) if followed else None,
        "changed": int(chance.expovariate(0.2)) if chance.random() < 0.9 else None,
        "index": None
        if chance.random() < 0.15
        else IndexStatus(
            phase="ready", files=100, chunks=chunks, behind=chance.choice((0, 0, 3, 40)),
            embedded=chance.choice((0, chunks // 3, chunks, chunks)),
        ),
    }  # fmt: skip


def live(world: World, seen: Matrix, seed: int) -> Run:
    """A user of a world, drawn by the seed, in these situations."""
    rng = np.random.default_rng(seed)
    rounds = len(seen)
    tools = len(SAFE_TOOLS)
    weights = _tastes(world, tools, rng)
    usefulness = np.zeros((rounds, tools))
    for turn in range(rounds):
        if world.turns and turn and turn % world.turns == 0:
            changed = rng.choice(tools, tools // 2, replace=False)
            weights[changed] = _tastes(world, len(changed), rng)
        if world.walk:
            here = weights != 0
            weights += here * rng.normal(0.0, world.walk, weights.shape)
        usefulness[turn] = 1.0 / (1.0 + np.exp(-(weights @ seen[turn])))
    table = _Behaviour.table()
    chance = (1.0 - world.moody) * table.chances(usefulness) + world.moody * table.chances(
        np.full_like(usefulness, 0.25)
    )
    draws = rng.random((rounds, tools, 1))
    picked = (draws > chance.cumsum(axis=2)[:, :, :-1]).sum(axis=2)
    return Run(seen, table.rewards[picked], chance @ table.rewards)


def _tastes(world: World, tools: int, rng: np.random.Generator) -> Matrix:
    """Weights of some tools: a general one, and some features each."""
    weights = np.zeros((tools, len(NAMES)))
    for row in weights:
        others = [column for column, name in enumerate(NAMES) if name != BIAS]
        row[rng.choice(others, world.features, replace=False)] = rng.normal(
            0.0, world.strength, world.features
        )
        row[NAMES.index(BIAS)] = rng.normal(world.useful, 0.5)
    return weights


@dataclass(frozen=True, slots=True)
class _Behaviour:
    """All that a user may do with one suggestion, with its rewards."""

    rewards: Matrix
    done: tuple[Mapping[Part, bool], ...]

    @classmethod
    def table(cls) -> _Behaviour:
        parts: tuple[Part, ...] = ("accepted", "opened", "cited", "verified")
        done: list[dict[Part, bool]] = [{"dismissed": True}]
        for flags in product((False, True), repeat=len(parts)):
            if flags[0] or not any(flags):
                done.append(dict(zip(parts, flags, strict=True)))
        assert set(parts) | {"dismissed", "used"} == set(PARTS)
        rewards = [reward({part: float(was) for part, was in each.items()}) for each in done]
        return cls(np.array(rewards), tuple(done))

    def chances(self, useful: Matrix) -> Matrix:
        """The chance of each behaviour with a tool that is so useful (0..1), in a last dimension."""
        dismissed = 0.15 * (1.0 - useful) ** 2
        columns: list[Matrix] = []
        for each in self.done:
            if each.get("dismissed"):
                columns.append(dismissed)
                continue
            chance = (1.0 - dismissed) * (useful if each["accepted"] else 1.0 - useful)
            if each["accepted"]:
                opened, verified = 0.4 + 0.5 * useful, 0.4 * useful
                for part, rate in (("opened", opened), ("cited", 0.7 * opened), ("verified", verified)):
                    chance = chance * (rate if each[part] else 1.0 - rate)  # type: ignore[literal-required]
            columns.append(chance)
        return np.stack(columns, axis=-1)
