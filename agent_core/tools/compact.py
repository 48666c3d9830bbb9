"""`compact`: go on with a shorter conversation in the model's window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec

from agent_core.errors import ToolError
from agent_core.events import ActionClass, HistoryCompacted, Said
from agent_core.text import one_line, plural, shorten
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.agent.estimate import Estimate
    from agent_core.agent.history import Exchange
    from agent_core.llm.select import Models

BEFORE = "What was said and done before, in short:"
_WIDTH = 160
_MOST_LISTED = 30


class CompactArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `compact`."""

    keep: Annotated[
        int,
        msgspec.Meta(
            description="The newest exchanges that stay as they are.",
            ge=0, le=50,
            extra={"flag": "--keep", "metavar": "N"},
        ),
    ] = 2  # fmt: skip


class CompactTool:
    """Replaces the older exchanges that a model sees by a summary of them.

    With a model it writes the summary; without one, and where it fails, the summary lists what was asked and
    how each answer began. The transcript and the saved session keep everything.
    """

    name: ClassVar[str] = "compact"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "sum up the conversation so far, to make room in the model's window"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = CompactArgs
    positional: ClassVar[tuple[str, ...]] = ()
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, models: Models) -> None:
        self._models = models

    async def run(self, args: CompactArgs, context: ToolContext) -> ToolResult:
        """Sum it up; raises `ToolError` outside of a turn."""
        turn = context.turn
        if turn is None:
            raise ToolError("compact belongs to a conversation", hint="Type it at the prompt.")
        from agent_core.agent.summary import summarise

        exchanges = turn.history
        older = exchanges[: len(exchanges) - args.keep]
        if all(one.question == BEFORE for one in older):
            text = f"Nothing to sum up: {plural(len(exchanges), 'exchange')} so far, {args.keep} are kept."
            return ToolResult(text=text, summary="nothing to sum up", data={"before": 0, "after": 0})
        said = await summarise(
            self._models,
            "\n\n".join(f"Developer: {one.question}\nAssistant: {one.answer}" for one in reversed(older)),
            skill="compact",
            label=f"{plural(len(older), 'earlier exchange')}",
            turn=turn,
            workspace=context.workspace,
            settings=context.settings,
            kind="history",
            purpose="compact",
        )
        summary = said.strip() or _listed(older)
        kept = tuple(Said(one.question, one.answer) for one in exchanges[len(older) :])
        shorter = (Said(BEFORE, summary), *kept)
        count = await self._count()
        before = sum(count(one.question) + count(one.answer) for one in exchanges)
        after = sum(count(one.question) + count(one.answer) for one in shorter)
        if after >= before:
            text = f"The conversation is short already ({before:,} tokens); it stays as it is."
            return ToolResult(text=text, summary="short already", data={"before": before, "after": before})
        turn.publish(HistoryCompacted(turn_id=turn.turn_id, exchanges=shorter, before=before, after=after))
        return ToolResult(
            text=f"{BEFORE}\n{summary}",
            summary=f"{before:,} tokens became {after:,}; {plural(len(older), 'exchange')} summed up",
            data={
                "before": before,
                "after": after,
                "summed_up": len(older),
                "kept": len(kept),
                "by_model": bool(said.strip()),
                "answer": said,
            },
        )

    async def _count(self) -> Estimate:
        from agent_core.agent.estimate import Estimate, ready_estimate

        model = await self._models.current()
        return Estimate() if model is None else await ready_estimate(model)


def _listed(exchanges: Sequence[Exchange]) -> str:
    """What was asked, and how each answer began; an earlier summary as it is."""
    rows = [one.answer if one.question == BEFORE else _row(one) for one in exchanges[-_MOST_LISTED:]]
    return "\n".join(rows)


def _row(exchange: Exchange) -> str:
    answer = exchange.answer.strip().partition("\n")[0]
    asked, said = (shorten(one_line(text), _WIDTH) for text in (exchange.question, answer))
    return f"- asked: {asked}; answered: {said}"
