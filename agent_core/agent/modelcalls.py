"""The calls of one turn to the model: packed into its window, numbered, streamed, and counted."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import msgspec

from agent_core.agent import choose
from agent_core.agent.budget import Packed
from agent_core.agent.estimate import estimate_for, keep_learned, ready_estimate
from agent_core.agent.gather import Gathered
from agent_core.agent.holding import Show
from agent_core.agent.known import Known, Prompt
from agent_core.agent.port import TaskInput, TurnPort
from agent_core.agent.streaming import TurnStream
from agent_core.errors import AgentError
from agent_core.events import ContextPacked, Notice
from agent_core.llm.dspy_engine import PortEngine, language_model
from agent_core.llm.errors import ModelProtocolError, ModelRefused, ModelServerError
from agent_core.llm.port import ChatRequest, LanguageModel, StreamEvent, ToolCall, ToolSpec
from agent_core.llm.timeouts import watch
from agent_core.masking import masker
from agent_core.mcp.names import is_of_server
from agent_core.text import plural, shorten

_CHOICE_TOKENS = 256
_REMARK_SHARE = 0.15
_ABOUT_WINDOW = re.compile(r"context|too long|too large|maximum.{0,20}token|token.{0,20}limit", re.IGNORECASE)
_ABOUT_TOOLS = re.compile(r"\btool|function.?call|jinja", re.IGNORECASE)
_ABOUT_SCHEMA = re.compile(r"schema|response_format|format|grammar", re.IGNORECASE)

_refuses_tools: WeakSet[LanguageModel] = WeakSet()
refuses_schema: WeakSet[LanguageModel] = WeakSet()
"""The models whose endpoints cannot enforce the schema of a reply."""
_told: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
"""The sessions, by their registry, that were told of exchanges which do not fit any more."""
_told_of_room: WeakSet[Any] = WeakSet()
"""The sessions, by their registry, that were told of tools of servers which do not fit."""
_SHOWN = 300


def is_about_schema(error: ModelRefused) -> bool:
    """Whether an endpoint refuses a request because it cannot enforce the schema of the reply."""
    return _ABOUT_SCHEMA.search(f"{error.message} {error.hint}") is not None


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
        task: What is to be answered; the model sees it without secrets.
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
        self._turn = turn
        self._count = estimate_for(model)
        self._skill = skill
        self.known = Known(
            task=task.masked(masker(turn.settings)),
            gathered=gathered,
            tools=tools,
            info=model.info,
            count=self._count,
            reserve=turn.settings.answer_reserve,
        )
        """What can be shown."""
        self.made = 0
        self.stream = TurnStream(turn_id=turn.turn_id, model=model.info, publish=turn.publish)
        self._engine = PortEngine(open_stream=self._open, listener=self.stream)

    @property
    def native(self) -> bool:
        """Whether to offer the model tools natively: it takes them, and its window has room for them."""
        able = self._model.info.supports_tools and self._model not in _refuses_tools
        return able and bool(self.known.native_tools()[0])

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
            tools, left_out = self.known.native_tools()
            self._tell_left_out(left_out)
            return await self.call("act", "act", show=show, tools=tools, left_out=left_out)
        except (ModelRefused, ModelServerError) as error:
            if self.stream.received or not _ABOUT_TOOLS.search(f"{error.message} {error.hint}"):
                raise
            _refuses_tools.add(self._model)
            raise NoTools from error

    async def choose(self, remark: str) -> str:
        """Let the model choose a tool; its reply as it is."""
        tools, left_out = self.known.described_tools()
        self._tell_left_out(left_out)
        schema, actions = choose.choice_schema(tools), choose.describe(tools)
        remark = self.known.cut(remark, _REMARK_SHARE)
        return await self.constrained("choose", "choose", schema, {"remark": remark, "actions": actions})

    def _tell_left_out(self, tools: tuple[ToolSpec, ...]) -> None:
        """Tell, once in a session, that the window has no room for some tools of servers."""
        names = [tool.name for tool in tools if is_of_server(tool.name)]
        if not names or self._turn.registry in _told_of_room:
            return
        _told_of_room.add(self._turn.registry)
        window = self._model.info.window
        self._turn.publish(
            Notice(
                level="info",
                message=f"The window{f' of {window:,} tokens' if window else ''} has no room for"
                f" {plural(len(names), 'tool')} of servers: {shorten(', '.join(names), _SHOWN)}",
                hint="Those that fit a question are offered first; all can be typed. context_window (for"
                " Ollama: num_ctx) makes more room.",
                turn_id=self._turn.turn_id,
            )
        )

    async def ready(self) -> None:
        """Call before anything is counted: the model's vocabulary is asked for, the first time."""
        await ready_estimate(self._model)

    async def room_for_files(self, predictor: str, fields: Mapping[str, str]) -> int:
        """Tokens that one of the skill's predictors leaves for the files that a change is about."""
        signature = getattr(self._skill, predictor).signature
        return await asyncio.to_thread(self.known.room_for_files, signature, fields)

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
        if self._model not in refuses_schema:
            try:
                given = {**config, "response_schema": schema}
                reply = await self.call(
                    predictor, purpose, show="never", config=given, skill=skill, fields=fields
                )
                return reply.text
            except ModelRefused as error:
                if not is_about_schema(error):
                    raise
                refuses_schema.add(self._model)
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
        left_out: tuple[ToolSpec, ...] = (),
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
            left_out: Tools that there is no room for.
            config: Settings of the call that differ from the usual.
            skill: Another skill than the turn's.
            fields: Further inputs, which always go in whole.

        Raises:
            ModelError: The model failed, or not even what always goes in fits its window.
        """
        called: Any = getattr(self._skill if skill is None else skill, predictor)
        await self.ready()
        for attempt in (1, 2):
            prompt = await asyncio.to_thread(self.known.prompt, called, tools, fields, left_out)
            self._tell(prompt.packed)
            self.made += attempt == 1
            try:
                return await self._send(called, purpose, prompt, show, config or {})
            except ModelRefused as error:
                # The endpoint counts more tokens than we do: once more, with less.
                if attempt == 2 or self.stream.received or not _ABOUT_WINDOW.search(error.message):
                    raise
                self._count.factor *= 1.5
        raise AssertionError  # the second round returns or raises

    def _tell(self, packed: Packed) -> None:
        """What went in; and once in a session that exchanges are left out."""
        turn = self._turn
        turn.publish(
            ContextPacked(
                turn_id=turn.turn_id,
                used=packed.used,
                window=packed.window,
                reserve=packed.window - self.known.budget,
                items=packed.items,
            )
        )
        gone = sum(item.kind == "history" and not item.included for item in packed.items)
        if gone and not _told.get(turn.registry):
            _told[turn.registry] = True
            message = f"{plural(gone, 'earlier exchange')} no longer fit the model's window and are left out"
            hint = "`compact` sums the conversation up; `window` lists what goes in."
            turn.publish(Notice(level="info", message=message, hint=hint, turn_id=turn.turn_id))

    async def _send(
        self, predictor: Any, purpose: str, prompt: Prompt, show: Show, config: dict[str, Any]
    ) -> Reply:
        from dspy.utils.exceptions import LMError

        packed = prompt.packed
        self.stream.begin(step=self.made, purpose=purpose, prompt_tokens=packed.used, show=show)
        try:
            prediction: Any = await predictor.acall(**prompt.inputs, config=self._config(packed, config))
        except LMError as error:
            failure: AgentError = self._engine.failure or ModelProtocolError(str(error))
            raise failure from None
        finally:
            self.stream.end()
        usage = self.stream.last_usage
        if usage is not None and not usage.estimated:
            self._count.measured(packed.used, usage.prompt_tokens)
            await keep_learned(self._model)
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
