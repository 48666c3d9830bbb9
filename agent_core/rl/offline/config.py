"""What `.dspy_rl.json` says of training.

How to suggest is read leniently (`agent_core.rl.config`): a session goes on with the defaults. A training is
given up instead: it takes long, and a weight that silently was another one spoils it.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from agent_core.errors import ConfigError
from agent_core.files import read_bounded
from agent_core.rl.config import CONFIG_FILE, RlConfig
from agent_core.text import one_line, shorten

ACTIONS = ("run_tests", "lint", "build", "patch")
"""What can be done to a change; `patch` tries to repair it, and only where it is configured."""
_LIMIT = 1024 * 1024
MOST_ENVS = 64
_LONGEST_S = 24 * 3600.0
_SHOWN = 60
_WEIGHTS = {"found": 1.0, "cost": 1.0}
_COSTS = ("seconds", "cost")
_MEASURED = ("found", *_COSTS)
"""What every run tells, without a module of the workspace."""
Scale = float | tuple[float, float]


class TrainingConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How to train.

    What a run of an action told is a few measures, each of a kind: `found` (1 when it told something new and
    true of the change, else 0), `seconds`, `cost` (these over what all actions of the project take together)
    and those of a module of the workspace. The reward is the sum of `weights[kind] * value`, where the value
    is brought to the scale `scales[kind]`, kept between 0 and 1 for the `clamp01_kinds`, and taken off
    instead for the `penalty_kinds`.

    Args:
        n_envs: Environments that are stepped side by side, 1 to 64.
        puffer: Whether PufferLib steps them; without it a plain loop does, more slowly.
        verifiers_module: A module of the workspace with `get_verifiers()`; "" for none.
        actions: Which may be chosen, each once.
        weights: By kind, 1 for `found` and `cost` where nothing else is said. A kind without one counts
            nothing.
        penalty_kinds: Those that are taken off; `seconds` and `cost` always are.
        clamp01_kinds: Those that are kept between 0 and 1.
        scales: What a value is divided by, above 0, 1 where none is given; or what stands for 0 and for 1.
        test_cmd: Instead of the detected command; "" for that. Likewise the next two.
        timeout_sec: After so many seconds a run is ended, with all that it started.
    """

    n_envs: int = 1
    puffer: bool = True
    verifiers_module: str = ""
    actions: tuple[str, ...] = ACTIONS[:3]
    weights: dict[str, float] = msgspec.field(default_factory=lambda: dict(_WEIGHTS))
    penalty_kinds: tuple[str, ...] = _COSTS
    clamp01_kinds: tuple[str, ...] = ("found",)
    scales: dict[str, Scale] = msgspec.field(default_factory=lambda: {"seconds": 60.0})
    test_cmd: str = ""
    lint_cmd: str = ""
    build_cmd: str = ""
    timeout_sec: float = 180.0


KEYS = (*RlConfig.__struct_fields__, *TrainingConfig.__struct_fields__)
"""All that the file may say, in the order in which it is written."""


def load_training_config(root: Path) -> tuple[TrainingConfig, tuple[str, ...]]:
    """The configuration of the workspace at `root`, and what `training_config_of` noticed.

    Raises:
        ConfigError: The file cannot be read, or a value in it is wrong.
    """
    try:
        # the standard library's reader, as other programs write NaN: it is refused with its key below
        plain = json.loads(read_bounded(root / CONFIG_FILE, _LIMIT))
    except FileNotFoundError:
        return TrainingConfig(), ()
    except (OSError, ValueError, RecursionError) as error:
        raise _wrong(f"it cannot be read ({shorten(one_line(str(error)), _SHOWN)})") from error
    if not isinstance(plain, dict):
        raise _wrong("it is no JSON object")
    return training_config_of(cast("dict[str, Any]", plain))


def training_config_of(plain: Mapping[str, Any]) -> tuple[TrainingConfig, tuple[str, ...]]:
    """The configuration that a JSON object is, and a sentence for each key that nobody knows and each weight
    that counts nothing.

    Raises:
        ConfigError: A value is wrong.
    """
    known = TrainingConfig.__struct_fields__
    values: dict[str, Any] = {
        name: _TAKE[name](name, plain[name]) for name in known if plain.get(name) is not None
    }
    config = TrainingConfig(**values)
    return config, (*(_unknown(key) for key in plain if key not in KEYS), *_unmeasured(config))


def written(training: TrainingConfig, suggesting: RlConfig | None = None) -> str:
    """The text of a file that says all of it."""
    plain = {**msgspec.to_builtins(suggesting or RlConfig()), **msgspec.to_builtins(training)}
    return json.dumps({key: plain[key] for key in KEYS}, indent=2) + "\n"


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key, KEYS, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"{CONFIG_FILE}: nobody knows the key {_shown(key)}{meant}"


