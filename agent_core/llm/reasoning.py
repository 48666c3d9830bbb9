"""Reasoning that a model writes into its text between tags, taken out of the stream."""

from __future__ import annotations

from agent_core.llm.port import ReasoningChunk, TextChunk

_PAIRS = (("<think>", "</think>"), ("<thinking>", "</thinking>"))


class ReasoningSplitter:
    """Splits streamed text into reasoning and answer, wherever the pieces are cut.

    Only tags at the very beginning of the answer (after white space) count: later ones are what the model
    writes about. Text that could still become a tag is held back until it is decided.
    """

    def __init__(self) -> None:
        self._held = ""
        self._close = ""
        self._answering = False
        self._reasoned = False

    def feed(self, text: str) -> list[TextChunk | ReasoningChunk]:
        """What the next piece of text amounts to."""
        if self._answering and not self._held:
            return [TextChunk(text)] if text else []
        self._held += text
        return self._sort(final=False)

    def finish(self) -> list[TextChunk | ReasoningChunk]:
        """What is still held back when the stream ends."""
        return self._sort(final=True)

    def _sort(self, *, final: bool) -> list[TextChunk | ReasoningChunk]:
        out: list[TextChunk | ReasoningChunk] = []
        while not self._answering:
            moved = self._reason(out, final=final) if self._close else self._open(final=final)
            if not moved:
                return out
        if self._held:
            out.append(TextChunk(self._held))
            self._held = ""
        return out

    def _open(self, *, final: bool) -> bool:
        """Decide how the answer begins; False when more text is needed."""
        start = self._held.lstrip()
        for tag, close in _PAIRS:
            if start.startswith(tag):
                self._close, self._held = close, start[len(tag) :]
                return True
        if not final and any(tag.startswith(start) for tag, _ in _PAIRS):
            return False
        self._answering = True
        if self._reasoned:
            self._held = start
        return True

    def _reason(self, out: list[TextChunk | ReasoningChunk], *, final: bool) -> bool:
        """Pass reasoning on up to its closing tag; False when the tag has not come yet."""
        inside, found, after = self._held.partition(self._close)
        if found:
            self._close, self._held, self._reasoned = "", after, True
        elif final:
            self._held = ""
            self._answering = True
        else:
            keep = _overlap(inside, self._close)
            inside, self._held = inside[: len(inside) - keep], inside[len(inside) - keep :]
        if inside:
            out.append(ReasoningChunk(inside))
        return bool(found) or final


def _overlap(text: str, tag: str) -> int:
    """How many characters at the end of the text could be the beginning of the tag."""
    return next((n for n in range(min(len(text), len(tag) - 1), 0, -1) if text.endswith(tag[:n])), 0)
