"""The calls of one turn to the model: packed into its window, numbered, streamed, and counted."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any
from weakref import WeakSet

import msgspec

from agent_core.agent import choose
from agent_core.agent.budget import Material, Packed, Step, estimate_for, pack
from agent_core.agent.gather import Gathered, numbered
from agent_core.agent.holding import Show
from agent_core.agent.port import TaskInput, TurnPort
from agent_core.agent.streaming import TurnStream
from agent_core.errors import AgentError, ModelProtocolError, ModelRefused, ModelServerError
from agent_core.events import ContextPacked
from agent_core.llm.dspy_engine import PortEngine, language_model
from agent_core.llm.port import ChatRequest, LanguageModel, StreamEvent, ToolCall, ToolSpec
from agent_core.llm.timeouts import watch

_CHOICE_TOKENS = 256
_EVIDENCE_TOKENS = {True: 1500, False: 6000}
"""By whether the model is local: a CPU reads some 60 tokens a second."""
_ABOUT_WINDOW = re.compile(r"context|too long|too large|maximum.{0,20}token|token.{0,20}limit", re.IGNORECASE)
_ABOUT_TOOLS = re.compile(r"\btool|function.?call|jinja", re.IGNORECASE)
_ABOUT_SCHEMA = re.compile(r"schema|response_format|format|grammar", re.IGNORECASE)

_refuses_tools: WeakSet[LanguageModel] = WeakSet()
_refuses_schema: WeakSet[LanguageModel] = WeakSet()


class NoTools(Exception):
    """The endpoint refuses native tool calls."""


class Reply(msgspec.Struct, frozen=True):
    """What the model said; `ending` is stop or length."""

    text: str
    calls: tuple[ToolCall, ...]
    ending: str


class ModelCalls:
    """Makes the calls of a turn and remembers how many are left.

    Args:
        model: The model.
        task: What is to be answered.
        turn: The turn it happens in.
        gathered: What the search and the mentions gave.
        tools: The tools as offered to the model.
        skill: What the calls are made of: a `dspy.Module` with a predictor for each kind of call.
    """

    def __init__(
        self,
        model: LanguageModel,
        *,
        task: TaskInput,
        turn: TurnPort,
        gathered: Gathered,
        tools: tuple[ToolSpec, ...],
        skill: Any,
    ) -> None:
        self._model = model
        self._task = task
        self._turn = turn
        self._tools = tools
        self._count = estimate_for(model)
        self._skill = skill
        self.steps: list[Step] = []
        self.files = gathered.mentions
        """The files that are shown."""
        self.places = gathered.evidence
        """The places that are shown."""
        self.made = 0
        self.stream = TurnStream(turn_id=turn.turn_id, model=model.info, publish=turn.publish)
        self._engine = PortEngine(open_stream=self._open, listener=self.stream)

    @property
    def native(self) -> bool:
        """Whether the model is to be offered tools natively."""
        return self._model.info.supports_tools and self._model not in _refuses_tools

    @property
    def left(self) -> int:
        """Calls that the limit of steps leaves."""
        return self._turn.settings.max_steps - self.made

    def context(self) -> AbstractContextManager[None]:
        """DSPy's settings for this turn; to be entered and left by one task."""
        import dspy

        from agent_core.skills.text_adapter import TextAdapter

        lm = language_model(self._model, self._engine)
        return dspy.context(lm=lm, adapter=TextAdapter(), disable_history=True, trace=None, track_usage=False)

    def _open(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        return watch(self._model, request, settings=self._turn.settings, publish_alive=self.stream.alive)

    async def act(self, show: Show) -> Reply:
        """Offer the tools. Raises `NoTools` when the endpoint has none."""
        try:
            return await self.call("act", "act", show=show, tools=self._tools)
        except (ModelRefused, ModelServerError) as error:
            if self.stream.received or not _ABOUT_TOOLS.search(f"{error.message} {error.hint}"):
                raise
            _refuses_tools.add(self._model)
            raise NoTools from error

    async def choose(self, remark: str) -> str:
        """Let the model choose a tool; its reply as it is."""
        schema, actions = choose.choice_schema(self._tools), choose.describe(self._tools)
        return await self.constrained("choose", "choose", schema, {"remark": remark, "actions": actions})

    async def constrained(
        self,
        predictor: str,
        purpose: str,
        schema: dict[str, Any],
        fields: Mapping[str, str],
        *,
        skill: Any = None,
    ) -> str:
        """Have the model write one JSON object of a schema, where the endpoint can see to that.

        Returns:
            The reply as it is: an endpoint that cannot may give anything.
        """
        config: dict[str, Any] = {"think": False, "temperature": 0.0, "max_tokens": _CHOICE_TOKENS}
        if self._model not in _refuses_schema:
            try:
                given = {**config, "response_schema": schema}
                reply = await self.call(
                    predictor, purpose, show="never", config=given, skill=skill, fields=fields
                )
                return reply.text
            except ModelRefused as error:
                if not _ABOUT_SCHEMA.search(f"{error.message} {error.hint}"):
                    raise
                _refuses_schema.add(self._model)
        reply = await self.call(predictor, purpose, show="never", config=config, skill=skill, fields=fields)
        return reply.text

    async def conclude(self) -> Reply:
        """Let the model answer from what is known."""
        return await self.call("conclude", "answer", show="at once")

    async def call(
        self,
        predictor: str,
        purpose: str,
        *,
        show: Show,
        tools: tuple[ToolSpec, ...] = (),
        config: dict[str, Any] | None = None,
        skill: Any = None,
        fields: Mapping[str, str] = MappingProxyType({}),
    ) -> Reply:
        """Call one of the skill's predictors with as much as fits of what it takes.

        Args:
            predictor: Its name.
            purpose: What it is called for, as events name it.
            show: What of the reply is shown as it comes.
            tools: The tools to offer.
            config: Settings of the call that differ from the usual.
            skill: Another skill than the turn's.
            fields: Further inputs, which always go in whole.

        Raises:
            ModelError: The model failed, or not even what always goes in fits its window.
        """
        called: Any = getattr(self._skill if skill is None else skill, predictor)
        for attempt in (1, 2):
            packed = self._pack(called.signature, tools, fields)
            self.made += attempt == 1
            try:
                return await self._send(called, purpose, packed, show, tools, config or {}, fields)
            except ModelRefused as error:
                # The endpoint counts more tokens than we do: once more, with less.
                if attempt == 2 or self.stream.received or not _ABOUT_WINDOW.search(error.message):
                    raise
                self._count.factor *= 1.5
        raise AssertionError  # the second round returns or raises

    def _pack(self, signature: Any, tools: tuple[ToolSpec, ...], fields: Mapping[str, str]) -> Packed:
        taken: Any = signature.input_fields
        material = Material(
            system="\n".join((signature.instructions, *fields.values())),
            question=self._task.text,
            tools=tools,
            steps=tuple(self.steps) if "steps" in taken else (),
            mentions=self.files if "files" in taken else (),
            history=self._task.history if "history" in taken else (),
            evidence=self.places if "places" in taken else (),
        )
        packed = pack(
            material,
            window=self._model.info.window,
            reserve=self._turn.settings.answer_reserve,
            count=self._count,
            evidence_limit=_EVIDENCE_TOKENS[self._model.info.is_local],
        )
        self._turn.publish(
            ContextPacked(
                turn_id=self._turn.turn_id, used=packed.used, window=packed.window, items=packed.items
            )
        )
        return packed

    async def _send(
        self,
        predictor: Any,
        purpose: str,
        packed: Packed,
        show: Show,
        tools: tuple[ToolSpec, ...],
        config: dict[str, Any],
        fields: Mapping[str, str],
    ) -> Reply:
        from dspy.utils.exceptions import LMError

        self.stream.begin(step=self.made, purpose=purpose, prompt_tokens=packed.used, show=show)
        inputs: dict[str, Any] = {
            **dict.fromkeys(predictor.signature.input_fields, ""),
            "places": "\n\n".join(map(numbered, packed.evidence)),
            "files": "\n\n".join(f"{item.label}\n{item.text}" for item in packed.mentions),
            "question": self._task.text,
            "history": list(packed.history),
            "steps": list(packed.steps),
            **fields,
        }
        if tools:
            inputs["tools"] = list(tools)
        try:
            prediction: Any = await predictor.acall(**inputs, config=self._config(packed, config))
        except LMError as error:
            failure: AgentError = self._engine.failure or ModelProtocolError(str(error))
            raise failure from None
        finally:
            self.stream.end()
        usage = self.stream.last_usage
        if usage is not None and not usage.estimated:
            self._count.measured(packed.used, usage.prompt_tokens)
        return _reply(prediction, self.stream.finish_reason)

    def _config(self, packed: Packed, config: dict[str, Any]) -> dict[str, Any]:
        """A local model's answer is bounded by its window: past it, the question would be forgotten."""
        settings, info = self._turn.settings, self._model.info
        room = packed.room if info.is_local and info.window else None
        limits = [limit for limit in (room, config.get("max_tokens")) if limit is not None]
        return {
            "think": settings.think,
            "temperature": settings.temperature,
            **config,
            "max_tokens": max(32, min(limits)) if limits else None,
        }


def _reply(prediction: Any, finish: str) -> Reply:
    values: dict[str, Any] = dict(prediction.items())
    parts: list[Any] = values.pop("tool_calls", None) or []
    text: str = next(iter(values.values())) or ""
    calls = tuple(ToolCall(part.id, part.name, _encode(part.input)) for part in parts)
    return Reply(text, calls, "length" if finish == "length" else "stop")


def _encode(value: Any) -> str:
    return msgspec.json.encode(value).decode()
