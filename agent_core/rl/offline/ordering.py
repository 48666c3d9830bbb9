"""The checks of an edit in the order of the trained policy, where one is in use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent_core.rl.offline.actions import by_action
from agent_core.rl.offline.changes import Changed, change_features
from agent_core.rl.offline.running import registry_of

if TYPE_CHECKING:
    from agent_core.changes.model import FileChange
    from agent_core.rl.offline.network import Network
    from agent_core.rl.offline.registry import About
    from agent_core.verify.api import Verifier
    from agent_core.workspace import Workspace


def trained_order(
    workspace: Workspace, verifiers: Sequence[Verifier], changes: Sequence[FileChange]
) -> tuple[Verifier, ...] | None:
    """The checks, those first that tell of a fault in such a change soonest; for a thread.

    Returns:
        None where no policy is in use, or it does not know two of the checks: then their usual order holds.
        What the policy does not know comes last.

    Raises:
        LearningFault: The policy in use cannot be read.
    """
    registry = registry_of(workspace)
    about = registry.in_use
    if about is None:
        return None
    found = by_action(tuple(verifiers))
    if sum(bool(found.get(action)) for action in about.actions) < 2:
        return None
    order = _order(registry.load(about), about, changes)
    ordered = [verifier for action in order for verifier in found.get(action, ())]
    ordered = [verifier for verifier in dict.fromkeys(ordered) if verifier in verifiers]
    return (*ordered, *(verifier for verifier in verifiers if verifier not in ordered))


def _order(network: Network, about: About, changes: Sequence[FileChange]) -> list[str]:
    """The actions in the order of the policy: what is not seen here is as it was in training."""
    import numpy as np

    from agent_core.rl.offline.gathering import features_of
    from agent_core.rl.offline.replay import shares

    seen = change_features([_changed(change) for change in changes])
    none = [0.0] * len(about.actions)
    share = shares(np.array([about.usual], dtype=np.float32))[0]
    row = [*features_of({**seen, **about.logs}), *none, *share, *about.rates]
    (order,) = network.orders(np.array([row], dtype=np.float32))
    return [about.actions[number] for number in order]


def _changed(change: FileChange) -> Changed:
    before, after = (
        None if content is None else content.decode("utf-8", "replace")
        for content in (change.before, change.after)
    )
    return Changed(change.path, before, after)
