"""`rl` on the command line: the same as in a batch, with what was typed as the consent to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.words import quote
from tui.headless import run_batch
from tui.rl_options import SHOWN

if TYPE_CHECKING:
    from tui.options import Parsed

_CONSENT = ("run", "write")


def rl(parsed: Parsed) -> int:
    """Run it; returns the exit code."""
    own = [option for option in parsed.command.options if option not in SHOWN and parsed.has(option.key)]
    words = [*parsed.command.words, *([quote(parsed.positional)] if parsed.positional else [])]
    for option in own:
        words.append(f"--{option.key} {quote(parsed.one(option.key))}" if option.value else f"--{option.key}")
    rest = {key: values for key, values in parsed.values.items() if key not in {each.key for each in own}}
    return run_batch(
        parsed._replace(values=rest, positional=""), lambda: [f"/{' '.join(words)}"], allow=_CONSENT
    )
