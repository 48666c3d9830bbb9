"""The policies that are compared, as probabilities of each tool to be first in each decision of a log."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from agent_core.rl.knowledge import Knowledge
from agent_core.rl.ope.log import COLUMN, Bools, Floats, Ints, Log, was_used
from agent_core.rl.policy import Policy
from agent_core.rl.records import Score

FOLDS = 5
_BLOCKS = 25

MakePolicy = Callable[[Knowledge], Policy]
"""The policy over what was learnt."""


def folds(n: int) -> Ints:
    """The fold of each decision: blocks of neighbours, since one session's decisions are alike, dealt out."""
    return np.arange(n) * _BLOCKS // max(n, 1) % FOLDS


def rules(log: Log) -> Floats:
    """The first allowed tool in the static order."""
    return _only(log, log.allowed.argmax(axis=1))


def uniform(log: Log) -> Floats:
    """Every allowed tool alike."""
    return log.allowed / log.allowed.sum(axis=1, keepdims=True)


def most_used(log: Log) -> Floats:
    """The allowed tool that had been used most when the decision was made; the static order among equals."""
    uses = sorted(
        (max(score.at, score.decided_at), row, COLUMN[each.tool])
        for row, score in enumerate(log.scores)
        for each in score.observed
        if was_used(each)
    )
    counts = np.zeros(len(COLUMN), dtype=np.intp)
    chosen = np.zeros(len(log), dtype=np.intp)
    done = 0
    for row, score in enumerate(log.scores):
        while done < len(uses) and uses[done][:2] < (score.decided_at, row):
            counts[uses[done][2]] += 1
            done += 1
        chosen[row] = np.where(log.allowed[row], counts, -1).argmax()
    return _only(log, chosen)


def learned(log: Log, make_policy: MakePolicy) -> Floats:
    """The policy as it would be now, in each fold without what that fold taught it."""
    fold = folds(len(log))
    found = np.zeros(log.allowed.shape)
    for held in np.unique(fold):
        first = _firsts(make_policy(_knowledge(log, fold != held)))
        for row in np.flatnonzero(fold == held):
            found[row] = first(log.scores[row])
    return found


def _knowledge(log: Log, rows: Bools) -> Knowledge:
    """What these decisions taught, in the order in which they were scored."""
    scores = [log.scores[row] for row in np.flatnonzero(rows) if log.scores[row].learn]
    scores.sort(key=lambda score: score.at)
    knowledge = Knowledge.fresh()
    knowledge.learn_all(
        (score.features, each.tool, each.reward) for score in scores for each in score.observed
    )
    return knowledge


def _firsts(policy: Policy) -> Callable[[Score], Floats]:
    """The probabilities of each tool to be first; situations that come again cost nothing."""
    known: dict[tuple[object, ...], Floats] = {}

    def first(score: Score) -> Floats:
        key = (score.allowed, *score.features.items())
        found = known.get(key)
        if found is None:
            found = known[key] = np.zeros(len(COLUMN))
            for tool, probability in policy.first(score.features, score.allowed).items():
                found[COLUMN[tool]] = probability
        return found

    return first


def _only(log: Log, chosen: Ints) -> Floats:
    found = np.zeros(log.allowed.shape)
    found[np.arange(len(log)), chosen] = 1.0
    return found
