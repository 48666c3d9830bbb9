"""What was recorded of many changes: each action's cost, and whether it told something. All as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Episodes:
    """Changes of some projects, a row each, in the order in which they were made.

    Args:
        actions: What was run on each change: A names.
        features: What is seen of a change before anything is run, (T, F), within 0..1.
        found: Whether an action told something new and true of it, (T, A).
        seconds: What it took, (T, A), above 0.
        project: Of which project it is, (T,), numbers from 0.
        names: The projects' names.
        measures: What else was told of each action, by kind, (T, A); see `TrainingConfig.weights`.
    """

    actions: tuple[str, ...]
    features: NDArray[np.float32]
    found: NDArray[np.bool_]
    seconds: NDArray[np.float32]
    project: NDArray[np.int64]
    names: tuple[str, ...] = field(default=("",))
    measures: Mapping[str, NDArray[np.float32]] = field(default_factory=dict[str, "NDArray[np.float32]"])

    def __len__(self) -> int:
        return len(self.project)

    @cached_property
    def usual(self) -> NDArray[np.float32]:
        """What an action usually takes in a project, in seconds, (P, A): the median."""
        return self._by_project(self.seconds, median=True)

    @cached_property
    def rate(self) -> NDArray[np.float32]:
        """The share of a project's changes of which an action tells something, (P, A)."""
        return self._by_project(self.found.astype("float32"), median=False)

    def of(self, rows: NDArray[np.int64]) -> Episodes:
        """Some of the changes."""
        return Episodes(
            self.actions,
            self.features[rows],
            self.found[rows],
            self.seconds[rows],
            self.project[rows],
            self.names,
            {kind: values[rows] for kind, values in self.measures.items()},
        )

    def with_project(self, name: str) -> tuple[Episodes, Episodes]:
        """Those of the others, and those of a project."""
        import numpy as np

        own = np.equal(self.project, self.names.index(name))
        return self.of(np.flatnonzero(~own)), self.of(np.flatnonzero(own))

    def told(self) -> Episodes:
        """Those of which some action tells something; of the others there is no first failure."""
        import numpy as np

        return self.of(np.flatnonzero(self.found.any(axis=1)))

    def _by_project(self, values: NDArray[np.float32], *, median: bool) -> NDArray[np.float32]:
        import numpy as np

        found = np.zeros((len(self.names), len(self.actions)), dtype=np.float32)
        for number in range(len(self.names)):
            own = values[self.project == number]
            if len(own):
                found[number] = np.median(own, axis=0) if median else own.mean(axis=0)
        return found
