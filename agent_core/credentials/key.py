"""A key, which no representation of shows, and what may be one."""

from __future__ import annotations

from typing import Literal

import msgspec

from agent_core.config import MASK
from agent_core.llm.errors import KeyFault

KeyOrigin = Literal["setting", "command", "keyring", "none"]
_LONGEST = 8192


class Key(msgspec.Struct, frozen=True):
    """A key of an endpoint and where it came from; `detail` is in words. Nothing that prints it shows it."""

    value: str = ""
    origin: KeyOrigin = "none"
    detail: str = ""

    def __repr__(self) -> str:
        return f"Key({MASK if self.value else ''!r}, {self.origin!r}, {self.detail!r})"


def usable(text: str, *, said_by: str) -> str:
    """The key in a text, without the space around it; raises `KeyFault`, which shows nothing of it.

    Args:
        text: What was typed, read or answered.
        said_by: Who gave it, for the error.
    """
    key = text.strip()
    if not key:
        raise KeyFault(f"{said_by} gave no key")
    if len(key) > _LONGEST or not key.isascii() or not key.isprintable() or " " in key:
        raise KeyFault(
            f"what {said_by} gave is no key", hint="A key is one line of letters, digits and signs."
        )
    return key
