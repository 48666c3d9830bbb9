"""`window`: what went into the model's window, and what was left out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from agent_core.events import ActionClass, ContextItem, ContextPacked
from agent_core.text import one_line, plural, shorten
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.llm.select import Models
    from agent_core.session.saved.conversation import Conversation
    from agent_core.tools.registry import Registry

_BAR = 16
_LABEL = 70
_EIGHTHS = " ▏▎▍▌▋▊▉"


class WindowArgs(msgspec.Struct, frozen=True):
    """`window` takes no arguments."""


class WindowTool:
    """Lists what the last prompt of a model was made of, with the tokens of each, and what had no room.

    Before the first prompt: what always goes in. `agent_core/agent/budget.py` has the rule.
    """

    name: ClassVar[str] = "window"
    aliases: ClassVar[tuple[str, ...]] = ()
    slash_names: ClassVar[tuple[str, ...]] = ("context",)
    summary: ClassVar[str] = "show what is in the model's window, tokens each, and what was left out"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = WindowArgs
    positional: ClassVar[tuple[str, ...]] = ()
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, conversation: Conversation, models: Models, registry: Registry) -> None:
        self._conversation, self._models, self._registry = conversation, models, registry

    async def run(self, args: WindowArgs, context: ToolContext) -> ToolResult:
        """Tell it."""
        packed = self._conversation.context
        asked = packed is not None
        if packed is None:
            packed = await self._before(context)
        available = max(0, packed.window - packed.used - packed.reserve)
        used = f"{packed.used:,} of {packed.window:,} tokens"
        nothing = "Nothing was asked yet; of what will go in, instructions of the project and tools take"
        what = "The last prompt took" if asked else nothing
        head = f"{what} {used} ({_percent(packed.used, packed.window)}); "
        head += f"{packed.reserve:,} are kept for the answer, {available:,} are free."
        return ToolResult(
            text="\n".join([head, *_rows(packed)]),
            summary=f"{used}, {plural(sum(not item.included for item in packed.items), 'thing')} left out",
            data={
                "asked": asked,
                "used": packed.used,
                "window": packed.window,
                "reserve": packed.reserve,
                "available": available,
                "items": [_data(item, packed.window) for item in packed.items],
            },
        )

    async def _before(self, context: ToolContext) -> ContextPacked:
        """What any prompt would have, as far as it is known without loading the model's prompts."""
        from agent_core.agent.budget import budget_of
        from agent_core.agent.estimate import Estimate, ready_estimate
        from agent_core.agent.instructions import read_instructions, set_instructions
        from agent_core.agent.offering import offered
        from agent_core.llm.port import ToolSpec
        from agent_core.masking import masker
        from agent_core.tools.registry import is_offered, tool_schema

        model = await self._models.current()
        count = Estimate() if model is None else await ready_estimate(model)
        window, budget = budget_of(model.info.window if model else 0, context.settings.answer_reserve)
        rules = await asyncio.to_thread(read_instructions, context.workspace, mask=masker(context.settings))
        told = (*set_instructions(context.settings), *rules)
        items = [ContextItem("rules", item.label, count(item.text)) for item in told]
        agents = [tool for tool in self._registry.all() if is_offered(tool)]
        specs = [ToolSpec(tool.name, tool.summary, tool_schema(tool)) for tool in agents]
        for group, included in zip(offered(specs, budget, count.tool), (True, False), strict=True):
            if group and (model is None or model.info.supports_tools):
                names = ", ".join(tool.name for tool in group)
                items.append(ContextItem("tools", names, count.tools(group), included))
        used = sum(item.tokens for item in items if item.included)
        return ContextPacked(
            turn_id="", used=used, window=window, items=tuple(items), reserve=window - budget
        )


def _rows(packed: ContextPacked) -> list[str]:
    kept = [item for item in packed.items if item.included]
    gone = [item for item in packed.items if not item.included]
    rows = ["", *(_row(item, packed.window) for item in kept)]
    if gone:
        rows += [
            "",
            "Left out, because the window has no room for it (the order of what goes first is fixed):",
        ]
        rows += [_row(item, packed.window) for item in gone]
        if any(item.kind == "history" for item in gone):
            rows += ["`compact` sums the conversation up."]
    return rows


def _row(item: ContextItem, window: int) -> str:
    bar = _bar(item.tokens / max(1, window)) if item.included else " " * _BAR
    return f"{item.tokens:>9,}  {bar} {_percent(item.tokens, window):>5}  {item.kind:<8} {_label(item.label)}"


def _label(label: str) -> str:
    return shorten(one_line(label), _LABEL)


def _bar(share: float) -> str:
    eighths = min(8 * _BAR, max(1, round(share * 8 * _BAR)))
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(_BAR)


def _percent(tokens: int, window: int) -> str:
    return f"{100 * tokens / max(1, window):.0f} %"


def _data(item: ContextItem, window: int) -> dict[str, Any]:
    return {**msgspec.to_builtins(item), "share": round(item.tokens / max(1, window), 4)}
