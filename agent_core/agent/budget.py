"""How many tokens a text takes, and what of everything goes into the window.

The order of the rules: system and question whole or not at all, then the newest results of tools, the files
that the user mentioned, earlier exchanges newest first, and places found by search. What does not fit is
shortened where a part of it is still worth something, else left out; both are told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from agent_core.agent.history import Exchange
from agent_core.errors import ContextTooSmall
from agent_core.events import ContextItem, Hit
from agent_core.llm.port import LanguageModel, ToolCall

UNKNOWN_WINDOW = 8192
_MESSAGE_TOKENS = 6
_LEAST_WORTH = 60
"""Tokens of a shortened text below which it is left out instead."""
_WIDE = re.compile("[\u0e00-\u0eff\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")
_OTHER = re.compile("[^\x00-\x7f]")
_MARK = re.compile(r"[^\w\s]|\n|\d")


class Estimate:
    """Tokens of a text by its characters, corrected by what a model's endpoint measured.

    Letters and spaces: 4.4 to a token; each digit, line end or mark: .55 of one; letters of other alphabets
    .5; Chinese, Japanese, Korean and Thai characters: 1. Fitted to the vocabularies of Qwen and Llama.
    """

    def __init__(self) -> None:
        self.factor = 1.0

    def __call__(self, text: str) -> int:
        """Tokens, never fewer than 1 for a text that is not empty."""
        if not text:
            return 0
        wide = other = 0
        if not text.isascii():
            wide = len(_WIDE.findall(text))
            other = len(_OTHER.findall(text)) - wide
        marks = len(_MARK.findall(text))
        plain = max(0, len(text) - wide - other - marks)
        return max(1, round((plain / 4.4 + marks * 0.55 + other * 0.5 + wide) * self.factor))

    def measured(self, estimated: int, counted: int) -> None:
        """Learn from a call: the endpoint counted so many tokens where so many were estimated.

        A count far below the estimate says only that the endpoint had read most of it before.
        """
        if estimated < 64 or counted <= 0:
            return
        ratio = counted / estimated
        if 0.6 <= ratio <= 3.0:
            self.factor = min(3.0, max(0.6, self.factor * (0.5 + 0.5 * ratio)))

    def cut(self, text: str, tokens: int) -> str:
        """The beginning of the text that takes at most so many tokens, ending with a line."""
        if self(text) <= tokens:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self(text[:middle]) <= tokens else (low, middle - 1)
        head = text[:low]
        at_line = head.rfind("\n")
        return head[:at_line] if at_line > low // 2 else head


_estimates: WeakKeyDictionary[LanguageModel, Estimate] = WeakKeyDictionary()


def estimate_for(model: LanguageModel) -> Estimate:
    """The estimate that learns from this model's calls."""
    return _estimates.setdefault(model, Estimate())


class Step(msgspec.Struct, frozen=True):
    """What the model did once: what it said, the tools it called, and what each gave back."""

    text: str
    calls: tuple[ToolCall, ...]
    results: tuple[str, ...]
    labels: tuple[str, ...]
    """The command lines of the calls, for people."""


