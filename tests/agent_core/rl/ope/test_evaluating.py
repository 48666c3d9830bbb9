"""The evaluation as a whole, on logs whose truth is known."""

from __future__ import annotations

import random

import msgspec
import pytest

from agent_core.rl.api import SAFE_TOOLS, Estimate, Evaluation
from agent_core.rl.bandit.choose import make_policy
from agent_core.rl.config import RlConfig
from agent_core.rl.ope.evaluating import ENOUGH, evaluate
from agent_core.rl.ope.saying import table, verdict
from agent_core.rl.records import Observed, Score

TOOLS = SAFE_TOOLS[:4]


def scored(number: int, tool: str, reward: float, *, propensity: float = 0.25, why: float = 0.0) -> Score:
    return Score(
        id=f"w:{2 * number + 1}",
        at=number + 0.5,
        decision=f"w:{2 * number}",
        decided_at=float(number),
        surface="pane",
        features={"why": why} if why else {},
        allowed=TOOLS,
        shown=(tool,),
        propensities=(propensity,),
        policy="thompson",
        status="ignored",
        observed=(Observed(tool=tool, position=1, reward=reward),),
    )


def logged(count: int, seed: int = 1) -> list[Score]:
    """Four tools alike often; the last is liked in half of the situations, the third in the others."""
    chance = random.Random(seed)
    scores: list[Score] = []
    for number in range(count):
        tool, why = chance.choice(TOOLS), float(chance.random() < 0.5)
        liked = 0.8 if tool == TOOLS[3 if why else 2] else 0.1
        scores.append(scored(number, tool, 0.5 if chance.random() < liked else 0.0, why=why))
    return scores


def evaluated(scores: list[Score]) -> Evaluation:
    return evaluate(scores, make_policy=lambda knowledge: make_policy(RlConfig(), knowledge))


def test_what_was_learnt_is_proved_better_than_what_does_not_look() -> None:
    found = evaluated(logged(3000))
    assert (found.decisions, found.left_out) == (3000, 0)
    assert set(found.beats) == {"most used", "rules", "uniform"}
    assert found.verdict == (
        "The learned policy is better than the tool used most, the static rules and chance."
    )
    assert found.beaten_by == ()
    by_name = {(one.policy, one.method): one for one in found.estimates}
    assert list(dict.fromkeys(name for name, _ in by_name)) == [
        "learned", "most used", "rules", "uniform", "shown",
    ]  # fmt: skip
    for (name, method), true in {
        ("rules", "snips"): 0.05,
        ("rules", "dr"): 0.05,
        ("uniform", "dr"): 0.1375,
        ("shown", "mean"): 0.1375,
    }.items():
        one = by_name[name, method]
        assert one.low is not None and one.high is not None and one.value is not None
        assert one.low <= true <= one.high and one.low <= one.value <= one.high
        assert one.high - one.low < 0.08
    learned = by_name["learned", "dr"]
    assert learned.value is not None and 0.3 < learned.value < 0.45
    assert by_name["uniform", "snips"].ess == pytest.approx(3000)


def test_little_evidence_is_said_to_be_too_little_and_how_much_it_takes() -> None:
    found = evaluated(logged(90))
    assert found.beats == ()
    assert all(not one.enough and one.value is one.low is one.high is None for one in found.estimates)
    assert found.verdict.startswith("Not enough evidence about the learned policy: it takes about ")
    assert found.verdict.endswith("decisions, there are 90.")
    some = evaluated(logged(600))
    assert all(one.enough == (one.ess >= ENOUGH) for one in some.estimates)
    assert any(one.enough for one in some.estimates)


def test_the_verdict_says_what_is_known_and_what_is_not() -> None:
    sizes = {"learned": 150.0, "most used": 50.0, "rules": 0.0, "uniform": 400.0}
    assert verdict(800, sizes, ("uniform",), (), enough=100.0) == (
        "The learned policy is better than chance. Not enough evidence about the tool used most (it takes"
        " about 1,600 decisions) and the static rules (not one decision was as it would have been): there are"
        " 800."
    )
    enough = dict.fromkeys(sizes, 500.0)
    assert verdict(800, enough, (), (), enough=100.0) == (
        "Between the learned policy and the tool used most, the static rules or chance no difference"
        " is proved."
    )
    assert verdict(800, enough, ("rules", "uniform"), (), enough=100.0) == (
        "The learned policy is better than the static rules and chance."
        " Between it and the tool used most no difference is proved."
    )
    assert verdict(800, enough, ("uniform",), ("rules",), enough=100.0) == (
        "The learned policy is better than chance. It is worse than the static rules."
        " Between it and the tool used most no difference is proved."
    )
    assert verdict(1, {"learned": 1.0}, (), (), enough=100.0) == (
        "Not enough evidence about the learned policy: it takes about 100 decisions, there is 1."
    )


