"""Telling whether a server read the whole prompt, from the tokens that it says it read."""

from __future__ import annotations

from agent_core.llm.errors import ContextTooSmall
from agent_core.llm.port import ModelInfo

_SPARSEST = 8.0
"""Characters a token of the sparsest text there is."""
_SHORT = 4000
"""Characters below which no server cuts."""
_SMALLEST_WINDOW = 256
"""Of a server that does not tell its window, a smaller count is made up and no sign of a full window."""


class PromptCheck:
    """Finds prompts that were cut without a word, as some servers do.

    A server that fills its window to the last token, or that read far less than such a text can amount to,
    has cut it. With a known window the model's own characters per token, seen so far, sharpen the second.
    """

    def __init__(self) -> None:
        self._chars_per_token = 0.0

    def was_cut(self, *, chars: int, read: int, window: int) -> bool:
        """Judge one answered call; `read` of 0 says nothing, `window` of 0 is unknown."""
        if not read or chars < _SHORT:
            return False
        least = 0.7 * chars / _SPARSEST
        if not window:
            return _SMALLEST_WINDOW <= read < least
        usual = chars / (self._chars_per_token or _SPARSEST)
        if read >= window - 1 or (usual > 0.9 * window and read < max(least, 0.5 * usual)):
            return True
        self._chars_per_token = max(self._chars_per_token, chars / read)
        return False

    def refuse(self, *, chars: int, read: int, info: ModelInfo) -> None:
        """Raise ContextTooSmall when the prompt was cut."""
        if not self.was_cut(chars=chars, read=read, window=info.window):
            return
        window = f"its window of {info.window} is" if info.window else "the server's window is"
        raise ContextTooSmall(
            f"{info.name} read only {read} tokens of the prompt: {window} too small, and the rest was cut",
            hint="The answer rests on a part of the prompt. Ask about less, or raise the server's context.",
        )
