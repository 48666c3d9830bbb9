"""Looking around with the tools that a model calls, until it says something instead."""

from __future__ import annotations

import json

from agent_core.agent import choose
from agent_core.agent.budget import Step
from agent_core.agent.calls import Caller, Outcome
from agent_core.agent.holding import Show
from agent_core.agent.modelcalls import ModelCalls, Reply
from agent_core.agent.written import call_in_text, says_nothing
from agent_core.events import Hit
from agent_core.llm.dspy_engine import arguments_of
from agent_core.llm.port import ToolCall

_MOST_CALLS_AT_ONCE = 6
_MOST_REPEATS = 2
_RUN = ("run_tests", "lint", "build")
CUT_OFF = "{"
"""Stands for arguments that were cut off."""


class Looking:
    """Carries out what a model calls in one turn.

    Args:
        calls: The turn's calls of the model.
        caller: Runs the tools.
    """

    def __init__(self, calls: ModelCalls, caller: Caller) -> None:
        self._calls = calls
        self._caller = caller
        self._repeats = 0
        self.changed: list[str] = []
        """Files that tools changed."""
        self.seen: list[Hit] = []
        """Places that tools found, in order."""
        self.has_run = False
        """Whether tests, a linter or a build were run."""

    @property
    def in_circles(self) -> bool:
        """Whether the model makes the same calls again and again."""
        return self._repeats >= _MOST_REPEATS

    def may_go_on(self, keep: int) -> bool:
        """Whether a call can be made when so many are to be left."""
        return self._calls.left > keep and not self.in_circles

    async def natively(self, *, show: Show, keep: int) -> Reply | None:
        """Offer the tools until the model replies without a call.

        Args:
            show: What of its replies is shown as it comes.
            keep: So many calls of the model are left for what comes after.

        Returns:
            That reply, with what was held back of it; None when it said nothing, or did not come to an end.

        Raises:
            NoTools: The endpoint has none.
            ModelError: The model failed.
        """
        while self.may_go_on(keep):
            reply = await self._calls.act(show)
            calls = list(reply.calls) or self._written(reply)
            if not calls:
                return None if says_nothing(reply.text) else reply
            await self.carry_out(calls[:_MOST_CALLS_AT_ONCE], reply.text if reply.calls else "")
        return None

    def _written(self, reply: Reply) -> list[ToolCall]:
        """The tool calls that a model without practice wrote into its text.

        One that names no tool, or was cut off, is none that can be made: what is wrong with it is its result.
        """
        text = choose.without_thought(reply.text)
        written = call_in_text(text)
        found = choose.parse_choices(written, self._caller.names) if written else []
        known = [choice for choice in found if choice.known and choice.name != choose.ANSWER]
        called = known or [choice for choice in found if choice.is_call and choice.name != choose.ANSWER]
        return [
            ToolCall(
                f"text_{self._calls.made}_{number}",
                choice.name,
                CUT_OFF if choice.cut else json.dumps(choice.arguments),
            )
            for number, choice in enumerate(called)
        ]

    async def carry_out(self, calls: list[ToolCall], text: str) -> None:
        """Run calls, and remember them with what they gave as a step; `text` is what was said beside them."""
        outcomes: list[Outcome] = []
        for call in calls:
            outcome = await self._caller.run(call.name, arguments_of(call.arguments))
            self._repeats += outcome.repeated
            self.changed += outcome.changed
            self.seen += outcome.hits
            self.has_run = self.has_run or (outcome.label.split(" ")[0] in _RUN and not outcome.failed)
            outcomes.append(outcome)
        results = tuple(outcome.text for outcome in outcomes)
        labels = tuple(outcome.label for outcome in outcomes)
        self._calls.known.steps.append(Step(text, tuple(calls), results, labels))
