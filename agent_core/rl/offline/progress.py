"""What a training tells: a JSON line each, from its process to the program."""

from __future__ import annotations

import msgspec

from agent_core.errors import ErrorInfo


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """After an update. The same request gives the same points, whether the training was interrupted or not.

    Args:
        update: Its number, from 1; 0 is before the first, where only `held_out` and `share` tell something.
        steps: So many were done, all environments together.
        cost: The mean cost of an episode, in seconds, as it was drawn.
        reward: The mean reward of a step.
        entropy: Of the policy, in nats.
        value_loss: Of what is expected of a change, with rewards in units of their spread.
        kl: How far the update moved the policy, in nats.
        held_out: The mean cost in seconds until the first failure of changes that are not trained on; None
            where it was not looked.
        share: The same as a share of what all actions take.
    """

    update: int
    steps: int
    cost: float = 0.0
    reward: float = 0.0
    entropy: float = 0.0
    value_loss: float = 0.0
    kl: float = 0.0
    held_out: float | None = None
    share: float | None = None


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """The training goes on.

    Args:
        point: Where it is.
        steps: So many there are to be.
        steps_per_s: In the update.
        best: The lowest `share` so far, which decides which weights are kept.
    """

    point: Point
    steps: int
    steps_per_s: float
    best: float


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The policy is written.

    Args:
        curve: The points at which it was looked.
        best: Of them the one whose weights were kept.
        stopped_early: Whether it ended because nothing got better for a while.
        fingerprint: Of what it was trained on, and how.
    """

    curve: tuple[Point, ...]
    best: Point
    stopped_early: bool
    fingerprint: str


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """It cannot go on."""

    error: ErrorInfo


Told = Progress | Finished | Failed
