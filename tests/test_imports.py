"""Each package in a clean process: neither a screen library nor anything slow comes along."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCREEN = {"textual", "rich"}
SLOW = {
    "dspy",
    "lancedb",
    "pyspark",
    "torch",
    "litellm",
    "openai",
    "pufferlib",
    "ollama",
    "httpx",
    "pydantic",
    "kafka",
}


def modules_after(statement: str) -> set[str]:
    """Top-level names in `sys.modules` after the statement ran in a fresh interpreter."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "package", ["agent_core", "stack", "agent_core.events", "agent_core.runtime", "agent_core.batch"]
)
def test_core_and_stack_load_no_screen_and_nothing_slow(package: str) -> None:
    assert not modules_after(f"import {package}") & (SCREEN | SLOW)


@pytest.mark.parametrize("module", ["tui", "tui.cli"])
def test_the_command_line_loads_no_screen(module: str) -> None:
    assert not modules_after(f"import {module}") & (SCREEN | SLOW)


def test_the_screen_loads_nothing_slow_before_its_first_paint() -> None:
    assert not modules_after("import tui.app") & SLOW
