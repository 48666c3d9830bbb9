"""The learned policy against its baselines, from the scores of a log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from agent_core.rl.api import Estimate, Evaluation, Method
from agent_core.rl.ope import targets
from agent_core.rl.ope.estimating import Interval, Target, advantage, dr, ess, mean, snips, target
from agent_core.rl.ope.log import Floats, Log, read
from agent_core.rl.ope.rewards import expected
from agent_core.rl.ope.saying import verdict
from agent_core.rl.records import Score

ENOUGH = 100.0
"""The effective sample size from which a value is given. In simulated logs the intervals hold from about 50
on, but are so wide below 100 that they say nothing about policies whose values differ by a tenth."""

LEARNED = "learned"
BASELINES: Mapping[str, Callable[[Log], Floats]] = {
    "most used": targets.most_used,
    "rules": targets.rules,
    "uniform": targets.uniform,
}
SHOWN = "shown"
"""The lists as they were shown, by whatever policies made them."""


def evaluate(scores: Iterable[Score], *, make_policy: targets.MakePolicy) -> Evaluation:
    """Estimate the value of the policy as it would be now, of each baseline, and of what was shown.

    Args:
        scores: Of one log, in the order of the log. Scores with values that cannot be (such as a propensity
            of 0) and repeated ones are left out and counted.
        make_policy: Makes the policy over what was learnt. It is asked once for each of five folds, with what
            the other four taught, and is only used on the decisions of that fold.
    """
    log = read(scores)
    if not len(log):
        return Evaluation(decisions=0, left_out=log.left_out, verdict=verdict(0, {}, (), (), enough=ENOUGH))
    model = expected(log)
    policies = {LEARNED: targets.learned(log, make_policy)}
    policies.update((name, baseline(log)) for name, baseline in BASELINES.items())
    on_log = {name: target(log, policy, model) for name, policy in policies.items()}
    sizes = {name: ess(one.weights) for name, one in on_log.items()}
    over = _advantages(log, on_log, sizes)
    beats = tuple(name for name, one in over.items() if one.low > 0)
    beaten_by = tuple(name for name, one in over.items() if one.high < 0)
    return Evaluation(
        decisions=len(log),
        left_out=log.left_out,
        since=log.scores[0].decided_at,
        until=log.scores[-1].decided_at,
        estimates=(*_estimates(log, on_log, sizes), _shown(log)),
        beats=beats,
        beaten_by=beaten_by,
        verdict=verdict(len(log), sizes, beats, beaten_by, enough=ENOUGH),
    )


def _estimates(log: Log, on_log: Mapping[str, Target], sizes: Mapping[str, float]) -> Iterable[Estimate]:
    for name, one in on_log.items():
        size = sizes[name]
        if size < ENOUGH:
            yield Estimate(policy=name, method="snips", ess=size, enough=False)
            yield Estimate(policy=name, method="dr", ess=size, enough=False)
            continue
        yield _told(name, "snips", size, snips(log, one))
        yield _told(name, "dr", size, dr(log, one))


def _shown(log: Log) -> Estimate:
    size = float(len(log))
    if size < ENOUGH:
        return Estimate(policy=SHOWN, method="mean", ess=size, enough=False)
    return _told(SHOWN, "mean", size, mean(log))


def _told(policy: str, method: Method, size: float, found: Interval) -> Estimate:
    return Estimate(
        policy=policy,
        method=method,
        ess=size,
        enough=True,
        value=found.value,
        low=found.low,
        high=found.high,
    )


def _advantages(log: Log, on_log: Mapping[str, Target], sizes: Mapping[str, float]) -> Mapping[str, Interval]:
    """How much better the learned policy is than each baseline, where there is enough evidence of both."""
    if sizes[LEARNED] < ENOUGH:
        return {}
    told = [name for name in BASELINES if sizes[name] >= ENOUGH]
    return {name: advantage(log, on_log[LEARNED], on_log[name]) for name in told}
