"""The replay as PufferLib knows environments: one native environment that holds all of them as agents.

Importing this imports PufferLib. It wants a module `gym`, leaves a link in the working folder and swaps
standard output while it is imported: here it gets gymnasium, an empty folder, and nothing is left.
"""

# PufferLib is not there in every environment that this is checked in, so nothing is known of its types.
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import contextlib
import importlib
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.episodes import Episodes
from agent_core.rl.offline.replay import Replay, Stepped

sys.modules.setdefault("gym", gymnasium)
with tempfile.TemporaryDirectory() as _nowhere, contextlib.chdir(_nowhere):
    pufferlib = importlib.import_module("pufferlib")
    vector = importlib.import_module("pufferlib.vector")


class ReplayEnv(pufferlib.PufferEnv):
    """Environments side by side, an agent each; what they see is written into PufferLib's own arrays.

    Args:
        episodes: What was recorded.
        config: What a reward is.
        count: How many.
        buf: The arrays, where several environments share some.
        seed: Of the changes that are drawn.
        hidden: See `Replay`.
    """

    def __init__(
        self,
        episodes: Episodes,
        config: TrainingConfig,
        *,
        count: int,
        buf: Any = None,
        seed: int = 0,
        hidden: float = 0.0,
    ) -> None:
        self.replay = Replay(episodes, config, count=count, seed=seed, hidden=hidden)
        self.single_observation_space = gymnasium.spaces.Box(
            0.0, 1.0, (self.replay.seen.shape[1],), np.float32
        )
        self.single_action_space = gymnasium.spaces.Discrete(len(episodes.actions))
        self.num_agents = count
        super().__init__(buf)
        self.replay.seen = self.observations
        self.seconds = np.zeros(count, dtype=np.float32)
        """What the last step took, in seconds."""

    def reset(self, seed: int | None = None) -> tuple[NDArray[np.float32], list[Any]]:
        """Begin a change in each."""
        self.replay.reset(seed)
        self._write(None)
        return self.observations, []

    def step(self, actions: NDArray[np.int64]) -> tuple[Any, ...]:
        """Run an action in each."""
        self._write(self.replay.step(actions))
        return self.observations, self.rewards, self.terminals, self.truncations, []

    def go_on(self, state: Mapping[str, Any]) -> None:
        """Be as the replay was when its state was this."""
        self.replay.go_on(state)
        self._write(None)

    def close(self) -> None:
        """There is nothing to be closed."""

    def _write(self, stepped: Stepped | None) -> None:
        self.rewards[:] = stepped.rewards if stepped else 0.0
        self.terminals[:] = stepped.ended if stepped else False
        self.seconds[:] = stepped.seconds if stepped else 0.0


class PufferReplay:
    """A replay that PufferLib's vectorisation steps; it does what `Replay` does, step for step.

    Args:
        episodes: What was recorded.
        config: What a reward is.
        count: How many environments.
        seed: Of the changes that are drawn.
        hidden: See `Replay`.
    """

    def __init__(
        self, episodes: Episodes, config: TrainingConfig, *, count: int, seed: int = 0, hidden: float = 0.0
    ) -> None:
        self._seed = seed
        given = {"count": count, "hidden": hidden}
        self.vector = vector.make(
            ReplayEnv, env_args=[episodes, config], env_kwargs=given, backend=vector.Serial
        )
        """PufferLib's own object."""
        self._env: ReplayEnv = self.vector.envs[0]
        self.spread = self._env.replay.spread
        """As the replay's."""

    def reset(self) -> NDArray[np.float32]:
        """Begin a change in every environment."""
        return self.vector.reset(seed=self._seed)[0]

    def step(self, actions: NDArray[np.int64]) -> Stepped:
        """Run an action, by its number, in each environment."""
        seen, rewards, ended, _, _ = self.vector.step(actions)
        return Stepped(seen, rewards, ended, self._env.seconds)

    def state(self) -> dict[str, Any]:
        """All that is needed to go on as if it had not been left."""
        return self._env.replay.state()

    def go_on(self, state: Mapping[str, Any]) -> NDArray[np.float32]:
        """Be as `state` was; what is seen then."""
        self.vector.reset()
        self._env.go_on(state)
        return self.vector.observations
