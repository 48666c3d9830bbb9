"""Sequences for the terminal that tmux or GNU screen stands before: they hand on what is wrapped for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Between = Literal["", "tmux", "screen"]
_ESC, _END = "\x1b", "\x1b\\"
_PIECE = 240
"""Bytes of a string that screen takes: of a longer one it drops the rest."""


def between(env: Mapping[str, str]) -> Between:
    """What stands between, by the environment."""
    return "tmux" if env.get("TMUX") else "screen" if env.get("STY") else ""


def passed_on(sequence: str, through: Between) -> str:
    """A sequence as it is handed on. For screen it may not end with a string terminator, but with a bell."""
    if through == "tmux":
        return f"{_ESC}Ptmux;{sequence.replace(_ESC, _ESC * 2)}{_END}"
    if through == "screen":
        pieces = (sequence[at : at + _PIECE] for at in range(0, len(sequence), _PIECE))
        return "".join(f"{_ESC}P{piece}{_END}" for piece in pieces)
    return sequence
