"""The masker for what containers write: it knows the secrets of the stack's own `.env`, too."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from agent_core.config import Settings
from agent_core.files import read_bounded
from agent_core.masking import log_masker
from stack.compose.dotenv import variables
from stack.compose.writing import ENV

Mask = Callable[[str], str]
_SECRET = re.compile(r"(?i)(?:^|_)(?:pass(?:word|wd|phrase)?|secret|token|key|credentials?)(?:_|$)")


def stack_masker(settings: Settings, folder: Path) -> Mask:
    """Masks secrets by their shape, those of the settings, and the values in `.env` whose names say so."""
    try:
        text = read_bounded(folder / ENV).decode("utf-8", "replace")
    except OSError:
        text = ""
    return log_masker(settings, [value for name, value in variables(text).items() if _SECRET.search(name)])
