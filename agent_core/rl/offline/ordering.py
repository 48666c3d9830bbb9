"""The checks of an edit in the order of the trained policy, where one is in use."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from agent_core.rl.offline.actions import by_action
from agent_core.rl.offline.changes import Changed, change_features
from agent_core.rl.offline.running import registry_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_core.changes.model import FileChange
    from agent_core.rl.offline.network import Network
    from agent_core.rl.offline.registry import About
    from agent_core.verify.api import Verifier
    from agent_core.workspace import Workspace

_LONGEST_S = 1e6
"""No check takes longer; what says so was not trained here."""


def is_used(workspace: Workspace) -> bool:
    """Whether a policy is in use at all; for a thread."""
    return registry_of(workspace).in_use is not None


def trained_order(
    workspace: Workspace,
    verifiers: Sequence[Verifier],
    changes: Sequence[FileChange],
    logs: Mapping[str, float] | None = None,
) -> tuple[Verifier, ...] | None:
    """The checks, those first that tell of a fault in such a change soonest; for a thread.

    Args:
        workspace: Whose policy.
        verifiers: What there is to check with.
        changes: What is checked.
        logs: What the logs say now, by feature; None where nobody knows.

    Returns:
        None where no policy is in use, it does not know two of the checks, or what is told of it makes no
        sense: then their usual order holds. What the policy does not know comes last.

    Raises:
        LearningFault: The policy in use cannot be read.
    """
    registry = registry_of(workspace)
    about = registry.in_use
    if about is None or not _makes_sense(about):
        return None
    found = by_action(tuple(verifiers))
    if sum(bool(found.get(action)) for action in about.actions) < 2:
        return None
    order = _order(registry.load(about), about, changes, logs)
    if order is None:
        return None
    ordered = [verifier for action in order for verifier in found.get(action, ())]
    ordered = [verifier for verifier in dict.fromkeys(ordered) if verifier in verifiers]
    return (*ordered, *(verifier for verifier in verifiers if verifier not in ordered))


def _makes_sense(about: About) -> bool:
    """Whether training could have told so: a repository can bring a policy that nobody trained."""
    count = len(about.actions)
    return (
        len(about.usual) == len(about.rates) == count
        and _within(about.usual, _LONGEST_S)
        and _within((*about.rates, *about.logs.values(), *chain(*about.logs_seen.values())), 1.0)
    )


def _within(numbers: Iterable[float], most: float) -> bool:
    return all(math.isfinite(number) and 0 <= number <= most for number in numbers)


def _order(
    network: Network, about: About, changes: Sequence[FileChange], logs: Mapping[str, float] | None
) -> list[str] | None:
    """The actions in the order of the policy. None where its weights come to no numbers."""
    import numpy as np

    look = observation(about, changes, logs)
    with np.errstate(all="ignore"):
        if not np.isfinite(network.scores(look)).all():
            return None
        (order,) = network.orders(look)
    return [about.actions[number] for number in order]


def observation(
    about: About, changes: Sequence[FileChange], logs: Mapping[str, float] | None
) -> NDArray[np.float32]:
    """What the policy sees, (1, D): what is not known here is as it was in training.

    What the logs say is kept within what they said in training: of anything else the weights know nothing.
    """
    import numpy as np

    from agent_core.rl.offline.gathering import features_of
    from agent_core.rl.offline.replay import shares

    seen = change_features([_changed(change) for change in changes])
    none = [0.0] * len(about.actions)
    share = shares(np.array([about.usual], dtype=np.float32))[0]
    row = [*features_of({**seen, **_logs_of(about, logs)}), *none, *share, *about.rates]
    return np.array([row], dtype=np.float32)


def _logs_of(about: About, logs: Mapping[str, float] | None) -> dict[str, float]:
    if logs is None:
        return about.logs
    now = {name: logs.get(name, 0.0) for name in about.logs_seen}
    kept = {name: min(most, max(least, now[name])) for name, (least, most) in about.logs_seen.items()}
    return {**about.logs, **kept}


def _changed(change: FileChange) -> Changed:
    before, after = (
        None if content is None else content.decode("utf-8", "replace")
        for content in (change.before, change.after)
    )
    return Changed(change.path, before, after)
