"""A DSPy adapter for conversations: a plain text reply is the answer, and tools are called natively.

DSPy's own adapters wrap every field in markers, which small models lose and which cannot be shown while they
stream. Here the instructions are the system prompt, the inputs are ordinary messages, and the reply's text
is the one output field of text, as it comes.
"""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import dspy
from dspy import lm15

from agent_core.agent.budget import Step
from agent_core.llm.port import ToolSpec

SPECIAL = frozenset({"history", "steps", "tools"})


class TextAdapter(dspy.Adapter):
    """Renders a signature to a request, and a response to the signature's outputs.

    Input fields with a meaning of their own: `history` (a sequence of `Exchange`) becomes earlier messages,
    `steps` (of `Step`) the calls and results so far, `tools` (of `ToolSpec`) the tools that are offered. The
    other input fields are the user's message, in order, each under its description. A signature with `tools`
    gets its steps as native tool messages and has an output field `tool_calls`; one without gets them as
    text.

    A call's configuration: `response_schema`, `think`, `max_tokens`, `temperature`.
    """

    def __call__(
        self,
        lm: Any,
        lm_kwargs: dict[str, Any],
        signature: type[dspy.Signature],
        demos: list[dict[str, Any]],
        inputs: dict[str, Any],
    ) -> list[dict[str, Any]]:
        """One synchronous call."""
        response = lm(self.request(lm.model, lm_kwargs, signature, demos, inputs))
        return [self.outputs(signature, response)]

    async def acall(
        self,
        lm: Any,
        lm_kwargs: dict[str, Any],
        signature: type[dspy.Signature],
        demos: list[dict[str, Any]],
        inputs: dict[str, Any],
    ) -> list[dict[str, Any]]:
        """One call; cancelling it closes the request."""
        response = await lm.acall(self.request(lm.model, lm_kwargs, signature, demos, inputs))
        return [self.outputs(signature, response)]

    def request(
        self,
        model: str,
        config: dict[str, Any],
        signature: type[dspy.Signature],
        demos: Iterable[dict[str, Any]],
        inputs: dict[str, Any],
    ) -> lm15.Request:
        """The request of a call."""
        messages: list[lm15.Message] = []
        for demo in demos:
            messages += _exchange(_user_text(signature, demo), _demo_answer(signature, demo))
        for exchange in _sequence(inputs.get("history")):
            messages += _exchange(exchange.question, exchange.answer)
        native = "tools" in signature.input_fields
        steps: Sequence[Step] = _sequence(inputs.get("steps"))
        user = _user_text(signature, inputs)
        if not native and steps:
            user = f"{_steps_as_text(steps)}\n\n{user}"
        messages.append(lm15.Message.user(user))
        if native:
            messages += [message for step in steps for message in _step_messages(step)]
        tools: Sequence[ToolSpec] = _sequence(inputs.get("tools"))
        return lm15.Request(
            model=model,
            system=signature.instructions or None,
            messages=tuple(messages),
            tools=tuple(lm15.FunctionTool(tool.name, tool.description, tool.parameters) for tool in tools),
            config=_config(config),
        )

    def outputs(self, signature: type[dspy.Signature], response: lm15.Response) -> dict[str, Any]:
        """The outputs of a response: its text, its tool calls, and None for what a signature wants beyond."""
        values: dict[str, Any] = dict.fromkeys(signature.output_fields)
        text = "".join(part.text for part in response.message.parts_of(lm15.TextPart))
        name = next(name for name in signature.output_fields if name != "tool_calls")
        values[name] = text
        if "tool_calls" in values:
            values["tool_calls"] = list(response.tool_calls)
        return values


def _sequence(value: Any) -> Sequence[Any]:
    return value or ()


def _exchange(question: str, answer: str) -> list[lm15.Message]:
    return [lm15.Message.user(question), lm15.Message.assistant(answer or "…")]


def _user_text(signature: type[dspy.Signature], inputs: dict[str, Any]) -> str:
    """The user's message: with one field its bare text, with more each under its description."""
    shown = {
        name: str(inputs[name]).strip()
        for name in signature.input_fields
        if name not in SPECIAL and inputs.get(name)
    }
    if len(shown) == 1:
        return next(iter(shown.values())) or "…"
    parts = [f"{_title(signature, name)}\n{text}" for name, text in shown.items() if text]
    return "\n\n".join(parts) or "…"


def _title(signature: type[dspy.Signature], name: str) -> str:
    extra: dict[str, Any] = signature.input_fields[name].json_schema_extra or {}  # type: ignore[assignment]
    return str(extra.get("desc") or f"{name}:")


def _demo_answer(signature: type[dspy.Signature], demo: dict[str, Any]) -> str:
    name = next(name for name in signature.output_fields if name != "tool_calls")
    value = demo.get(name)
    return value if isinstance(value, str) else json.dumps(value)


def _step_messages(step: Step) -> list[lm15.Message]:
    from agent_core.llm.dspy_engine import arguments_of

    parts: list[Any] = [lm15.TextPart(step.text)] if step.text else []
    parts += [lm15.ToolCallPart(call.id, call.name, arguments_of(call.arguments)) for call in step.calls]
    results = [
        lm15.tool_result(call.id, result or "(nothing)", name=call.name)
        for call, result in zip(step.calls, step.results, strict=True)
    ]
    return [lm15.Message(role="assistant", parts=tuple(parts)), lm15.Message.tool(results)]


def _steps_as_text(steps: Iterable[Step]) -> str:
    shown = [
        f"$ {label}\n{result}"
        for step in steps
        for label, result in zip(step.labels, step.results, strict=True)
    ]
    return "Results of the tools used so far:\n\n" + "\n\n".join(shown)


def _config(config: dict[str, Any]) -> lm15.Config:
    schema, think = config.get("response_schema"), config.get("think")
    return lm15.Config(
        max_tokens=config.get("max_tokens"),
        temperature=config.get("temperature"),
        response_format={"type": "json_schema", "name": "reply", "schema": schema} if schema else None,
        reasoning=None if think is None else lm15.Reasoning("medium" if think else "off"),
    )
