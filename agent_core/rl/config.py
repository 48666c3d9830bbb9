"""`.dspy_rl.json` of a workspace: how to suggest. What else it says is for training and is left alone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from agent_core.files import read_bounded

CONFIG_FILE = ".dspy_rl.json"

PolicyName = Literal["thompson", "epsilon-greedy", "ucb1"]
POLICIES: tuple[PolicyName, ...] = get_args(PolicyName)
_SPELLINGS: dict[str, PolicyName] = {
    "thompsonsampling": "thompson",
    "ts": "thompson",
    "lints": "thompson",
    "epsilon": "epsilon-greedy",
    "egreedy": "epsilon-greedy",
    "epsgreedy": "epsilon-greedy",
    "ucb": "ucb1",
    **{name.replace("-", ""): name for name in POLICIES},
}
"""What older files and other programs call the policies, without case, dashes, underscores and spaces."""

_LIMIT = 1024 * 1024
_LONGEST_SHOWN = 40


class RlConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How to suggest.

    Args:
        policy: Which policy.
        epsilon: How often epsilon-greedy puts any tool first, 0 to 1.
        ucb_c: The weight of what UCB1 does not know yet, 0 to 100.
    """

    policy: PolicyName = "thompson"
    epsilon: float = 0.1
    ucb_c: float = math.sqrt(2.0)


def load_rl_config(root: Path) -> tuple[RlConfig, tuple[str, ...]]:
    """The configuration of the workspace at `root`, and a sentence for each thing that is wrong with it.

    What is wrong or missing has its default; so has everything where the file cannot be read.
    """
    path = root / CONFIG_FILE
    try:
        plain = msgspec.json.decode(read_bounded(path, _LIMIT))
    except FileNotFoundError:
        return RlConfig(), ()
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError) as error:
        return RlConfig(), (f"{CONFIG_FILE} cannot be read ({error}); the defaults hold",)
    if not isinstance(plain, dict):
        return RlConfig(), (f"{CONFIG_FILE} is no JSON object; the defaults hold",)
    return _taken(plain)  # pyright: ignore[reportUnknownArgumentType]


def _taken(plain: dict[str, Any]) -> tuple[RlConfig, tuple[str, ...]]:
    defaults = RlConfig()
    warnings: list[str] = []
    named = plain.get("policy", defaults.policy)
    policy = (
        _SPELLINGS.get("".join(c for c in named.lower() if c not in "-_ "))
        if isinstance(named, str)
        else None
    )
    if policy is None:
        warnings.append(f"{CONFIG_FILE}: there is no policy {_shown(named)}; known are {', '.join(POLICIES)}")
    values = {"epsilon": defaults.epsilon, "ucb_c": defaults.ucb_c}
    for key, highest in (("epsilon", 1.0), ("ucb_c", 100.0)):
        value = plain.get(key, values[key])
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= highest:
            values[key] = float(value)
        else:
            wrong = f"{key} is {_shown(value)}, not a number from 0 to {highest:g}"
            warnings.append(f"{CONFIG_FILE}: {wrong}; it is taken for {values[key]:.3g}")
    return RlConfig(policy=policy or defaults.policy, **values), tuple(warnings)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
