"""One predictor of a skill as a program that GEPA can call: an example in, a reply out, a score for it."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUntypedBaseClass=false
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dspy
import msgspec

from agent_core.llm.port import ToolCall, ToolSpec
from agent_core.rl.gepa.api import Target
from agent_core.rl.gepa.examples import Example
from agent_core.rl.gepa.judging import Judged, Reply, judge
from agent_core.workspace import Workspace

_LONGEST: dict[Target, int] = {
    "ask.conclude": 400, "ask.choose": 256, "ask.act": 400, "locate.name": 256, "edit.write": 800,
    "plan.draft": 500, "commit.message": 200, "review.judge": 256, "logs.explain": 400,
}  # fmt: skip
"""Tokens of a reply."""
_SHARE = 3
"""A reply takes at most one part in so many of the window."""
_SMALLEST = 64


class Student(dspy.Module):
    """Calls one predictor with an example, as the skill calls it, but always alike: no reasoning, and
    temperature 0.

    Args:
        predictor: The predictor, as the skill was loaded.
        target: Its name.
        tools: The tools that are offered where it calls them natively.
        window: The model's context in tokens, 0 when unknown.
    """

    def __init__(self, predictor: Any, *, target: Target, tools: Sequence[ToolSpec], window: int) -> None:
        super().__init__()
        self.predictor = predictor
        self._target, self._tools = target, tuple(tools)
        longest = _LONGEST[target]
        self._most = max(_SMALLEST, min(longest, window // _SHARE)) if window else longest

    def forward(self, **given: Any) -> Any:
        """The predictor's prediction; `schema` is the schema of the reply."""
        schema = given.pop("schema", None)
        config: dict[str, Any] = {"think": False, "temperature": 0.0, "max_tokens": self._most}
        if schema is not None:
            config["response_schema"] = schema
        inputs: dict[str, Any] = {**dict.fromkeys(self.predictor.signature.input_fields, ""), **given}
        for name in ("history", "steps", "tools"):
            if name in inputs:
                inputs[name] = list(self._tools) if name == "tools" else []
        return self.predictor(**inputs, config=config)


def as_dspy(example: Example) -> Any:
    """The example as DSPy takes it; it holds ours under `example`."""
    fields: dict[str, Any] = {**example.fields, "schema": example.schema}
    return dspy.Example(**fields, example=example).with_inputs(*fields)


def reply_of(prediction: Any) -> Reply:
    """What a prediction says, of whichever predictor it is."""
    values: dict[str, Any] = dict(prediction.items())
    calls: list[Any] = values.pop("tool_calls", None) or []
    text = next(iter(values.values()), "") or ""
    made = tuple(ToolCall(part.id, part.name, _encoded(part.input)) for part in calls)
    return Reply(str(text), made)


def _encoded(value: Any) -> str:
    return msgspec.json.encode(value).decode()


class Judge:
    """Scores predictions; it is the metric that GEPA is given.

    Args:
        workspace: What citations are checked against.
        tools: The tools that were offered.
    """

    def __init__(self, *, workspace: Workspace, tools: Sequence[ToolSpec]) -> None:
        self._workspace, self._tools = workspace, tuple(tools)

    def __call__(
        self,
        gold: Any,
        pred: Any,
        trace: Any = None,
        pred_name: str | None = None,
        pred_trace: Any = None,
    ) -> Any:
        """The score, and in words what is missing."""
        judged = self.judged(gold.example, pred)
        return dspy.Prediction(score=judged.score, feedback=judged.feedback)

    def judged(self, example: Example, prediction: Any) -> Judged:
        """What a prediction is worth."""
        return judge(example.goal, reply_of(prediction), workspace=self._workspace, tools=self._tools)
