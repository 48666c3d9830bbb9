"""What a turn knows that a model could be shown, and the prompts that are made of it."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from agent_core.agent.budget import FILES_SHARE, Material, Packed, Step, budget_of, numbered, pack
from agent_core.agent.choose import described
from agent_core.agent.estimate import Estimate
from agent_core.agent.gather import Gathered
from agent_core.agent.offering import offered
from agent_core.agent.port import TaskInput
from agent_core.events import ContextItem
from agent_core.llm.dspy_engine import chat_request
from agent_core.llm.errors import ContextTooSmall
from agent_core.llm.port import ModelInfo, ToolSpec

_EVIDENCE_TOKENS = {True: 1500, False: 6000}
"""By whether the model is local: a CPU reads some 60 tokens a second."""
_TRIES = 4


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs of a predictor that fit the window, and what went into them."""

    inputs: dict[str, Any]
    packed: Packed


class Known:
    """What one turn knows.

    Args:
        task: What is to be answered, without secrets.
        gathered: What the search and the mentions gave.
        tools: The tools that a model may call.
        info: The model.
        count: Counts its tokens.
        reserve: Tokens of the window for the answer.
    """

    def __init__(
        self,
        *,
        task: TaskInput,
        gathered: Gathered,
        tools: tuple[ToolSpec, ...],
        info: ModelInfo,
        count: Estimate,
        reserve: int,
    ) -> None:
        self._task, self._info, self._count, self._reserve = task, info, count, reserve
        self.steps: list[Step] = []
        self.files = gathered.mentions
        """The files that are shown."""
        self.places = gathered.evidence
        """The places that are shown."""
        self.rules = gathered.rules
        """The project's own instructions."""
        self.diff = gathered.diff
        """What the session changed so far."""
        self.window, self.budget = budget_of(info.window, reserve)
        self._tools = tools

    def native_tools(self) -> tuple[tuple[ToolSpec, ...], tuple[ToolSpec, ...]]:
        """The tools that are offered natively, and those that there is no room for."""
        return offered(self._tools, self.budget, self._count.tool, question=self._task.text)

    def described_tools(self) -> tuple[tuple[ToolSpec, ...], tuple[ToolSpec, ...]]:
        """The tools that are described in words, and those that there is no room for."""
        return offered(
            self._tools,
            self.budget,
            lambda tool: self._count(described(tool)) + 1,
            question=self._task.text,
        )

    def cut(self, text: str, share: float) -> str:
        """The beginning of a text that takes at most a share of what a prompt may take."""
        return self._count.cut(text, int(self.budget * share))

    def room_for_files(self, signature: Any, fields: Mapping[str, str]) -> int:
        """Tokens that a prompt leaves for the files that a change is about."""
        titles = "\n".join(
            str(field.json_schema_extra.get("desc")) for field in signature.input_fields.values()
        )
        fixed = "\n".join((signature.instructions, self._task.text, titles, *fields.values()))
        return int((self.budget - self._count(fixed) - 40) * FILES_SHARE)

    def prompt(
        self,
        predictor: Any,
        tools: tuple[ToolSpec, ...],
        fields: Mapping[str, str],
        left_out: tuple[ToolSpec, ...] = (),
    ) -> Prompt:
        """As much as fits of what a predictor takes; the whole of it is counted as it will be sent.

        Args:
            predictor: The predictor.
            tools: The tools to offer.
            fields: Further inputs, which always go in whole.
            left_out: Tools that there was no room for.

        Raises:
            ContextTooSmall: Not even what always goes in fits.
        """
        spare = used = 0
        for _ in range(_TRIES):
            packed = self._packed(predictor.signature, tools, fields, spare)
            inputs = self._inputs(predictor.signature, packed, tools, fields)
            used = self._count.request(_rendered(predictor, inputs))
            if used <= self.budget:
                items = packed.items
                if left_out:
                    names = ", ".join(tool.name for tool in left_out)
                    items = (*items, ContextItem("tools", names, self._count.tools(left_out), included=False))
                around = used - sum(item.tokens for item in packed.items if item.included)
                if around > 0:
                    items = (*items, ContextItem("system", "titles and what stands between", around))
                packed = msgspec.structs.replace(packed, used=used, room=self.window - used, items=items)
                return Prompt(inputs=inputs, packed=packed)
            spare += used - self.budget + 8
        raise ContextTooSmall(
            f"the prompt takes about {used:,} tokens at the least, and the model's window of {self.window:,} "
            f"leaves {self.budget:,}",
            hint="Ask in fewer words, or raise context_window (for Ollama: num_ctx).",
        )

    def _packed(
        self, signature: Any, tools: tuple[ToolSpec, ...], fields: Mapping[str, str], spare: int
    ) -> Packed:
        taken: Any = signature.input_fields
        return pack(
            Material(
                system="\n".join((signature.instructions, *fields.values())),
                question=self._task.text,
                tools=tools,
                rules=self.rules if "rules" in taken else (),
                steps=tuple(self.steps) if "steps" in taken else (),
                mentions=self.files if "files" in taken else (),
                diff=self.diff if "changes" in taken else "",
                history=self._task.history if "history" in taken else (),
                evidence=self.places if "places" in taken else (),
            ),
            window=self._info.window,
            reserve=self._reserve,
            count=self._count,
            evidence_limit=_EVIDENCE_TOKENS[self._info.is_local],
            files_first="remark" in taken and "actions" not in taken,
            spare=spare,
        )

    def _inputs(
        self, signature: Any, packed: Packed, tools: tuple[ToolSpec, ...], fields: Mapping[str, str]
    ) -> dict[str, Any]:
        inputs: dict[str, Any] = {
            **dict.fromkeys(signature.input_fields, ""),
            "rules": "\n\n".join(f"{item.label}\n{item.text}" for item in packed.rules),
            "places": "\n\n".join(map(numbered, packed.evidence)),
            "files": "\n\n".join(f"{item.label}\n{item.text}" for item in packed.mentions),
            "changes": packed.diff,
            "question": self._task.text,
            "history": list(packed.history),
            "steps": list(packed.steps),
            **fields,
        }
        if tools:
            inputs["tools"] = list(tools)
        return inputs


def _rendered(predictor: Any, inputs: dict[str, Any]) -> Any:
    from agent_core.skills.text_adapter import TextAdapter

    demos: list[dict[str, Any]] = predictor.demos
    return chat_request(TextAdapter().request("any", {}, predictor.signature, demos, inputs))
