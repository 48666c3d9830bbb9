"""Carrying out the tool calls that a model makes: nothing that it wrote is trusted."""

from __future__ import annotations

from typing import Any

import msgspec

from agent_core.agent.meant import meant_arguments, meant_name
from agent_core.agent.port import TurnPort
from agent_core.errors import AgentError, Interrupted
from agent_core.events import Hit
from agent_core.llm.errors import ModelError
from agent_core.llm.port import ToolSpec
from agent_core.masking import masker
from agent_core.tools.base import AnyTool
from agent_core.tools.fields import fields_of

_MOST_TEXT = 24_000
"""Characters of a result that are kept at all; the budget decides how many the model sees."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a call: `text` goes to the model, `label` is the command line of the same."""

    text: str
    label: str
    hits: tuple[Hit, ...] = ()
    changed: tuple[str, ...] = ()
    repeated: bool = False
    failed: bool = False


class Caller:
    """Runs the calls of one turn and remembers them."""

    def __init__(self, turn: TurnPort) -> None:
        self._turn = turn
        from agent_core.tools.registry import is_offered

        self._tools: dict[str, AnyTool] = {
            tool.name: tool for tool in turn.registry.all() if is_offered(tool)
        }
        self._seen: set[tuple[str, bytes]] = set()
        self._mask = masker(turn.settings)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools as they are offered to a model."""
        from agent_core.tools.registry import tool_schema

        return tuple(ToolSpec(tool.name, tool.summary, tool_schema(tool)) for tool in self._tools.values())

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tools."""
        return tuple(self._tools)

    def problem(self, name: str, arguments: dict[str, Any]) -> str | None:
        """Why a call cannot be made, in words for the model; None when it can."""
        try:
            self._checked(name, arguments)
        except _BadCallError as bad:
            return str(bad)
        return None

    def _checked(self, name: str, arguments: dict[str, Any]) -> tuple[AnyTool, msgspec.Struct]:
        tool = self._tools.get(meant_name(name, self._tools) or "")
        if tool is None:
            raise _BadCallError(f"There is no tool {name[:40]!r}. The tools are: {', '.join(self._tools)}.")
        try:
            own = getattr(tool, "read_call", None)
            if own is not None:
                return tool, own(arguments)
            given = meant_arguments(fields_of(tool.args_type), arguments)
            return tool, msgspec.convert(given, tool.args_type, strict=False)
        except (msgspec.ValidationError, ValueError) as error:
            raise _BadCallError(f"Wrong arguments for {tool.name}: {error}. {_takes(tool)}") from None

    async def run(self, name: str, arguments: dict[str, Any]) -> Outcome:
        """Make a call. What the tool raises becomes text for the model; only a cancelled turn raises."""
        try:
            tool, args = self._checked(name, arguments)
        except _BadCallError as bad:
            return Outcome(text=str(bad), label=name[:40], failed=True)
        from agent_core.commandline import render

        label = render(tool.name, args)
        key = (tool.name, msgspec.json.encode(args))
        if key in self._seen:
            text = "You made this call before; its result stands above. Call something else, or answer."
            return Outcome(text=text, label=label, repeated=True)
        self._seen.add(key)
        try:
            result = await self._turn.call_tool(tool.name, args)
        except (Interrupted, ModelError):
            raise
        except AgentError as error:
            return Outcome(text=f"Error: {error.message}. {error.hint}".strip(), label=label, failed=True)
        text = result.text.strip() or result.summary or "(nothing)"
        if result.note:
            text = f"{text[:_MOST_TEXT]}\n({result.note})"
        return Outcome(
            text=self._mask(text[: _MOST_TEXT + 400]), label=label, hits=result.hits, changed=result.changed
        )


class _BadCallError(Exception):
    """The call cannot be made; its text says why."""


def _takes(tool: AnyTool) -> str:
    fields = msgspec.structs.fields(tool.args_type)
    names = [field.name if field.required else f"{field.name} (optional)" for field in fields]
    return f"It takes: {', '.join(names) or 'nothing'}."
