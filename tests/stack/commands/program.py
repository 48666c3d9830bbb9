"""The program as people run it on a real engine: how it is started, and what it said."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = (sys.executable, "-c", "import sys; from tui.cli import main; sys.exit(main())")
Say = Callable[..., subprocess.CompletedProcess[str]]


def standings(said: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """How each service stands, of a document."""
    return {each["name"]: each["standing"] for each in json.loads(said.stdout)["services"]}


def error(said: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The error of a document; it is told on standard error, too."""
    found = json.loads(said.stdout)["error"]
    assert found["message"] in said.stderr and found["hint"] in said.stderr
    return found
