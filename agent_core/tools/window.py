"""`window`: what went into the model's window, what was left out, and all that was sent in the session."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from agent_core.commandline import render
from agent_core.config import Settings
from agent_core.errors import ToolError, UsageError
from agent_core.events import ActionClass, ContextItem, ContextPacked
from agent_core.files import write_atomic
from agent_core.text import one_line, plural, shorten
from agent_core.tools.asking import Planned
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.llm.select import Models
    from agent_core.session.saved.conversation import Conversation
    from agent_core.tools.registry import Registry
    from agent_core.tools.sent import Embedder

_BAR = 16
_LABEL = 70
_EIGHTHS = " ▏▎▍▌▋▊▉"


class WindowArgs(msgspec.Struct, frozen=True):
    """Arguments of `window`."""

    sent: Annotated[
        bool, msgspec.Meta(description="Every call of this session: when, to whom, and what was in it.")
    ] = False
    export: Annotated[
        str,
        msgspec.Meta(
            description="With --sent: write it to a new file, as JSON.",
            extra={"flag": "--export", "metavar": "FILE", "path": True},
        ),
    ] = ""


class WindowTool:
    """Lists what the last prompt of a model was made of, with the tokens of each, and what had no room.

    Before the first prompt: what always goes in. `agent_core/agent/budget.py` has the rule.
    """

    name: ClassVar[str] = "window"
    aliases: ClassVar[tuple[str, ...]] = ()
    slash_names: ClassVar[tuple[str, ...]] = ("context",)
    summary: ClassVar[str] = "show what is in the model's window, and --sent what went to models so far"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = WindowArgs
    positional: ClassVar[tuple[str, ...]] = ()
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, conversation: Conversation, models: Models, registry: Registry) -> None:
        self._conversation, self._models, self._registry = conversation, models, registry

    async def run(self, args: WindowArgs, context: ToolContext) -> ToolResult:
        """Tell it; raises `UsageError`, and `PathRefused` and `ToolError` where it cannot be exported."""
        if args.export and not args.sent:
            raise UsageError("--export belongs to --sent", hint="Such as: window --sent --export sent.json")
        if args.sent:
            return await self._sent(args.export, context)
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

    async def plan(
        self, args: WindowArgs, *, workspace: Workspace, settings: Settings, typed: bool
    ) -> Planned | None:
        """Exporting writes a file; raises what `run` does of it."""
        if not args.export:
            return None
        _target(args.export, workspace)
        return Planned((render(self.name, args),), "It writes a file.", action="write")

    async def _sent(self, export: str, context: ToolContext) -> ToolResult:
        from agent_core.masking import masker
        from agent_core.tools.sent import document, headline, lines

        mask, calls = masker(context.settings), tuple(self._conversation.sent.calls)
        embedder = await _embedder(context.settings)
        data = document(self._conversation.id, calls, embedder, mask)
        if not export:
            text = "\n".join(lines(calls, embedder, mask))
            return ToolResult(text=text, summary=headline(calls, embedder), data={"sent": data})
        path = _target(export, context.workspace)
        encoded = msgspec.json.format(msgspec.json.encode(data), indent=2) + b"\n"
        try:
            await asyncio.to_thread(write_atomic, path, encoded, durable=False)
        except OSError as error:
            raise ToolError(f"{one_line(export)} cannot be written: {error.strerror}") from None
        shown = context.workspace.relative(path)
        text = f"{plural(len(calls), 'call')} written to {one_line(shown)}."
        return ToolResult(text=text, summary=text[:-1], changed=(shown,), data={"path": shown, "sent": data})

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


def _target(name: str, workspace: Workspace) -> Path:
    """The new file; raises `PathRefused`, and `ToolError` where there is something of that name."""
    path = workspace.resolve(name)
    if path.exists():
        raise ToolError(f"{one_line(name)} is there already", hint="Name a file that is not.")
    return path


async def _embedder(settings: Settings) -> Embedder | None:
    """Who gets pieces of the code for vectors, where that is somebody behind an endpoint."""
    from agent_core.tools.sent import Embedder

    if settings.embedder.startswith("plugin:"):
        from agent_core.plugins.embedding import recipient_of

        remote = await recipient_of(settings)
    else:
        from agent_core.index.embed.select import recipient

        remote = recipient(settings)
    return Embedder(remote.name, remote.host, remote.is_local) if remote else None


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
