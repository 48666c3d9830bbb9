"""What of everything goes into the model's window: the one rule, which `window` shows the outcome of.

The window, less the tokens kept for the answer, is filled in this order. A share is of the room that the
first two leave; what one part does not use the later ones can.

1. the skill's instructions, the tools and the question: whole or not at all (`ContextTooSmall`);
2. the project's own instructions (`AGENTS.md`), the nearest first: 20 %, cut from the end;
3. results of tools, and with them what the logs say of a failure, the newest first: half for each step;
4. the files that the user mentioned, or that a change is about: 60 % (before the results of tools where the
   change is written: it takes the lines as they stand);
5. the diff of what this session changed: 15 %, cut from the end;
6. earlier exchanges, the newest first and without gaps: 35 %;
7. places found by search, the best first: 60 %, and never more than a slow model reads in reasonable time.

What does not fit is shortened where a part of it is still worth something, else left out; both are told.
`offering.py` says which tools there is room for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from agent_core.agent.estimate import MESSAGE_TOKENS, Estimate
from agent_core.agent.history import Exchange
from agent_core.config import MASK
from agent_core.events import ContextItem, Hit
from agent_core.llm.errors import ContextTooSmall
from agent_core.llm.port import ToolCall

UNKNOWN_WINDOW = 8192
RULES_SHARE, FILES_SHARE, DIFF_SHARE, HISTORY_SHARE, PLACES_SHARE = 0.20, 0.60, 0.15, 0.35, 0.60
_LEAST_WORTH = 60
"""Tokens of a shortened text below which it is left out instead."""
_SHORTENED = "\n… (shortened)"
_LEFT_OUT, _LEFT_OUT_TOKENS = "(left out: no room in the model's window)", 16


class Step(msgspec.Struct, frozen=True):
    """What the model did once: what it said, the tools it called, and what each gave back."""

    text: str
    calls: tuple[ToolCall, ...]
    results: tuple[str, ...]
    labels: tuple[str, ...]
    """The command lines of the calls, for people."""


class Mentioned(msgspec.Struct, frozen=True):
    """A file, or a part of one, that goes into the context under its label."""

    label: str
    text: str


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that could go into the prompt."""

    system: str
    question: str
    tools: Sequence[Any] = ()
    rules: tuple[Mentioned, ...] = ()
    steps: tuple[Step, ...] = ()
    mentions: tuple[Mentioned, ...] = ()
    diff: str = ""
    history: tuple[Exchange, ...] = ()
    evidence: tuple[Hit, ...] = ()


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """What goes in. `used`: estimated tokens of the prompt; `room`: tokens that remain for the answer."""

    rules: tuple[Mentioned, ...] = ()
    steps: tuple[Step, ...] = ()
    mentions: tuple[Mentioned, ...] = ()
    diff: str = ""
    history: tuple[Exchange, ...] = ()
    evidence: tuple[Hit, ...] = ()
    used: int
    window: int
    room: int
    items: tuple[ContextItem, ...]