def test_a_policy_that_is_worse_is_said_to_be() -> None:
    """Chance under another name, where the first tool of the rules is always liked."""
    chance = random.Random(8)
    scores = [
        scored(number, tool, 0.5 if tool == TOOLS[0] else 0.0)
        for number, tool in enumerate(chance.choices(TOOLS, k=1500))
    ]
    blind = RlConfig(policy="epsilon-greedy", epsilon=1.0)
    found = evaluate(scores, make_policy=lambda knowledge: make_policy(blind, knowledge))
    assert (found.beats, found.beaten_by) == ((), ("most used", "rules"))
    assert found.verdict == (
        "The learned policy is worse than the tool used most and the static rules."
        " Between it and chance no difference is proved."
    )


def test_too_small_does_not_look_like_enough() -> None:
    rows = [Estimate(policy="rules", method="dr", ess=ENOUGH - 0.1, enough=False)]
    assert table(Evaluation(decisions=500, estimates=tuple(rows))).splitlines()[3].endswith(" 99")


def test_nothing_to_evaluate() -> None:
    found = evaluated([])
    assert found == Evaluation(decisions=0, verdict="Not enough evidence: no decision was scored yet.")
    assert "0 scored decisions" in table(found)


def test_broken_scores_are_left_out_and_counted() -> None:
    good = logged(300)
    replace = msgspec.structs.replace
    first = good[0]
    broken = [
        replace(first, decision="b:1", propensities=(0.0,)),
        replace(first, decision="b:0", propensities=(5e-324,)),
        replace(first, decision="b:13", propensities=(1e-200,)),
        replace(first, decision="b:2", propensities=(float("nan"),)),
        replace(first, decision="b:3", propensities=(1.5,)),
        replace(first, decision="b:4", propensities=()),
        replace(first, decision="b:5", shown=(), propensities=()),
        replace(first, decision="b:6", shown=("rm",)),
        replace(first, decision="b:7", allowed=(*TOOLS, "rm")),
        replace(first, decision="b:8", features={"why": float("inf")}),
        replace(first, decision="b:9", decided_at=float("nan")),
        replace(first, decision="b:10", observed=(Observed(tool=first.shown[0], position=1, reward=1.5),)),
        replace(first, decision="b:11", observed=(Observed(tool=first.shown[0], position=2, reward=0.5),)),
        replace(first, decision="b:12", observed=(Observed(tool="rm", position=1, reward=0.5),)),
        first,
    ]
    found = evaluated([*good, *broken])
    assert (found.decisions, found.left_out) == (300, len(broken))
    assert msgspec.structs.replace(found, left_out=0) == evaluated(good)
    assert "15 left out, broken or repeated" in table(found)


def test_one_decision_and_all_alike() -> None:
    assert evaluated(logged(1)).decisions == 1
    same = [scored(number, TOOLS[0], 0.0, propensity=1.0) for number in range(400)]
    found = evaluated(same)
    by_name = {(one.policy, one.method): one for one in found.estimates}
    rules = by_name["rules", "snips"]
    assert rules.value == 0.0 and rules.low is not None and rules.high is not None
    assert rules.low < 0.0 < rules.high < 0.02
    assert by_name["shown", "mean"].high == pytest.approx(rules.high, abs=0.002)


def test_huge_and_many_features_do_no_harm() -> None:
    scores = [
        msgspec.structs.replace(score, features={"why": 1e308, f"odd{number}": -1e308})
        for number, score in enumerate(logged(400))
    ]
    for one in evaluated(scores).estimates:
        assert not one.enough or (one.low is not None and one.high is not None and one.low <= one.high)


@pytest.mark.usefixtures("utc")
def test_the_table_is_aligned() -> None:
    lines = table(evaluated(logged(230))).splitlines()
    assert lines[0] == "230 scored decisions, 1970-01-01"
    head, *rows = lines[2:12]
    assert head.split() == ["policy", "method", "value", "95", "%", "interval", "ESS"]
    assert {len(row) for row in rows[:-1]} == {len(head)}
    assert lines[-1].startswith(("The learned policy", "Between", "Not enough"))


def test_what_is_hardly_ever_shown_makes_the_interval_wide() -> None:
    """In half of the situations the rules' tool is shown once in 500 times, and is never liked there."""
    chance = random.Random(4)
    scores = [
        scored(number, TOOLS[1], 0.0, propensity=0.994, why=1.0)
        if number % 2
        else scored(number, TOOLS[0], 0.5 if chance.random() < 0.9 else 0.0, propensity=0.997)
        for number in range(600)
    ]
    (snips, dr) = [one for one in evaluated(scores).estimates if one.policy == "rules"]
    for one in (snips, dr):
        assert one.ess == pytest.approx(300) and one.value is not None and one.value > 0.3
        assert one.low is not None and one.low < 0.225  # the truth: 0.45 in one half, 0 in the other


def test_intervals_hold() -> None:
    covered = 0
    for seed in range(40):
        for one in evaluated(logged(450, seed=seed)).estimates:
            if (one.policy, one.method) in (("rules", "snips"), ("uniform", "dr")) and one.low is not None:
                assert one.high is not None
                covered += one.low <= (0.05 if one.policy == "rules" else 0.1375) <= one.high
            elif one.policy == "rules" and one.method == "snips":
                covered += 1  # too few were shown: nothing is claimed
    assert 70 <= covered <= 80
