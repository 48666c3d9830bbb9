"""Answering with a model: it looks with the read tools, then answers in text that streams as it comes.

A model with native tool calls is offered the tools and ends the turn by answering without a call. One without
chooses inside a schema, one call at a time, and then answers from what was found. Both start with the places
that a search for the question found, so a small model is informed before its first step.
"""

from __future__ import annotations

import asyncio
import json

from agent_core.agent import choose, intent
from agent_core.agent.calls import Caller
from agent_core.agent.citations import check_citations
from agent_core.agent.claims import unbacked
from agent_core.agent.loading import prepared
from agent_core.agent.looking import Looking
from agent_core.agent.modelcalls import ModelCalls, NoTools
from agent_core.agent.port import Answer, TaskInput, TurnPort
from agent_core.events import Notice
from agent_core.llm.port import LanguageModel, ToolCall
from agent_core.logs.saying import NOTHING_FOUND

_LOGS = "ctx"


async def respond_with_model(model: LanguageModel, task: TaskInput, turn: TurnPort) -> Answer:
    """Answer a task with a model; deltas, calls and usage are published while it works.

    Raises:
        ModelError: The model failed; what it said until then has been published.
        Interrupted: The turn was cancelled while a tool asked.
    """
    gathered, ask = await prepared(task, turn, "ask")
    caller = Caller(turn)
    calls = ModelCalls(model, task=task, turn=turn, gathered=gathered, tools=caller.specs, skill=ask)
    with calls.context():
        return await _Run(calls, caller, task, turn).answer()


class _Run:
    """One task on its way to its answer."""

    def __init__(self, calls: ModelCalls, caller: Caller, task: TaskInput, turn: TurnPort) -> None:
        self._calls = calls
        self._caller = caller
        self._looking = Looking(calls, caller)
        self._task = task
        self._turn = turn
        self._tried_rule = False

    async def answer(self) -> Answer:
        await self._calls.ready()
        await self._look_into_logs()
        reason = "native"
        if self._calls.native:
            try:
                reason = await self._with_native_tools()
            except NoTools:
                reason = "native"
        if reason == "native":
            reason = await self._by_choice()
        return await self._finish(reason)

    async def _look_into_logs(self) -> None:
        """Where a question smells of a failure, or names a log, begin with what that says."""
        text, mentions = self._task.text, self._task.mentions
        log = intent.log_named(text, mentions)
        if _LOGS in self._caller.names and (log or (intent.asks_about_failure(text) and not mentions)):
            arguments = {**({"source": [log]} if log else {}), **intent.since_of(text)}
            call = ToolCall("logs_1", _LOGS, json.dumps(arguments))
            await self._looking.carry_out([call], "")
            if self._calls.known.steps[-1].results[0].startswith(NOTHING_FOUND):
                self._calls.known.steps.pop()

    async def _with_native_tools(self) -> str:
        reply = await self._looking.natively(show="unless a call", keep=1)
        if reply is None:
            return await self._conclude()
        self._calls.stream.release()
        return reply.ending

    async def _by_choice(self) -> str:
        while self._caller.names and self._looking.may_go_on(keep=1):
            choice = await self._choice()
            if choice is None or choice.name == choose.ANSWER:
                break
            call = ToolCall(f"choice_{self._calls.made}", choice.name, json.dumps(choice.arguments))
            await self._looking.carry_out([call], "")
            if self._tried_rule:
                break
        return await self._conclude()

    async def _choice(self) -> choose.Choice | None:
        """What the model chooses; after one repair in vain, what the rules choose."""
        remark = ""
        for _ in range(2):
            if self._calls.left <= 1:
                return None
            text = await self._calls.choose(remark)
            choice = choose.parse_choice(text, self._caller.names)
            if choice is None:
                problem = "Your last reply held no JSON object."
            elif choice.cut:
                problem = f"Your last reply was cut off in the middle of the arguments of {choice.name}."
            elif choice.name == choose.ANSWER:
                return choice
            else:
                problem = self._caller.problem(choice.name, choice.arguments)
                if problem is None:
                    return choice
            remark = f'{problem} Reply with one JSON object such as {{"action": "answer"}} and nothing else.'
        self._tried_rule = True
        return self._by_rule()

    def _by_rule(self) -> choose.Choice | None:
        found = intent.route(self._task.text)
        purpose = "codectx" if found.purpose == "overview" else found.purpose
        name = purpose if purpose in self._caller.names else ""
        arguments = dict(found.arguments)
        if name == "grep":
            arguments["literal"] = True
        if not name or self._caller.problem(name, arguments) is not None:
            return None
        return choose.Choice(name, arguments)

    async def _conclude(self) -> str:
        """The answer from what is known, without tools."""
        limited = self._calls.left <= 1 and bool(self._calls.known.steps)
        reply = await self._calls.conclude()
        if not reply.text.strip():
            return "empty"
        if reply.ending != "stop":
            return reply.ending
        if self._looking.in_circles:
            return "repeat"
        return "steps" if limited and self._calls.native else "stop"

    async def _finish(self, reason: str) -> Answer:
        stream = self._calls.stream
        if reason == "empty":
            self._tell_of_places()
        if intent.asks_for_change(self._task.text) and not self._looking.changed:
            reason = "unchanged"
            stream.remark("(Nothing was changed: a change was asked for, and no file was edited.)")
        elif remark := unbacked(stream.text, changed=bool(self._looking.changed), ran=self._looking.has_run):
            stream.remark(remark)
        good, bad = await asyncio.to_thread(check_citations, stream.text, self._turn.workspace)
        if bad:
            message = f"the answer cites what does not exist: {', '.join(bad[:5])}"
            self._turn.publish(Notice(level="warning", message=message, turn_id=self._turn.turn_id))
        return Answer(
            text=stream.text,
            citations=good,
            usage=stream.usage,
            changed=tuple(dict.fromkeys(self._looking.changed)),
            stop_reason=reason,
        )

    def _tell_of_places(self) -> None:
        """The model said nothing; what the search found is told beside its empty answer."""
        places = ", ".join(f"{hit.path}:{hit.start}" for hit in self._calls.known.places[:5])
        hint = f"These places speak of the question: {places}" if places else ""
        self._turn.publish(
            Notice(level="warning", message="The model gave no answer", hint=hint, turn_id=self._turn.turn_id)
        )
