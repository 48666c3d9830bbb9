"""Recorded changes as many environments side by side: nothing is run, so steps take microseconds.

An episode is a change. An action runs a verifier; the episode ends when one tells something new and true of
the change, or when all have run. What is seen is the change (`changes`), the logs, and of each action whether
it has run, its share of what all usually take, and how often it told something in the last changes of the
project.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from agent_core.rl.offline.changes import CHANGE_FEATURES
from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.reward import reward_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent_core.rl.offline.episodes import Episodes

LOG_FEATURES = ("log_errors", "log_new")
"""As suggestions see them; of a bus if there is one."""
ACTION_FEATURES = ("tried", "cost", "rate")
MOST_PAST = 50
"""So many earlier changes of a project say how often an action tells something."""
_IDLE = 0.05
"""What it costs, as a share of running everything, to ask for what has run already: its result is known."""


def observed(actions: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the numbers that are seen, in their order."""
    change = (feature.name for feature in CHANGE_FEATURES)
    return (*change, *LOG_FEATURES, *(f"{action}.{name}" for name in ACTION_FEATURES for action in actions))


class Stepped(NamedTuple):
    """After a step of n environments: the observations (n, D), rewards and ends (n,), and the cost in seconds
    (n,). Those that ended have begun anew: theirs is the first observation of the next change."""

    seen: NDArray[np.float32]
    rewards: NDArray[np.float32]
    ended: NDArray[np.bool_]
    seconds: NDArray[np.float32]


class Replay:
    """See above.

    Args:
        episodes: What was recorded.
        config: What a reward is.
        count: How many environments.
        seed: Of the changes that are drawn, and of the past of their projects.
        hidden: The chance of each number of a change to be seen as 0 (Srivastava and others 2014): of few
            changes a policy would else learn each by heart, and nothing of the next project's.
    """

    def __init__(
        self, episodes: Episodes, config: TrainingConfig, *, count: int, seed: int = 0, hidden: float = 0.0
    ) -> None:
        if not len(episodes):
            raise ValueError("there is nothing to replay")
        self._all, self._count = episodes, count
        self._random = np.random.default_rng(seed)
        shape = (count, len(episodes.actions))
        self._share = shares(episodes.usual)
        self._rewards = _rewards(episodes, config)
        self.spread = float(self._rewards.std()) or 1.0
        """How far rewards differ: their standard deviation, 1 where they don't."""
        self._idle = np.float32(reward_of({"found": 0.0, "cost": _IDLE, "seconds": 0.0}, config))
        self._task = np.zeros(count, dtype=np.int64)
        self._tried = np.zeros(shape, dtype=bool)
        self._rate = np.zeros(shape, dtype=np.float32)
        self._steps = np.zeros(count, dtype=np.int64)
        self._row = np.arange(count)
        fixed = episodes.features.shape[1]
        self._hidden = hidden
        self._shown = np.ones((count, fixed), dtype=np.float32)
        self.seen = np.zeros((count, fixed + len(ACTION_FEATURES) * shape[1]), dtype=np.float32)
        """What is seen now; it is written anew in every step."""

    @property
    def tried(self) -> NDArray[np.bool_]:
        """Which actions have run, (n, A)."""
        return self._tried

    def reset(self, seed: int | None = None) -> NDArray[np.float32]:
        """Begin a change in every environment, of the draws of another seed if one is given."""
        if seed is not None:
            self._random = np.random.default_rng(seed)
        self._begin(np.ones(self._count, dtype=bool))
        self._look()
        return self.seen

    def step(self, actions: NDArray[np.int64]) -> Stepped:
        """Run an action, by its number, in each environment."""
        row, episodes = self._row, self._all
        again = self._tried[row, actions]
        found = episodes.found[self._task, actions] & ~again
        seconds = np.where(again, np.float32(0.0), episodes.seconds[self._task, actions])
        rewards = np.where(again, self._idle, self._rewards[self._task, actions])
        self._tried[row, actions] = True
        self._steps += 1
        ended = found | self._tried.all(axis=1) | (self._steps >= 2 * self._tried.shape[1])
        if ended.any():
            self._begin(ended)
        self._look()
        return Stepped(self.seen, rewards, ended, seconds)

    def state(self) -> dict[str, Any]:
        """All that a replay needs to go on as if it had not been left."""
        kept = {name: array.copy() for name, array in self._kept().items()}
        return {"random": self._random.bit_generator.state, **kept}

    def go_on(self, state: Mapping[str, Any]) -> NDArray[np.float32]:
        """Be as `state` was; what is seen then."""
        self._random.bit_generator.state = state["random"]
        for name, own in self._kept().items():
            own[...] = state[name]
        self._look()
        return self.seen

    def _kept(self) -> dict[str, NDArray[Any]]:
        return {
            "task": self._task, "tried": self._tried, "rate": self._rate, "steps": self._steps,
            "shown": self._shown,
        }  # fmt: skip

    def _begin(self, which: NDArray[np.bool_]) -> None:
        count = int(which.sum())
        tasks = self._random.integers(len(self._all), size=count)
        self._task[which] = tasks
        self._tried[which] = False
        self._steps[which] = 0
        past = self._random.integers(MOST_PAST + 1, size=(count, 1))
        told = self._random.binomial(past, self._all.rate[self._all.project[tasks]])
        self._rate[which] = smoothed(told, past)
        if self._hidden:
            self._shown[which] = self._random.random((count, self._shown.shape[1])) >= self._hidden

    def _look(self) -> None:
        fixed = self._all.features.shape[1]
        actions = self._tried.shape[1]
        self.seen[:, :fixed] = self._all.features[self._task]
        if self._hidden:
            self.seen[:, :fixed] *= self._shown
        self.seen[:, fixed : fixed + actions] = self._tried
        self.seen[:, fixed + actions : fixed + 2 * actions] = self._share[self._all.project[self._task]]
        self.seen[:, fixed + 2 * actions :] = self._rate