def budget_of(window: int, reserve: int) -> tuple[int, int]:
    """The window in tokens, a small one where it is unknown (0), and what of it a prompt may take.

    At most a third of the window is kept for the answer.
    """
    window = window or UNKNOWN_WINDOW
    return window, window - min(reserve, window // 3)


def pack(
    material: Material,
    *,
    window: int,
    reserve: int,
    count: Estimate,
    evidence_limit: int = 4000,
    files_first: bool = False,
    spare: int = 0,
) -> Packed:
    """Choose what goes into a window of so many tokens, of which `reserve` are kept for the answer.

    Args:
        material: Everything there is.
        window: Tokens of the model's context; 0 when unknown.
        reserve: Tokens for the answer; at most a third of the window is kept.
        count: Estimates tokens.
        evidence_limit: Tokens that places found by search may take at most.
        files_first: Whether the files are more important than the results of tools.
        spare: Tokens that are left free besides: a prompt that was packed before had so many too many.

    Raises:
        ContextTooSmall: Not even the system prompt, the tools and the question fit.
    """
    window, budget = budget_of(window, reserve)
    return _Packing(material, window, budget, count, evidence_limit, files_first, spare).run()


class _Packing:
    def __init__(
        self,
        material: Material,
        window: int,
        budget: int,
        count: Estimate,
        evidence_limit: int,
        files_first: bool,
        spare: int,
    ) -> None:
        self._material, self._window, self._budget, self._count = material, window, budget, count
        self._evidence_limit, self._files_first, self._spare = evidence_limit, files_first, spare
        self._left = budget
        self._items: list[ContextItem] = []

    def run(self) -> Packed:
        self._fixed()
        self._left = max(0, self._left - self._spare)
        room = self._left
        rules = self._rules(int(room * RULES_SHARE))
        mentions = self._mentions(int(room * FILES_SHARE)) if self._files_first else ()
        steps = self._steps(room)
        mentions = mentions or self._mentions(int(room * FILES_SHARE))
        diff = self._diff(int(room * DIFF_SHARE))
        history = self._history(int(room * HISTORY_SHARE))
        evidence = self._evidence(min(int(room * PLACES_SHARE), self._evidence_limit))
        used = self._budget - self._spare - self._left
        return Packed(
            rules=rules,
            steps=steps,
            mentions=mentions,
            diff=diff,
            history=history,
            evidence=evidence,
            used=used,
            window=self._window,
            room=self._window - used,
            items=tuple(self._items),
        )

    def _take(self, kind: str, label: str, tokens: int, included: bool = True, text: str = "") -> None:
        self._items.append(ContextItem(kind, label, tokens, included, text.count(MASK)))
        if included:
            self._left -= tokens

    def _fixed(self) -> None:
        material, count = self._material, self._count
        tools = count.tools(material.tools)
        system = count(material.system) + MESSAGE_TOKENS
        question = count(material.question) + MESSAGE_TOKENS
        if system + tools + question > self._budget:
            raise ContextTooSmall(
                f"the question takes about {system + tools + question:,} tokens with its instructions, "
                f"and the model's window holds {self._window:,}, of which "
                f"{self._window - self._budget:,} are kept for the answer",
                hint="Ask in fewer words, or raise context_window (for Ollama: num_ctx).",
            )
        self._take("system", "what the model is told to do", system, text=material.system)
        if tools:
            self._take("tools", ", ".join(tool.name for tool in material.tools), tools)
        self._take("question", "question", question, text=material.question)

    def _fit(self, kind: str, label: str, text: str, limit: int) -> str:
        """The text, a beginning of it that fits, or "" when too little would be left of it."""
        limit = min(limit, self._left) - MESSAGE_TOKENS
        tokens = self._count(text)
        if tokens > limit:
            kept = self._count.cut(text, limit - 12) if limit > _LEAST_WORTH else ""
            if not kept.strip():
                self._take(kind, label, tokens, included=False)
                return ""
            text, label = kept + _SHORTENED, f"{label} (shortened, of {tokens:,})"
            tokens = self._count(text)
        self._take(kind, label, tokens + MESSAGE_TOKENS, text=text)
        return text

    def _rules(self, limit: int) -> tuple[Mentioned, ...]:
        kept: list[Mentioned] = []
        for number, item in enumerate(reversed(self._material.rules)):
            before = self._left
            text = self._fit("rules", item.label, item.text, limit // (len(self._material.rules) - number))
            limit -= before - self._left
            if text:
                kept.append(Mentioned(item.label, text))
        return tuple(reversed(kept))

    def _steps(self, room: int) -> tuple[Step, ...]:
        kept: list[Step] = []
        for step in reversed(self._material.steps):
            overhead = self._count(step.text) + sum(self._count(call.arguments) + 8 for call in step.calls)
            if kept and self._left < overhead + _LEFT_OUT_TOKENS * len(step.results):
                break
            self._left -= overhead
            share = max(room // 2 // max(1, len(step.results)), _LEAST_WORTH)
            results = tuple(
                self._fit("tool", label, text, share) or self._left_out()
                for label, text in zip(step.labels, step.results, strict=True)
            )
            kept.append(msgspec.structs.replace(step, results=results))
        for step in self._material.steps[: len(self._material.steps) - len(kept)]:
            for label, text in zip(step.labels, step.results, strict=True):
                self._take("tool", label, self._count(text), included=False)
        return tuple(reversed(kept))

    def _left_out(self) -> str:
        self._left -= _LEFT_OUT_TOKENS
        return _LEFT_OUT

    def _mentions(self, limit: int) -> tuple[Mentioned, ...]:
        kept: list[Mentioned] = []
        for number, item in enumerate(self._material.mentions):
            before = self._left
            text = self._fit("file", item.label, item.text, limit // (len(self._material.mentions) - number))
            limit -= before - self._left
            if text:
                kept.append(Mentioned(item.label, text))
        return tuple(kept)

    def _diff(self, limit: int) -> str:
        diff = self._material.diff
        return self._fit("diff", "what this session changed", diff, limit) if diff else ""

    def _history(self, limit: int) -> tuple[Exchange, ...]:
        kept: list[Exchange] = []
        limit = min(limit, self._left)
        full = False
        for exchange in reversed(self._material.history):
            tokens = self._count(exchange.question) + self._count(exchange.answer) + 2 * MESSAGE_TOKENS
            full = full or tokens > limit
            said = f"{exchange.question}\n{exchange.answer}"
            self._take("history", exchange.question[:60], tokens, included=not full, text=said)
            if not full:
                limit -= tokens
                kept.append(exchange)
        return tuple(reversed(kept))

    def _evidence(self, limit: int) -> tuple[Hit, ...]:
        kept: list[Hit] = []
        limit = min(limit, self._left)
        for hit in self._material.evidence:
            label = f"{hit.path}:{hit.start}-{hit.end}"
            tokens = self._count(numbered(hit)) + 2
            included = tokens <= limit
            self._take("hit", label, tokens, included=included, text=hit.text)
            if included:
                limit -= tokens
                kept.append(hit)
        return tuple(kept)


def numbered(hit: Hit) -> str:
    """A place as a model reads it: its path and its lines with their numbers."""
    lines = (f"{number:>5} {line}" for number, line in enumerate(hit.text.split("\n"), hit.start))
    return "\n".join((f"{hit.path}:{hit.start}-{hit.end}", *lines))
