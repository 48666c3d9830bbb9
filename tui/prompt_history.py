"""What was asked in this workspace before, kept in its state folder."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from agent_core.errors import AgentError
from agent_core.files import append_line, read_bounded, write_atomic
from agent_core.masking import mask_secrets
from agent_core.workspace import Workspace

_FILE = "prompts.jsonl"
_MOST = 500
_MAX_BYTES = 4 * 1024 * 1024
_LONGEST = 20_000


class PromptHistory:
    """The prompts, the oldest first, and the place in them that Up and Down have reached."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._path = workspace.state_dir / _FILE
        self._prompts: list[str] = []
        self._at = 0
        self._draft = ""

    @property
    def earlier(self) -> tuple[str, ...]:
        """All of them, the oldest first."""
        return tuple(self._prompts)

    def load(self) -> None:
        """Read what earlier sessions left; a broken line is passed over. Blocks for some milliseconds.

        Where a newer version left lines that are no prompts to this one, all lines stay.
        """
        try:
            content = read_bounded(self._path, _MAX_BYTES, follow=False)
        except OSError:
            return
        earlier: list[str] = []
        foreign = False
        lines = content.split(b"\n")
        for line in lines:
            with suppress(ValueError, RecursionError):
                prompt: object = msgspec.json.decode(line)
                if isinstance(prompt, str):
                    earlier.append(prompt)
                else:
                    foreign = True
        self._prompts = _distinct([*earlier, *self._prompts])[-_MOST:]
        self._at = len(self._prompts)
        if len(lines) > 2 * _MOST and not foreign:
            with suppress(OSError):
                write_atomic(self._path, b"".join(map(_line, self._prompts)), durable=False)

    def add(self, text: str) -> None:
        """Remember a prompt that was sent, without its secrets; what cannot be written is forgotten later."""
        kept = mask_secrets(text)[:_LONGEST]
        self._prompts = _distinct([*self._prompts, kept])[-_MOST:]
        self._at, self._draft = len(self._prompts), ""
        with suppress(OSError, AgentError):
            self._workspace.ensure_state_dir()
            append_line(self._path, _line(kept), mode=0o600)

    def step(self, direction: int, current: str) -> str | None:
        """The prompt before (-1) or after (1) the one shown; None at the ends. A draft comes back."""
        if self._at == len(self._prompts):
            self._draft = current
        at = self._at + direction
        if not 0 <= at <= len(self._prompts):
            return None
        self._at = at
        return self._draft if at == len(self._prompts) else self._prompts[at]


def _line(text: str) -> bytes:
    return msgspec.json.encode(text) + b"\n"


def _distinct(prompts: list[str]) -> list[str]:
    """Without repetitions in a row."""
    return [text for number, text in enumerate(prompts) if number == 0 or text != prompts[number - 1]]