def _unmeasured(config: TrainingConfig) -> tuple[str, ...]:
    """A sentence for each weight of what nothing measures; of a module's kinds nothing is known yet."""
    if config.verifiers_module:
        return ()
    return tuple(
        f"{CONFIG_FILE}: nothing measures {_named(kind)}, so its weight counts nothing; "
        "a verifiers_module can measure it"
        for kind, weight in config.weights.items()
        if weight and kind not in _MEASURED
    )


def _number(name: str, value: Any, *, least: float = -math.inf, most: float = math.inf) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(f"{name} is {_shown(value)}, not a number")
    try:
        number = float(value)
    except OverflowError:  # a whole number may have any number of digits
        raise _wrong(f"{name} is {_shown(value)}, too large a number") from None
    if not math.isfinite(number):
        raise _wrong(f"{name} is {_shown(value)}, not a number")
    if not least <= number <= most:
        raise _wrong(f"{name} is {_shown(value)}, not from {least:g} to {most:g}")
    return number


def _whole(name: str, value: Any) -> int:
    number = _number(name, value, least=1, most=MOST_ENVS)
    if number != int(number):
        raise _wrong(f"{name} is {_shown(value)}, not a whole number")
    return int(number)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(f"{name} is {_shown(value)}, neither true nor false")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise _wrong(f"{name} is {_shown(value)}, not a text")
    return value.strip()


def _module(name: str, value: Any) -> str:
    text = _text(name, value)
    if text and not all(part.isidentifier() for part in text.split(".")):
        raise _wrong(f"{name} is {_shown(value)}, not the name of a module such as tools.verifiers")
    return text


def _kinds(name: str, value: Any) -> tuple[str, ...]:
    names: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [None]
    if not all(isinstance(each, str) for each in names):
        raise _wrong(f"{name} is {_shown(cast('Any', value))}, not a list of names")
    return tuple(dict.fromkeys(names))


def _actions(name: str, value: Any) -> tuple[str, ...]:
    actions = _kinds(name, value)
    for action in actions:
        if action not in ACTIONS:
            raise _wrong(f"{name}: there is no action {_shown(action)}; known are {', '.join(ACTIONS)}")
    if not actions:
        raise _wrong(f"{name} is empty; known are {', '.join(ACTIONS)}")
    return actions


def _penalties(name: str, value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*_COSTS, *_kinds(name, value))))


def _object(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(f"{name} is {_shown(value)}, not an object of numbers")
    return cast("dict[str, Any]", value)


def _weights(name: str, value: Any) -> dict[str, float]:
    given = _object(name, value)
    return _WEIGHTS | {kind: _number(f"{name}.{_named(kind)}", given[kind]) for kind in given}


def _scales(name: str, value: Any) -> dict[str, Scale]:
    given = _object(name, value)
    return {kind: _scale(f"{name}.{_named(kind)}", given[kind]) for kind in given}


def _scale(name: str, value: Any) -> Scale:
    if isinstance(value, list):
        return _range(name, cast("list[Any]", value))
    scale = _number(name, value)
    if scale <= 0:
        raise _wrong(f"{name} is {scale:g}, and values are divided by it")
    return scale


def _range(name: str, value: list[Any]) -> tuple[float, float]:
    if len(value) != 2:
        raise _wrong(f"{name} is {_shown(value)}, neither a number nor two, [least, most]")
    low, high = (_number(name, each) for each in value)
    if not 0 < high - low < math.inf:
        raise _wrong(f"{name} is {_shown(value)}, and the second is to be the larger")
    return low, high


def _seconds(name: str, value: Any) -> float:
    return _number(name, value, least=1.0, most=_LONGEST_S)


_TAKE: dict[str, Callable[[str, Any], Any]] = {
    "n_envs": _whole,
    "puffer": _flag,
    "verifiers_module": _module,
    "actions": _actions,
    "weights": _weights,
    "penalty_kinds": _penalties,
    "clamp01_kinds": _kinds,
    "scales": _scales,
    "test_cmd": _text,
    "lint_cmd": _text,
    "build_cmd": _text,
    "timeout_sec": _seconds,
}


def _named(kind: str) -> str:
    return shorten(one_line(kind), _SHOWN)


def _shown(value: object) -> str:
    return shorten(one_line(repr(value)), _SHOWN)


def _wrong(what: str) -> ConfigError:
    return ConfigError(
        f"{CONFIG_FILE}: {what}",
        hint="`rl config init --out FILE` writes one with every key and its default.",
    )