def viewed(episodes: Episodes, *, past: Episodes) -> NDArray[np.float32]:
    """What is seen of each change before anything has run on it, (T, D); of the projects' past what the
    changes `past` tell of it."""
    none = np.zeros(episodes.found.shape, dtype=np.float32)
    share = shares(episodes.usual)[episodes.project]
    return np.concatenate([episodes.features, none, share, rates_of(past)[episodes.project]], axis=1)


def rates_of(past: Episodes) -> NDArray[np.float32]:
    """How often each action told something of a project's last changes, (P, A)."""
    told = np.zeros((len(past.names), len(past.actions)), dtype=np.int64)
    counts = np.zeros((len(past.names), 1), dtype=np.int64)
    for number in range(len(past.names)):
        last = past.found[past.project == number][-MOST_PAST:]
        told[number], counts[number] = np.count_nonzero(last, axis=0), len(last)
    return smoothed(told, counts)


def shares(usual: NDArray[np.float32]) -> NDArray[np.float32]:
    """What each action usually takes, over what all take together, by project."""
    return usual / np.maximum(usual.sum(axis=1, keepdims=True), np.float32(1e-9))


def smoothed(told: NDArray[np.int64], past: NDArray[np.int64]) -> NDArray[np.float32]:
    """How often an action told something, where of no past nothing is known (Laplace)."""
    return ((told + 1) / (past + 2)).astype(np.float32)


def _rewards(episodes: Episodes, config: TrainingConfig) -> NDArray[np.float32]:
    """Of each action on each change, (T, A)."""
    all_of_it = np.maximum(episodes.usual.sum(axis=1), 1e-9)[episodes.project]
    rewards = np.empty(episodes.seconds.shape, dtype=np.float32)
    for task, action in np.ndindex(rewards.shape):
        seconds = float(episodes.seconds[task, action])
        measures = {
            "found": float(episodes.found[task, action]), "seconds": seconds,
            "cost": seconds / float(all_of_it[task]),
            **{kind: float(values[task, action]) for kind, values in episodes.measures.items()},
        }  # fmt: skip
        rewards[task, action] = reward_of(measures, config)
    return rewards
