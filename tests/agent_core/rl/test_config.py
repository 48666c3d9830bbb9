"""`.dspy_rl.json`: what it says of the policy, and whatever else lies in its place."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from agent_core.rl.config import CONFIG_FILE, RlConfig, load_rl_config


def _write(root: Path, content: Any) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (root / CONFIG_FILE).write_text(text, encoding="utf-8")


def test_no_file_is_the_defaults(tmp_path: Path) -> None:
    assert load_rl_config(tmp_path) == (RlConfig(policy="thompson"), ())


def test_what_it_says_holds_and_what_is_for_training_is_left_alone(tmp_path: Path) -> None:
    _write(tmp_path, {"policy": "ucb1", "epsilon": 0, "ucb_c": 2, "n_envs": "many", "weights": {"x": 1}})
    assert load_rl_config(tmp_path) == (RlConfig(policy="ucb1", epsilon=0.0, ucb_c=2.0), ())


@pytest.mark.parametrize(
    ("spelling", "policy"),
    [
        ("epsilon_greedy", "epsilon-greedy"),
        ("Epsilon-Greedy", "epsilon-greedy"),
        ("ucb", "ucb1"),
        ("UCB1", "ucb1"),
        ("thompson-sampling", "thompson"),
        ("thompson_sampling", "thompson"),
    ],
)
def test_older_spellings(tmp_path: Path, spelling: str, policy: str) -> None:
    _write(tmp_path, {"policy": spelling})
    config, warnings = load_rl_config(tmp_path)
    assert (config.policy, warnings) == (policy, ())


@pytest.mark.parametrize("named", ["gradient", 7, None, ["ucb1"], "x" * 10_000])
def test_an_unknown_policy_is_told_with_those_that_are_known(tmp_path: Path, named: Any) -> None:
    _write(tmp_path, {"policy": named, "epsilon": 0.2})
    config, (warning,) = load_rl_config(tmp_path)
    assert config == RlConfig(epsilon=0.2)
    assert "thompson, epsilon-greedy, ucb1" in warning
    assert len(warning) < 200


@pytest.mark.parametrize("value", [-0.1, 1.5, "0.1", True, None, 1e400])
def test_a_number_out_of_bounds_is_told(tmp_path: Path, value: Any) -> None:
    _write(tmp_path, f'{{"epsilon": {json.dumps(value) if value != 1e400 else "1e400"}}}')
    config, (warning,) = load_rl_config(tmp_path)
    assert config == RlConfig()
    assert CONFIG_FILE in warning


@pytest.mark.parametrize(
    "content", ["", "{", "[1]", "null", "\x00\x01", "[" * 100_000, '{"policy": "\\ud800"}']
)
def test_a_broken_file_is_told_and_the_defaults_hold(tmp_path: Path, content: str) -> None:
    _write(tmp_path, content)
    config, (warning,) = load_rl_config(tmp_path)
    assert config == RlConfig()
    assert CONFIG_FILE in warning


def test_what_is_no_file_is_told_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / CONFIG_FILE)
    assert len(load_rl_config(tmp_path)[1]) == 1
    (tmp_path / CONFIG_FILE).unlink()
    (tmp_path / CONFIG_FILE).mkdir()
    assert len(load_rl_config(tmp_path)[1]) == 1
