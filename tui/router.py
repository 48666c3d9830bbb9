"""One match: each event goes to the pane that shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from agent_core import events as e
from agent_core.index.saying import in_short, is_trouble
from agent_core.text import human_size, one_line, plural

if TYPE_CHECKING:
    from agent_core.index.api import IndexStatus
    from agent_core.session.saved.model import Record
    from tui.screens.work import WorkScreen

_PHASES = {
    "loading": "Loading the model",
    "reading": "The model reads the question",
    "writing": "The model is writing",
}
_AT_ONCE = 32
"""Events of an earlier conversation that are shown before the keys have their turn."""
_PURPOSES = {"choose": "chooses a tool", "answer": "answers", "act": "works"}


class Router:
    """Shows events on the work screen.

    Args:
        screen: Where.
        propose: Called with the question when a turn has ended, and with None when the index has changed
            what makes sense.
    """

    def __init__(self, *, screen: WorkScreen, propose: Callable[[str | None], None]) -> None:
        self._screen = screen
        self._propose = propose
        self._asked: dict[str, str] = {}
        self._typed = ""
        self._streamed: set[str] = set()
        self._trouble = ""
        self._needed: object = None

    def route(self, event: e.Event) -> None:
        """Show one event as it happens."""
        self._converse(event)
        screen = self._screen
        activity = screen.chat.activity
        match event:
            case e.TurnStarted():
                self._started(event)
            case e.TurnQueued():
                activity.queue(event.turn_id, event.text)
            case e.TurnUnqueued():
                activity.unqueue(event.turn_id)
            case e.ContextPacked():
                screen.status.change(used=event.used, window=event.window)
            case e.ModelCallStarted():
                activity.doing(f"{event.model} {_PURPOSES.get(event.purpose, 'works')}")
            case e.ModelProgress():
                activity.doing(_PHASES[event.phase])
            case e.TextDelta():
                activity.doing("Answering")
            case e.ReasoningDelta():
                activity.doing("Thinking")
            case e.ToolStarted():
                activity.doing(one_line(event.command))
            case e.ToolFinished():
                activity.doing("Working")
            case e.ApprovalNeeded():
                activity.doing("Waiting for your answer")
                screen.ask_permission(event)
            case e.ApprovalGiven():
                screen.permission_answered(event)
            case e.UsageReported():
                screen.status.change(used=event.usage.prompt_tokens + event.usage.completion_tokens)
            case e.TurnFinished():
                self._finished(event)
            case e.ModelChanged():
                screen.status.change(model=event.model, state=event.state, window=event.window)
            case e.PullProgress():
                activity.doing(_pulling(event))
            case e.IndexChanged():
                self._index(event.status)
            case e.SessionOpened():
                self._opened(event)
            case e.SuggestionsRanked():
                screen.suggestions.rank(event)
            case e.Notice() | e.ToolProgress() | e.ChecksFinished():
                pass

    async def replay(self, records: Sequence[Record]) -> None:
        """Show a conversation that went on before, as it would have been shown then."""
        page = self._screen.transcript
        page.clear()
        for number, (at, event) in enumerate(records, 1):
            page.moment = at
            self._converse(event)
            if number % _AT_ONCE == 0:
                page.moment = None
                await asyncio.sleep(0)
        page.moment = None

    def _converse(self, event: e.Event) -> None:
        """The event's part of the conversation."""
        page = self._screen.transcript
        match event:
            case e.TurnStarted():
                if event.kind != "task":
                    self._typed = event.turn_id
                page.add_prompt(event.turn_id, event.text)
            case e.TextDelta():
                self._streamed.add(event.turn_id)
                page.append_text(event.turn_id, event.text)
            case e.ReasoningDelta():
                page.append_reasoning(event.turn_id, event.text)
            case e.ToolStarted():
                typed = event.turn_id == self._typed
                page.start_tool(event.turn_id, event.call_id, event.command, typed=typed)
            case e.ToolProgress():
                page.tool_output(event.call_id, event.text)
            case e.ToolFinished():
                page.finish_tool(
                    event.call_id, event.summary, event.text, event.error, event.seconds, path=_listed(event)
                )
                self._screen.take_results(event)
            case e.Notice():
                page.add_notice(event.level, event.message, event.hint)
            case e.TurnFinished():
                if event.turn_id not in self._streamed and event.text:
                    page.append_text(event.turn_id, event.text)
                self._streamed.discard(event.turn_id)
                page.finish_turn(
                    event.turn_id, event.outcome, event.reason, event.error, event.usage, event.seconds
                )
            case _:
                pass

    def _opened(self, event: e.SessionOpened) -> None:
        """Say which conversation this is now."""
        page = self._screen.transcript
        name = one_line(event.name) or event.session_id
        turns = plural(event.turns, "turn")
        said = f"A copy of {event.forked_from}" if event.forked_from else "Resumed"
        page.add_notice("info", f"{said}: {name}, {turns}")
        for text in event.waiting:
            page.add_notice("info", f"Never ran: {one_line(text)}", "Up in the prompt finds it again.")
        for warning in event.warnings:
            page.add_notice("warning", one_line(warning))

    def _index(self, status: IndexStatus) -> None:
        """How the index stands, in a few words; a new trouble is told in full once."""
        trouble = is_trouble(status)
        style = "warn" if trouble else "dim"
        self._screen.status.change(index=in_short(status), index_style=style)
        if trouble and status.trouble != self._trouble:
            self._screen.transcript.add_notice(
                "warning", f"The index: {one_line(status.trouble)}", "`index --status` tells how it stands."
            )
        self._trouble = status.trouble
        needed = (status.phase, bool(status.behind), status.embedded < status.chunks)
        if needed != self._needed:
            self._needed = needed
            self._propose(None)

    def _started(self, event: e.TurnStarted) -> None:
        from tui.garbage import tidy

        tidy()
        if event.kind == "task":
            self._asked[event.turn_id] = event.text
        activity = self._screen.chat.activity
        activity.unqueue(event.turn_id)
        activity.start("Working")

    def _finished(self, event: e.TurnFinished) -> None:
        self._screen.chat.activity.stop()
        asked = self._asked.pop(event.turn_id, "")
        if asked:
            self._propose(asked)


def _listed(event: e.ToolFinished) -> str:
    """The file whose numbered lines the tool's text is; "" when it is something else."""
    return str(event.data.get("path", "")) if event.name == "cat" and not event.data.get("binary") else ""


def _pulling(event: e.PullProgress) -> str:
    if not event.total:
        return f"Pulling {one_line(event.model)}: {one_line(event.status)}"
    share = min(100 * event.completed // event.total, 100)
    return f"Pulling {one_line(event.model)}: {share}% of {human_size(event.total)}"


def welcome(name: str, tools: int, keys: dict[str, str]) -> str:
    """What an empty conversation says, as Markdown."""
    return (
        f"**{name}**\n\n"
        f"Ask about the code, or type one of {plural(tools, 'command')}: `tree`, `grep`, `cat`.\n"
        f"`@` names a file, `!` runs a shell command.\n\n"
        f"{keys['help']} shows every key, {keys['palette']} finds everything."
    )