class Mentioned(msgspec.Struct, frozen=True):
    """A file, or a part of one, that the user put into the context."""

    label: str
    text: str


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that could go into the prompt."""

    system: str
    question: str
    tools: Sequence[Any] = ()
    steps: tuple[Step, ...] = ()
    mentions: tuple[Mentioned, ...] = ()
    history: tuple[Exchange, ...] = ()
    evidence: tuple[Hit, ...] = ()


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """What goes in. `used`: estimated tokens of the prompt; `room`: tokens that remain for the answer."""

    steps: tuple[Step, ...]
    mentions: tuple[Mentioned, ...]
    history: tuple[Exchange, ...]
    evidence: tuple[Hit, ...]
    used: int
    window: int
    room: int
    items: tuple[ContextItem, ...]


def pack(
    material: Material, *, window: int, reserve: int, count: Estimate, evidence_limit: int = 4000
) -> Packed:
    """Choose what goes into a window of so many tokens, of which `reserve` are kept for the answer.

    Args:
        material: Everything there is.
        window: Tokens of the model's context; 0 when unknown.
        reserve: Tokens for the answer; at most a third of the window is kept.
        count: Estimates tokens.
        evidence_limit: Tokens that places found by search may take at most: a slow model has to read them
        all.

    Raises:
        ContextTooSmall: Not even the system prompt, the tools and the question fit.
    """
    window = window or UNKNOWN_WINDOW
    reserve = min(reserve, window // 3)
    return _Packing(material, window, window - reserve, count, evidence_limit).run()


class _Packing:
    def __init__(
        self, material: Material, window: int, budget: int, count: Estimate, evidence_limit: int
    ) -> None:
        self._material = material
        self._window = window
        self._budget = budget
        self._left = budget
        self._count = count
        self._evidence_limit = evidence_limit
        self._items: list[ContextItem] = []

    def run(self) -> Packed:
        self._fixed()
        room = self._left
        steps = self._steps(room)
        mentions = self._mentions(int(room * 0.6))
        history = self._history(int(room * 0.35))
        evidence = self._evidence(min(int(room * 0.6), self._evidence_limit))
        used = self._budget - self._left
        return Packed(
            steps=steps,
            mentions=mentions,
            history=history,
            evidence=evidence,
            used=used,
            window=self._window,
            room=self._window - used,
            items=tuple(self._items),
        )

    def _take(self, kind: str, label: str, tokens: int, included: bool = True) -> None:
        self._items.append(ContextItem(kind, label, tokens, included))
        if included:
            self._left -= tokens

    def _fixed(self) -> None:
        material, count = self._material, self._count
        tools = sum(count(tool.description) + count(repr(tool.parameters)) for tool in material.tools)
        system = count(material.system) + tools + _MESSAGE_TOKENS
        question = count(material.question) + _MESSAGE_TOKENS
        if system + question > self._budget:
            raise ContextTooSmall(
                f"the question takes about {system + question:,} tokens and the model's window holds "
                f"{self._window:,}, of which {self._window - self._budget:,} are kept for the answer",
                hint="Ask in fewer words, or raise context_window (for Ollama: num_ctx).",
            )
        self._take("system", "instructions and tools", system)
        self._take("question", "question", question)

    def _fit(self, kind: str, label: str, text: str, limit: int) -> str:
        """The text, a beginning of it that fits, or "" when too little would be left of it."""
        limit = min(limit, self._left) - _MESSAGE_TOKENS
        tokens = self._count(text)
        if tokens > limit:
            kept = self._count.cut(text, limit - 12) if limit > _LEAST_WORTH else ""
            if not kept.strip():
                self._take(kind, label, tokens, included=False)
                return ""
            text, label = f"{kept}\n… (shortened)", f"{label} (shortened)"
            tokens = self._count(text)
        self._take(kind, label, tokens + _MESSAGE_TOKENS)
        return text

    def _steps(self, room: int) -> tuple[Step, ...]:
        kept: list[Step] = []
        for step in reversed(self._material.steps):
            overhead = self._count(step.text) + sum(self._count(call.arguments) + 8 for call in step.calls)
            self._left -= overhead
            share = max(room // 2 // max(1, len(step.results)), _LEAST_WORTH)
            results = tuple(
                self._fit("tool", label, text, share) or "(left out: no room in the model's window)"
                for label, text in zip(step.labels, step.results, strict=True)
            )
            kept.append(msgspec.structs.replace(step, results=results))
        return tuple(reversed(kept))

    def _mentions(self, limit: int) -> tuple[Mentioned, ...]:
        share = limit // max(1, len(self._material.mentions))
        fitted = ((item, self._fit("file", item.label, item.text, share)) for item in self._material.mentions)
        return tuple(Mentioned(item.label, text) for item, text in fitted if text)

    def _history(self, limit: int) -> tuple[Exchange, ...]:
        kept: list[Exchange] = []
        limit = min(limit, self._left)
        full = False
        for exchange in reversed(self._material.history):
            tokens = self._count(exchange.question) + self._count(exchange.answer) + 2 * _MESSAGE_TOKENS
            full = full or tokens > limit
            self._take("history", exchange.question[:60], tokens, included=not full)
            if not full:
                limit -= tokens
                kept.append(exchange)
        return tuple(reversed(kept))

    def _evidence(self, limit: int) -> tuple[Hit, ...]:
        kept: list[Hit] = []
        limit = min(limit, self._left)
        for hit in self._material.evidence:
            label = f"{hit.path}:{hit.start}-{hit.end}"
            tokens = (
                self._count(hit.text) + self._count(label) + 4 * (hit.end - hit.start + 1) + _MESSAGE_TOKENS
            )
            included = tokens <= limit
            self._take("hit", label, tokens, included=included)
            if included:
                limit -= tokens
                kept.append(hit)
        return tuple(kept)
