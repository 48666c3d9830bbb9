"""How many steps a training does at once, and when it looks how good it has become."""

from __future__ import annotations

import math
from dataclasses import dataclass

_LEAST, _MOST = 64, 4096
"""Steps between two updates, all environments together."""
_SPREAD = 2.0
"""Steps between two updates, over the root of all steps: of more steps, updates are more and larger."""
_SHORTEST = 4
_MOST_EPOCHS, _LEAST_EPOCHS = 20, 4
_LOOKS = 60


@dataclass(frozen=True, slots=True)
class Pace:
    """For so many steps of so many environments.

    Args:
        steps: At least, all environments together; every environment does as many as the others.
        envs: How many environments.
    """

    steps: int
    envs: int

    @property
    def rounds(self) -> int:
        """Steps of each environment."""
        return -(-self.steps // self.envs)

    @property
    def horizon(self) -> int:
        """Steps of each environment between two updates."""
        wanted = min(_MOST, max(_LEAST, round(_SPREAD * math.sqrt(self.steps))))
        return max(_SHORTEST, -(-wanted // self.envs))

    @property
    def updates(self) -> int:
        """How many there are."""
        return -(-self.rounds // self.horizon)

    @property
    def epochs(self) -> int:
        """How often the steps before an update are gone through: few steps are worth more than time is."""
        wanted = _MOST_EPOCHS * math.sqrt(_LEAST / (self.horizon * self.envs))
        return min(_MOST_EPOCHS, max(_LEAST_EPOCHS, round(wanted)))

    @property
    def every(self) -> int:
        """It is looked after so many updates, and after the last one."""
        return -(-self.updates // _LOOKS)

    def horizon_of(self, update: int) -> int:
        """Steps of each environment before an update, by its number from 0: the last one may have fewer."""
        return min(self.horizon, self.rounds - update * self.horizon)

    def steps_after(self, update: int) -> int:
        """Steps that were done when so many updates were."""
        return min(self.rounds, update * self.horizon) * self.envs

    def looks(self, update: int) -> bool:
        """Whether it is looked when so many updates were done."""
        return update % self.every == 0 or update == self.updates
