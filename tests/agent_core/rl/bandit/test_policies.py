"""Policies: orders with their propensities, whatever was learnt."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.rl.api import SAFE_TOOLS
from agent_core.rl.bandit.choose import make_policy
from agent_core.rl.bandit.drawing import FLOOR
from agent_core.rl.config import POLICIES, PolicyName, RlConfig
from agent_core.rl.features import NAMES
from agent_core.rl.knowledge import Knowledge
from agent_core.rl.policy import Policy

ASKED = {"bias": 1.0, "where": 1.0, "symbol": 1.0}


def _knowledge(seed: int = 3, count: int = 120) -> Knowledge:
    chance = random.Random(seed)
    learnt = Knowledge.fresh()
    for _ in range(count):
        features = {name: chance.random() for name in chance.sample(NAMES, 5)}
        learnt.learn(features, chance.choice(SAFE_TOOLS), chance.choice((0.0, 0.0, 0.2, 0.5, -0.3, 1.0)))
    return learnt


def _policy(name: PolicyName, knowledge: Knowledge | None = None) -> Policy:
    return make_policy(RlConfig(policy=name), knowledge or _knowledge())


policies = pytest.mark.parametrize("name", POLICIES)


@policies
@settings(deadline=None, max_examples=60)
@given(allowed=st.lists(st.sampled_from(SAFE_TOOLS), unique=True), seed=st.integers(0, 99))
def test_an_order_has_every_tool_once_and_no_propensity_below_the_floor(
    name: PolicyName, allowed: list[str], seed: int
) -> None:
    policy = _policy(name, _knowledge(seed, 40))
    ranking = policy.rank(ASKED, allowed, random.Random(seed))
    assert sorted(ranking.tools) == sorted(allowed)
    assert len(ranking.propensities) == len(ranking.first) == len(allowed)
    assert all(FLOOR <= one <= 1 for one in (*ranking.propensities, *ranking.first))
    assert ranking.error < 1e-5
    first = policy.first(ASKED, allowed)
    assert dict(zip(ranking.tools, ranking.first, strict=True)) == first
    if allowed:
        assert sum(first.values()) == pytest.approx(1.0)
        assert ranking.propensities[0] == ranking.first[0]
        assert ranking.propensities[-1] == 1.0
        assert name == policy.name


@policies
def test_orders_come_as_often_as_their_propensities_say(name: PolicyName) -> None:
    """The product of the propensities of an order is its probability, and all orders' sum to 1."""
    policy, chance = _policy(name), random.Random(5)
    allowed, draws = SAFE_TOOLS[1:5], 4_000
    seen: Counter[Sequence[str]] = Counter()
    likely: dict[Sequence[str], float] = {}
    for _ in range(draws):
        ranking = policy.rank(ASKED, allowed, chance)
        seen[ranking.tools] += 1
        likely[ranking.tools] = math.prod(ranking.propensities)
    assert sum(likely.values()) <= 1 + 1e-6
    for order in itertools.permutations(allowed):
        expected = likely.get(order, 0.0)
        spread = math.sqrt(expected * (1 - expected) / draws)
        assert abs(seen[order] / draws - expected) <= 5 * spread + 3 / draws


@policies
def test_the_same_chance_gives_the_same_order(name: PolicyName) -> None:
    first, second = (_policy(name).rank(ASKED, SAFE_TOOLS, random.Random(7)) for _ in range(2))
    assert first == second


@policies
def test_a_policy_sees_what_is_learnt_later(name: PolicyName) -> None:
    knowledge = Knowledge.fresh()
    policy = _policy(name, knowledge)
    for _ in range(60):
        for tool in SAFE_TOOLS:
            knowledge.learn(ASKED, tool, 0.9 if tool == "ls" else 0.0)
    assert sum(reason.weight for reason in policy.reasons(ASKED, "ls")) > 0.7
    assert max(policy.first(ASKED, SAFE_TOOLS).items(), key=lambda item: item[1])[0] == "ls"


