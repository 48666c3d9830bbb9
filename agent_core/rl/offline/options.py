"""How long and how one training runs, as it is asked for."""

from __future__ import annotations

import msgspec

from agent_core.errors import UsageError

_MOST_STEPS = 1_000_000_000


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how to train.

    Args:
        steps: All environments together, 1 to a thousand million.
        lr: Adam's step at the beginning, above 0, at most 1; it sinks to 0.
        entropy: The weight of the entropy, 0 to 10.
        seed: Of the weights, and of all that is drawn.
    """

    steps: int = 300
    lr: float = 5e-4
    entropy: float = 0.02
    seed: int = 0


def check_options(options: Options) -> None:
    """Raises UsageError where training with them makes no sense."""
    for name, value, good, meant in (
        ("steps", options.steps, 1 <= options.steps <= _MOST_STEPS, f"from 1 to {_MOST_STEPS}"),
        ("lr", options.lr, 0 < options.lr <= 1, "above 0 and at most 1"),
        ("entropy", options.entropy, 0 <= options.entropy <= 10, "from 0 to 10"),
        ("seed", options.seed, 0 <= options.seed < 1 << 63, "from 0 to 2^63 - 1"),
    ):
        if not good:
            raise UsageError(f"--{name} is {value}, not {meant}")
