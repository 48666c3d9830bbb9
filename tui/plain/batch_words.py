"""The words of `--batch --plain`: those of the conversation in lines."""

from __future__ import annotations

from agent_core.events import ToolFinished, ToolStarted
from tui.plain.results import piece_in_words, result_in_words, started_in_words


class BatchWords:
    """Says what a batch writes as text."""

    def started(self, event: ToolStarted) -> str:
        """What a tool begins with."""
        return started_in_words(event)

    def result(self, event: ToolFinished, command: str) -> str:
        """What a command found."""
        return result_in_words(event, command)

    def piece(self, name: str, text: str) -> str:
        """A piece of what it found."""
        return piece_in_words(name, text)
