"""The configuration of training, and the reward that it makes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.errors import ConfigError
from agent_core.rl.config import CONFIG_FILE, RlConfig, load_rl_config
from agent_core.rl.offline.config import (
    KEYS,
    TrainingConfig,
    load_training_config,
    training_config_of,
    written,
)
from agent_core.rl.offline.reward import parts_of, reward_of

OLDER: dict[str, Any] = {
    "policy": "epsilon-greedy", "epsilon": 0.2, "ucb_c": 2.0, "n_envs": 2, "puffer": False,
    "verifiers_module": "tools.verifiers", "actions": ["lint", "build", "run_tests"],
    "weights": {"pass_rate": 1.0, "blast_radius": 1}, "penalty_kinds": ["blast_radius"],
    "clamp01_kinds": ["pass_rate"], "scales": {"blast_radius": [0.0, 100.0]}, "test_cmd": "pytest -q",
    "lint_cmd": "ruff check .", "build_cmd": "python -m compileall -q .", "timeout_sec": 180,
}  # fmt: skip
"""As an older tool wrote it."""


def test_a_file_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    assert load_training_config(tmp_path) == (TrainingConfig(), ())
    config = TrainingConfig(n_envs=4, actions=("lint",), test_cmd="pytest -x", scales={"seconds": 5.0})
    (tmp_path / CONFIG_FILE).write_text(written(config, RlConfig(policy="ucb1")))
    assert load_training_config(tmp_path) == (config, ())
    assert load_rl_config(tmp_path) == (RlConfig(policy="ucb1"), ())
    assert tuple(json.loads((tmp_path / CONFIG_FILE).read_text())) == KEYS


def test_the_file_of_an_older_tool_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_text(json.dumps(OLDER))
    config, warnings = load_training_config(tmp_path)
    assert not warnings and tuple(OLDER) == KEYS
    assert (config.n_envs, config.puffer, config.actions) == (2, False, ("lint", "build", "run_tests"))
    assert reward_of({"pass_rate": 2.0, "blast_radius": 50.0}, config) == pytest.approx(0.5)
    assert reward_of({"found": 1.0, "cost": 0.25}, config) == pytest.approx(0.75)


def test_a_scale_is_a_number_or_what_stands_for_0_and_for_1() -> None:
    config, _ = training_config_of({"weights": {"a": 1, "b": 1}, "scales": {"a": [-10, 30], "b": 4}})
    assert config.scales == {"a": (-10.0, 30.0), "b": 4.0}
    assert parts_of({"a": 0.0, "b": 2.0}, config) == {"a": 0.25, "b": 0.5}
    assert training_config_of(json.loads(written(config)))[0] == config


def test_a_weight_that_the_file_does_not_name_keeps_its_default() -> None:
    config, _ = training_config_of({"weights": {"seconds": 2, "cost": 0}})
    assert config.weights == {"found": 1.0, "cost": 0.0, "seconds": 2.0}
    assert parts_of({"found": 1.0, "cost": 0.5, "seconds": 30.0}, config) == {"found": 1.0, "seconds": -1.0}


def test_a_cost_is_taken_off_whatever_else_is() -> None:
    config, _ = training_config_of({"penalty_kinds": ["blast_radius"]})
    assert config.penalty_kinds == ("seconds", "cost", "blast_radius")
    assert reward_of({"cost": 0.5}, config) == pytest.approx(-0.5)


def test_a_weight_of_what_nothing_measures_is_told() -> None:
    plain: dict[str, Any] = {"weights": {"found": 2, "cost": 0, "seconds": 1, "pass\x1brate": 1, "other": 0}}
    (warning,) = training_config_of(plain)[1]
    assert "nothing measures pass" in warning and "verifiers_module" in warning and "\x1b" not in warning
    assert not training_config_of({**plain, "verifiers_module": "judge"})[1]


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("weights", {"found": math.nan}, "weights.found is nan, not a number"),
        ("weights", {"found": "1"}, "weights.found is '1', not a number"),
        ("weights", [1], "weights is [1], not an object"),
        ("scales", {"seconds": 0}, "scales.seconds is 0"),
        ("scales", {"seconds": math.inf}, "scales.seconds is inf"),
        ("n_envs", 0, "n_envs is 0, not from 1 to 64"),
        ("n_envs", 1.5, "n_envs is 1.5, not a whole number"),
        ("n_envs", True, "n_envs is True, not a number"),
        ("puffer", "no", "puffer is 'no', neither true nor false"),
        ("actions", [], "actions is empty"),
        ("actions", ["rm -rf"], "there is no action 'rm -rf'; known are run_tests, lint, build, patch"),
        ("actions", "lint", "actions is 'lint', not a list"),
        ("verifiers_module", "../evil", "not the name of a module"),
        ("test_cmd", ["pytest"], "test_cmd is ['pytest'], not a text"),
        ("timeout_sec", 0, "timeout_sec is 0, not from 1 to 86400"),
        ("timeout_sec", -math.inf, "timeout_sec is -inf, not a number"),
        ("timeout_sec", 10**400, "timeout_sec is 1000"),
        ("n_envs", -(10**400), "n_envs is -1000"),
        ("weights", {"found": 10**400}, "weights.found is 1000"),
        ("scales", {"x": 10**400}, "scales.x is 1000"),
        ("scales", {"x": [0, 10**400]}, "scales.x is 1000"),
        ("scales", {"x": [1]}, "scales.x is [1], neither a number nor two"),
        ("scales", {"x": [0, 1, 2]}, "scales.x is [0, 1, 2], neither a number nor two"),
        ("scales", {"x": [1, 1]}, "scales.x is [1, 1], and the second is to be the larger"),
        ("scales", {"x": [0, "1"]}, "scales.x is '1', not a number"),
        ("scales", {"x": [-1e308, 1e308]}, "scales.x is [-1e+308, 1e+308]"),
        ("penalty_kinds", [1], "penalty_kinds is [1], not a list of names"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_wrong_is_refused_with_its_key(tmp_path: Path, key: str, value: object, says: str) -> None:
    (tmp_path / CONFIG_FILE).write_text(json.dumps({key: value}))
    with pytest.raises(ConfigError) as caught:
        load_training_config(tmp_path)
    assert says in caught.value.message and "rl config init" in caught.value.hint


@pytest.mark.parametrize("text", ["", "{", "[1]", "\xff", "[" * 100_000, '{"n_envs": 1e999}'])
def test_what_is_no_configuration_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / CONFIG_FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError):
        load_training_config(tmp_path)


def test_a_key_that_nobody_knows_is_told_with_the_one_that_was_meant() -> None:
    config, warnings = training_config_of({"timeout_secs": 5, "zzz\x1b": 1, "n_envs": None})
    assert config == TrainingConfig()
    assert warnings[0].endswith("did you mean timeout_sec?")
    assert "\x1b" not in warnings[1]


def test_a_reward_is_made_of_weighed_measures() -> None:
    config = TrainingConfig()
    assert parts_of({"found": 3.0, "cost": 0.5, "mood": 9.0}, config) == {"found": 1.0, "cost": -0.5}
    assert parts_of({"found": math.nan, "cost": math.inf}, config) == {}
    timed = training_config_of({"weights": {"seconds": 2, "found": 0}})[0]
    assert reward_of({"found": 1.0, "seconds": 30.0}, timed) == pytest.approx(-1.0)


@given(st.dictionaries(st.sampled_from(["found", "x", "y"]), st.floats()), st.floats(-1e300, 1e300))
def test_a_reward_is_a_number_whatever_is_measured(measures: dict[str, float], weight: float) -> None:
    weights = {"found": weight, "x": weight, "y": weight}
    config = TrainingConfig(weights=weights, scales={"x": 1e-300, "y": (1e300, 1.1e300)})
    assert math.isfinite(reward_of(measures, config))
