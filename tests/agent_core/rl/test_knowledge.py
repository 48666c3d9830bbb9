"""What was learnt: exact, forgetting, bounded, and the same again from its plain form."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.rl import knowledge as module
from agent_core.rl.api import SAFE_TOOLS
from agent_core.rl.features import BIAS, NAMES
from agent_core.rl.knowledge import Knowledge
from agent_core.rl.rules import RULES, in_general


def _observations(count: int, seed: int = 1) -> list[tuple[dict[str, float], str, float]]:
    chance = random.Random(seed)
    return [
        (
            {name: round(chance.random(), 3) for name in chance.sample(NAMES, 6)},
            chance.choice(SAFE_TOOLS[:4]),
            round(chance.uniform(-0.3, 1.0), 3),
        )
        for _ in range(count)
    ]


def _learnt(count: int = 200, seed: int = 1) -> Knowledge:
    learnt = Knowledge.fresh()
    for features, tool, reward in _observations(count, seed):
        learnt.learn(features, tool, reward)
    return learnt


def test_the_posterior_is_that_of_the_model() -> None:
    """Against the same regression computed at once, by least squares over weighted rows."""
    seen = _observations(150)
    learnt = _learnt(150)
    probe = {BIAS: 1.0, "where": 1.0, "symbol": 0.5}
    for row, tool in enumerate(SAFE_TOOLS[:5]):
        own = [(learnt.vector(x), reward) for x, name, reward in seen if name == tool]
        ages = range(len(own) - 1, -1, -1)
        roots = [math.sqrt(module.KEPT**age) for age in ages]
        believed = np.array([in_general(tool) if n == BIAS else RULES[tool].get(n, 0.0) for n in NAMES])
        precision = np.array([2.0 if n == BIAS else 10.0 for n in NAMES])
        rows = [root * x for root, (x, _) in zip(roots, own, strict=True)]
        design = np.array([*rows, *np.diag(np.sqrt(precision))])
        target = np.array(
            [*(root * r for root, (_, r) in zip(roots, own, strict=True)), *(np.sqrt(precision) * believed)]
        )
        expected = np.linalg.lstsq(design, target)[0]
        assert np.allclose(list(learnt.weights(tool).values()), expected, atol=1e-9)
        spread = math.sqrt(learnt.vector(probe) @ np.linalg.inv(design.T @ design) @ learnt.vector(probe))
        # The noise is the posterior's: the squared error of the best weights, prior and data together.
        kept = sum(module.KEPT**age for age in ages)
        error = float(((target - design @ expected) ** 2).sum())
        means, deviations = learnt.outlook(probe)
        assert means[row] == pytest.approx(expected @ learnt.vector(probe), abs=1e-9)
        variance = (20 * 0.3**2 + error) / (20 + kept)
        assert deviations[row] == pytest.approx(spread * math.sqrt(variance))


def test_a_few_dozen_observations_override_the_rules() -> None:
    learnt = Knowledge.fresh()
    asked = {BIAS: 1.0, "symbol": 1.0, "where": 1.0}
    before = learnt.outlook(asked).means
    assert before[SAFE_TOOLS.index("grep")] > before[SAFE_TOOLS.index("ls")]
    for _ in range(30):
        learnt.learn(asked, "grep", 0.0)
        learnt.learn(asked, "ls", 0.6)
    after = learnt.outlook(asked).means
    assert after[SAFE_TOOLS.index("ls")] > 0.5
    assert after[SAFE_TOOLS.index("grep")] < 0.05


def test_what_changes_is_followed_and_stays_bounded() -> None:
    learnt = Knowledge.fresh()
    for turn in range(8_000):
        learnt.learn({"how": float(turn % 2)}, "grep", 0.9 if turn < 5_000 else 0.1)
    means, deviations = learnt.outlook({"how": 1.0})
    grep = SAFE_TOOLS.index("grep")
    assert means[grep] == pytest.approx(0.1, abs=0.02)
    assert 0 < deviations[grep] < 0.05
    assert learnt.updates == learnt.count("grep") == 8_000
    assert learnt.mean("grep") == pytest.approx((0.9 * 5 + 0.1 * 3) / 8)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_is_refused_and_changes_nothing(bad: float) -> None:
    learnt = _learnt(20)
    before = learnt.to_plain()
    for features, reward in (({"how": bad}, 0.5), ({"unheard_of": bad}, 0.5), ({"how": 1.0}, bad)):
        with pytest.raises(ValueError, match="is"):
            learnt.learn(features, "grep", reward)
    with pytest.raises(ValueError, match="no tool 'rm'"):
        learnt.learn({}, "rm", 0.5)
    with pytest.raises(ValueError, match="count"):
        learnt.absorb_counts("grep", bad, 0.5)
    with pytest.raises(ValueError, match="count"):
        learnt.absorb_counts("grep", 3, bad)
    assert learnt.to_plain() == before


def test_sizes_that_cannot_be_are_cut() -> None:
    learnt = Knowledge.fresh()
    learnt.learn({"how": 1e300, "why": -1e300}, "grep", 1e300)
    assert np.all(np.isfinite(learnt.outlook({"how": 1.0}).means))
    assert learnt.mean("grep") == 2.0


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 60), st.integers(0, 1_000))
def test_the_plain_form_gives_the_same_knowledge_again(count: int, seed: int) -> None:
    learnt = _learnt(count, seed)
    plain = json.loads(json.dumps(learnt.to_plain()))
    again = Knowledge.from_plain(plain)
    assert again.to_plain() == learnt.to_plain()
    for features, tool, reward in _observations(5, seed + 1):
        learnt.learn(features, tool, reward)
        again.learn(features, tool, reward)
    assert again.to_plain() == learnt.to_plain()


def test_people_can_read_the_plain_form() -> None:
    learnt = Knowledge.fresh()
    learnt.learn({"where": 1.0}, "grep", 1.0)
    grep = learnt.to_plain()["tools"]["grep"]
    assert (grep["count"], grep["mean"]) == (1, 1.0)
    assert grep["weights"]["where"] > RULES["grep"]["where"]
    assert list(grep)[:3] == ["count", "mean", "weights"]


def test_features_and_tools_of_another_version() -> None:
    learnt = _learnt()
    plain = learnt.to_plain()
    plain["features"][NAMES.index("how")] = "of_a_newer_version"
    plain["tools"]["of-a-newer-version"] = plain["tools"]["grep"]
    del plain["tools"]["ctx"]
    again = Knowledge.from_plain(plain)
    assert again.count("ctx") == 0
    assert again.count("grep") == learnt.count("grep")
    assert again.weights("grep")["how"] == RULES["grep"].get("how", 0.0)
    assert again.weights("grep")["where"] == pytest.approx(learnt.weights("grep")["where"], abs=0.1)


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(["updates", "features", "tools", *(f"grep/{key}" for key in (
    "count", "total", "energy", "response", "products"))]), _anything)  # fmt: skip
def test_a_plain_form_that_is_wrong_is_refused_or_taken_whole(key: str, value: Any) -> None:
    plain = _learnt(30).to_plain()
    place = plain["tools"]["grep"] if key.startswith("grep/") else plain
    place[key.removeprefix("grep/")] = value
    try:
        again = Knowledge.from_plain(plain)
    except ValueError:
        return
    assert np.all(np.isfinite(again.outlook({"how": 1.0}).means))
    assert np.all(np.isfinite(again.outlook({"how": 1.0}).deviations))


@pytest.mark.parametrize("plain", [{}, [], None, "", {"features": [], "updates": 0, "tools": []}])
def test_what_is_no_plain_form_is_refused(plain: Any) -> None:
    if plain == {"features": [], "updates": 0, "tools": []}:
        assert Knowledge.from_plain(plain).updates == 0
        return
    with pytest.raises(ValueError, match="cannot be read"):
        Knowledge.from_plain(plain)


def test_counts_of_an_older_file_are_a_start_that_gives_way() -> None:
    learnt = Knowledge.fresh()
    learnt.absorb_counts("tree", 1_000_000, 0.8)
    assert learnt.updates == learnt.count("tree") == 0
    assert learnt.pulls("tree") == (20.0, pytest.approx(0.8))
    assert 0.6 < learnt.outlook({}).means[SAFE_TOOLS.index("tree")] < 0.8
    for _ in range(60):
        learnt.learn({}, "tree", 0.0)
    assert learnt.outlook({}).means[SAFE_TOOLS.index("tree")] < 0.25


def test_many_are_learnt_as_one_after_the_other() -> None:
    seen = [({"why": 0.5}, "grep", 0.3), ({}, "ls", -0.3), ({"why": 1.0}, "grep", 0.0)]
    one_by_one, at_once = Knowledge.fresh(), Knowledge.fresh()
    for features, tool, reward in seen:
        one_by_one.learn(features, tool, reward)
    at_once.learn_all(seen)
    assert at_once.to_plain() == one_by_one.to_plain()
    with pytest.raises(ValueError, match="rm"):
        at_once.learn_all([({"why": 1.0}, "ls", 0.2), ({}, "rm", 0.1)])
    one_by_one.learn({"why": 1.0}, "ls", 0.2)
    assert at_once.to_plain() == one_by_one.to_plain()
