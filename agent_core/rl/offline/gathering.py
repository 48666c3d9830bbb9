"""From what was recorded to arrays that are trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

from agent_core.errors import LearningFault
from agent_core.rl.offline.changes import CHANGE_FEATURES, change_features
from agent_core.rl.offline.replay import LOG_FEATURES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_core.rl.offline.episodes import Episodes
    from agent_core.rl.offline.outcomes import Outcome
    from agent_core.rl.offline.planting import Bug
    from agent_core.rl.offline.recording import Recording

_NAMES = (*(feature.name for feature in CHANGE_FEATURES), *LOG_FEATURES)
_LEAST_S = 1e-3
_ONE_IN = 3
"""One bug in so many is held out. They are counted through from kind to kind, so that it is a third of all of
them, too, and one of each kind that has as many."""


def features_of(seen: Mapping[str, float]) -> list[float]:
    """The numbers of a change and of the logs, in the order in which they are seen."""
    return [seen.get(name, 0.0) for name in _NAMES]


def episodes_of(
    recordings: Mapping[str, Recording],
    *,
    logs: Mapping[str, float] | None = None,
    measures: Mapping[str, Sequence[Sequence[Mapping[str, float]]]] | None = None,
) -> Episodes:
    """The changes of some projects, by name, with the actions that all of them have.

    Args:
        recordings: What was recorded.
        logs: What the logs said, by feature, where a change was recorded without asking them.
        measures: What a module of the workspace told of each outcome, as rows of actions, by project.

    Raises:
        LearningFault: They have no action in common.
    """
    import numpy as np

    from agent_core.rl.offline.episodes import Episodes

    first = next(iter(recordings.values()))
    actions = tuple(
        name for name in first.actions if all(name in each.actions for each in recordings.values())
    )
    if not actions:
        raise LearningFault("These projects have no action in common", hint="Set commands in .dspy_rl.json.")
    rows: list[list[float]] = []
    found: list[list[bool]] = []
    seconds: list[list[float]] = []
    project: list[int] = []
    told: list[list[Mapping[str, float]]] = []
    for number, (name, each) in enumerate(recordings.items()):
        places = [each.actions.index(action) for action in actions]
        extra = (measures or {}).get(name)
        for row, bug in enumerate(each.bugs):
            rows.append(features_of({**_seen(bug), **_logs_at(each.rows[row], logs or {})}))
            found.append([each.rows[row][place].found for place in places])
            seconds.append([max(_LEAST_S, each.rows[row][place].seconds) for place in places])
            told.append([extra[row][place] if extra else {} for place in places])
            project.append(number)
    return Episodes(
        actions=actions,
        features=np.array(rows, dtype=np.float32),
        found=np.array(found, dtype=bool),
        seconds=np.array(seconds, dtype=np.float32),
        project=np.array(project, dtype=np.int64),
        names=tuple(recordings),
        measures=_by_kind(told),
    )


def logs_seen(episodes: Episodes) -> dict[str, tuple[float, float]]:
    """The least and the most that the logs said of each of their features."""
    own = [_NAMES.index(name) for name in LOG_FEATURES]
    least, most = episodes.features.min(axis=0), episodes.features.max(axis=0)
    return {_NAMES[number]: (float(least[number]), float(most[number])) for number in own}


def held_out(bugs: Sequence[Bug]) -> NDArray[np.bool_]:
    """Which bugs a policy is compared by, and not trained on: a third of each kind, wherever they stand.

    Kinds are dealt in turn, so that their places would choose some of them alone.
    """
    import numpy as np

    held = np.zeros(len(bugs), dtype=bool)
    order = sorted(range(len(bugs)), key=lambda row: (bugs[row].mutation.kind, _drawn(bugs[row])))
    held[order[_ONE_IN - 1 :: _ONE_IN]] = True
    return held


def _drawn(bug: Bug) -> bytes:
    return blake2b(bug.id.encode(), digest_size=8).digest()


def _seen(bug: Bug) -> dict[str, float]:
    return change_features((bug.changed,))


def _logs_at(row: Sequence[Outcome], otherwise: Mapping[str, float]) -> dict[str, float]:
    """What the logs said when the first of a change's actions was run."""
    said = next((outcome.logs for outcome in row if outcome.logs is not None), otherwise)
    return {name: min(1.0, max(0.0, said.get(name, 0.0))) for name in LOG_FEATURES}


def _by_kind(told: Sequence[Sequence[Mapping[str, float]]]) -> dict[str, NDArray[np.float32]]:
    import numpy as np

    kinds = sorted({kind for row in told for each in row for kind in each})
    return {
        kind: np.array([[each.get(kind, 0.0) for each in row] for row in told], dtype=np.float32)
        for kind in kinds
    }