@policies
def test_the_reasons_sum_to_the_expected_reward(name: PolicyName) -> None:
    knowledge = _knowledge()
    policy = _policy(name, knowledge)
    for tool, mean in zip(knowledge.tools, knowledge.outlook(ASKED).means, strict=True):
        reasons = policy.reasons(ASKED, tool)
        expected = knowledge.pulls(tool)[1] if name == "ucb1" else mean
        assert sum(reason.weight for reason in reasons) == pytest.approx(expected)
        assert list(reasons) == sorted(reasons, key=lambda reason: -abs(reason.weight))
        assert all(reason.text for reason in reasons)
        assert {reason.feature for reason in reasons} <= set(ASKED)


@policies
def test_nothing_allowed_is_an_empty_order(name: PolicyName) -> None:
    policy = _policy(name)
    assert policy.rank(ASKED, (), random.Random(1)).tools == ()
    assert policy.first(ASKED, ()) == {}


@policies
def test_what_is_no_tool_or_no_number_is_refused(name: PolicyName) -> None:
    policy = _policy(name)
    with pytest.raises(ValueError, match="no tool 'rm'"):
        policy.rank(ASKED, ("grep", "rm"), random.Random(1))
    if name != "ucb1":
        with pytest.raises(ValueError, match="nan"):
            policy.first({"where": math.nan}, ("grep", "ls"))


@policies
def test_a_tool_named_twice_counts_once(name: PolicyName) -> None:
    ranking = _policy(name).rank(ASKED, ("grep", "ls", "grep"), random.Random(1))
    assert sorted(ranking.tools) == ["grep", "ls"]


def test_without_evidence_the_rules_speak() -> None:
    asked = {"bias": 1.0, "logs": 1.0, "error": 1.0}
    first = _policy("thompson", Knowledge.fresh()).first(asked, SAFE_TOOLS)
    assert max(first, key=lambda tool: first[tool]) == "ctx"
    assert max(first.values()) < 0.9  # and nothing is settled


def test_what_looks_good_but_is_not_known_is_tried() -> None:
    """A tool that brought less than is believed of the others is not put first for ever."""
    knowledge = Knowledge.fresh()
    for _ in range(30):
        knowledge.learn(ASKED, "grep", 0.2)
    assert _policy("thompson", knowledge).first(ASKED, SAFE_TOOLS)["grep"] < 0.05


@policies
def test_behind_the_first_the_list_reads_as_a_ranking(name: PolicyName) -> None:
    policy, chance = _policy(name), random.Random(3)
    first = policy.first(ASKED, SAFE_TOOLS)
    rests = [policy.rank(ASKED, SAFE_TOOLS, chance).tools[1:] for _ in range(400)]
    ranked = sum(all(first[one] >= first[other] for one, other in itertools.pairwise(rest)) for rest in rests)
    assert ranked > 350, "but for the floor"


def test_epsilon_is_spread_over_what_remains() -> None:
    knowledge = Knowledge.fresh()
    knowledge.learn({}, "ls", 1.0)
    policy = make_policy(RlConfig(policy="epsilon-greedy", epsilon=0.3), knowledge)
    first = policy.first({}, ("grep", "ls", "tree"))
    kept = 1 - 3 * FLOOR
    assert first["ls"] == pytest.approx(kept * 0.8 + FLOOR)
    assert first["grep"] == first["tree"] == pytest.approx(kept * 0.1 + FLOOR)


def test_ucb1_tries_what_was_never_tried_then_what_could_be_best() -> None:
    knowledge = Knowledge.fresh()
    policy = make_policy(RlConfig(policy="ucb1", ucb_c=0.5), knowledge)
    knowledge.learn({}, "grep", 1.0)
    first = policy.first({}, ("grep", "ls", "tree"))
    assert first["ls"] == first["tree"] == pytest.approx(0.5, abs=0.01)
    for _ in range(50):
        knowledge.learn({}, "ls", 0.5)
    knowledge.learn({}, "tree", 0.4)
    first = policy.first({"where": 1.0}, ("ls", "tree"))
    assert first["tree"] > 0.99
    for _ in range(50):
        knowledge.learn({}, "tree", 0.4)
    assert policy.first({}, ("ls", "tree"))["ls"] > 0.99
