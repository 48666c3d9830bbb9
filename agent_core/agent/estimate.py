"""How many tokens a text takes in a model's vocabulary: counted where it is known, else estimated.

An Ollama server hands out the vocabulary of its models, so that even the first prompt is counted right. For
other endpoints the estimate learns from what they measured, and what it learned is kept in the user's state,
by endpoint and model.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from weakref import WeakKeyDictionary

import msgspec

from agent_core.errors import AgentError
from agent_core.files import load_state, update_state
from agent_core.folders import user_state_dir
from agent_core.llm.port import ChatRequest, CountsTokens, LanguageModel, ToolSpec
from agent_core.migrations import Format

MESSAGE_TOKENS = 5
"""What a chat template puts around a message."""
_OPENING = 3
"""What it puts before the answer."""
_MOST_EXACT = 40_000
"""Characters of a text that are counted; of a longer one the rest is taken to be like them."""
_MOST_KEPT = 64
"""Models whose factor is kept."""
_CHANGED = 0.02
_WIDE = re.compile("[\u0e00-\u0eff\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")
_OTHER = re.compile("[^\x00-\x7f]")
_MARK = re.compile(r"[^\w\s]|\n|\d")


class Estimate:
    """Tokens of a text, corrected by what a model's endpoint measured.

    Without the model's vocabulary by its characters. Letters and spaces: 4.4 to a token; each digit, line end
    or mark: .55 of one; letters of other alphabets .5; Chinese, Japanese, Korean and Thai characters: 1.
    Fitted to the vocabularies of Qwen and Llama.
    """

    def __init__(self) -> None:
        self.factor = 1.0
        self.exact: Callable[[str], int] | None = None
        """Counts in the model's own vocabulary, where that is known."""

    def __call__(self, text: str) -> int:
        """Tokens, never fewer than 1 for a text that is not empty."""
        if not text:
            return 0
        head = text[:_MOST_EXACT]
        tokens = (_guessed(head) if self.exact is None else self.exact(head)) * len(text) / len(head)
        return max(1, round(tokens * self.factor))

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
        longest = max(0, tokens) * 16 + 64
        if len(text) <= longest and self(text) <= tokens:
            return text
        low, high = 0, min(len(text), longest)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self(text[:middle]) <= tokens else (low, middle - 1)
        head = text[:low]
        at_line = head.rfind("\n")
        return head[:at_line] if at_line > low // 2 else head

    def tools(self, tools: Iterable[ToolSpec]) -> int:
        """What offering tools takes: templates write them out as JSON."""
        return sum(self.tool(tool) for tool in tools)

    def tool(self, tool: ToolSpec) -> int:
        """What offering one takes."""
        function = {"type": "function", "function": msgspec.to_builtins(tool)}
        return self(msgspec.json.encode(function).decode()) + 1

    def request(self, request: ChatRequest) -> int:
        """What a whole request takes, with what a template puts around it."""
        tokens = _OPENING + self.tools(request.tools)
        for message in request.messages:
            calls = sum(self(call.name) + self(call.arguments) + 8 for call in message.tool_calls)
            tokens += self(message.content) + calls + MESSAGE_TOKENS
        return tokens


def _guessed(text: str) -> float:
    wide = other = 0
    if not text.isascii():
        wide = len(_WIDE.findall(text))
        other = len(_OTHER.findall(text)) - wide
    marks = len(_MARK.findall(text))
    plain = max(0, len(text) - wide - other - marks)
    return plain / 4.4 + marks * 0.55 + other * 0.5 + wide


_estimates: WeakKeyDictionary[LanguageModel, Estimate] = WeakKeyDictionary()
_ready: WeakKeyDictionary[LanguageModel, float] = WeakKeyDictionary()
"""The factor of a model as it is kept."""


def estimate_for(model: LanguageModel) -> Estimate:
    """The estimate that learns from this model's calls."""
    return _estimates.setdefault(model, Estimate())


async def ready_estimate(model: LanguageModel) -> Estimate:
    """The same, once it knows the model's vocabulary, or what was learned of it before."""
    estimate = estimate_for(model)
    if model not in _ready:
        _ready[model] = 1.0
        estimate.exact = await _counter(model)
        if estimate.exact is None:
            estimate.factor = _ready[model] = await asyncio.to_thread(_kept, _name(model))
    return estimate


async def keep_learned(model: LanguageModel) -> None:
    """Keep what was learned of a model for later sessions, when that is news; never raises."""
    estimate = estimate_for(model)
    before = _ready.get(model, 1.0)
    if estimate.exact is None and abs(estimate.factor - before) > _CHANGED * before:
        _ready[model] = estimate.factor
        await asyncio.to_thread(_keep, _name(model), estimate.factor)


class _Factors(msgspec.Struct):
    """The file: by how much each model counts more tokens than the estimate."""

    schema: int = 2
    factors: dict[str, float] = {}


FORMAT = Format(_Factors, version=2, steps={1: lambda factors: {"schema": 2, "factors": factors}})


async def _counter(model: LanguageModel) -> Callable[[str], int] | None:
    if not isinstance(model, CountsTokens):
        return None
    try:
        return await model.counter()
    except AgentError:
        return None  # the call itself will say what is wrong with the endpoint


def _name(model: LanguageModel) -> str:
    return f"{model.info.host}/{model.info.name}"


def _path() -> Path:
    return user_state_dir() / "tokens.json"


def _kept(name: str) -> float:
    try:
        kept, _ = load_state(_path(), FORMAT)
    except (AgentError, OSError):
        return 1.0
    return min(3.0, max(0.6, (kept.factors if kept else {}).get(name, 1.0)))


def _keep(name: str, factor: float) -> None:
    def with_it(old: _Factors | None) -> _Factors:
        others = {key: value for key, value in (old.factors if old else {}).items() if key != name}
        return _Factors(factors=dict([*list(others.items())[1 - _MOST_KEPT :], (name, round(factor, 4))]))

    try:
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        update_state(path, FORMAT, with_it)
    except (AgentError, OSError):
        return  # it is learned again
