"""`dspy-tui ctx …`: the key events of logs as one command, such as of what comes through a pipe."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from agent_core.words import quote
from tui.ctx_options import CTX_OPTIONS
from tui.headless import run_batch

if TYPE_CHECKING:
    from tui.options import Parsed


def ctx(parsed: Parsed) -> int:
    """Run it; returns the exit code. How far it is is told to people alone, not to whatever reads a pipe."""
    words = [f"--{option.key} {quote(value)}" for option in CTX_OPTIONS for value in parsed.all(option.key)]
    return run_batch(
        parsed,
        lambda: [" ".join(["/ctx", *words])],
        allow=tuple(parsed.all("allow")),
        input_is_given=True,
        quiet=not os.isatty(2),
    )
