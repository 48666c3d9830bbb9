"""The conversation's part of each event: the same for what happens now and for what happened before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent_core import events as e
from agent_core.checkpoints.saying import changed_in_short
from agent_core.rl.saying import suggested

if TYPE_CHECKING:
    from agent_core.session.saved.model import Record
    from tui.widgets.transcript import Transcript

_AT_ONCE = 32
"""Events of an earlier conversation that are shown before the keys have their turn."""


class Telling:
    """Puts events on a page."""

    def __init__(self, page: Transcript) -> None:
        self._page = page
        self._typed = ""
        self._streamed: set[str] = set()
        self._waited: set[str] = set()

    def show(self, event: e.Event) -> None:
        """Show one event; most have no part in the conversation."""
        page = self._page
        match event:
            case e.TurnStarted():
                if event.kind != "task":
                    self._typed = event.turn_id
                page.add_prompt(event.turn_id, event.text, waited=event.turn_id in self._waited)
                self._waited.discard(event.turn_id)
            case e.TurnQueued():
                self._waited.add(event.turn_id)
            case e.TurnUnqueued():
                self._waited.discard(event.turn_id)
            case e.TextDelta():
                self._streamed.add(event.turn_id)
                page.append_text(event.turn_id, event.text)
            case e.ReasoningDelta():
                page.append_reasoning(event.turn_id, event.text)
            case e.ToolStarted():
                typed = event.turn_id == self._typed
                edit = event.name == "edit"
                page.start_tool(event.turn_id, event.call_id, event.command, typed=typed, edit=edit)
            case e.ToolProgress():
                page.tool_output(event.call_id, event.text)
            case e.ToolFinished():
                page.finish_tool(
                    event.call_id, event.summary, event.text, event.error, event.seconds, path=_listed(event)
                )
            case e.ToolSuggested():
                page.add_notice("aside", suggested(event.suggestion))
            case e.WorkspaceChanged():
                page.add_notice("info", changed_in_short(event))
            case e.Notice():
                page.add_notice(event.level, event.message, event.hint)
            case e.TurnFinished():
                if event.turn_id not in self._streamed and event.text:
                    page.append_text(event.turn_id, event.text)
                self._streamed.discard(event.turn_id)
                page.finish_turn(
                    event.turn_id,
                    event.outcome,
                    event.reason,
                    event.error,
                    event.usage,
                    event.seconds,
                    unverified=event.outcome == "changed" and event.data.get("verified") == [],
                    undoable=bool(event.data.get("undo")),
                )
            case _:
                pass

    async def replay(self, records: Sequence[Record]) -> None:
        """Show what happened before, as it would have been shown then, in place of what is on the page."""
        page = self._page
        page.clear()
        try:
            for number, (at, event) in enumerate(records, 1):
                page.moment = at
                self.show(event)
                if number % _AT_ONCE == 0:
                    page.moment = None
                    await asyncio.sleep(0)
        finally:
            page.moment = None


def _listed(event: e.ToolFinished) -> str:
    """The file whose numbered lines the tool's text is; "" when it is something else."""
    return str(event.data.get("path", "")) if event.name == "cat" and not event.data.get("binary") else ""
