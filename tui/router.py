"""One match: each event goes to the pane that shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent_core import events as e
from agent_core.index.saying import in_short, is_trouble
from agent_core.text import human_size, one_line, plural

if TYPE_CHECKING:
    from agent_core.index.api import IndexStatus
    from tui.screens.work import WorkScreen

_PHASES = {
    "loading": "Loading the model",
    "reading": "The model reads the question",
    "writing": "The model is writing",
}
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
        """Show one event."""
        screen = self._screen
        page, activity = screen.transcript, screen.chat.activity
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
                self._streamed.add(event.turn_id)
                page.append_text(event.turn_id, event.text)
                activity.doing("Answering")
            case e.ReasoningDelta():
                page.append_reasoning(event.turn_id, event.text)
                activity.doing("Thinking")
            case e.ToolStarted():
                typed = event.turn_id == self._typed
                page.start_tool(event.turn_id, event.call_id, event.command, typed=typed)
                activity.doing(one_line(event.command))
            case e.ToolProgress():
                page.tool_output(event.call_id, event.text)
            case e.ToolFinished():
                page.finish_tool(
                    event.call_id, event.summary, event.text, event.error, event.seconds, path=_listed(event)
                )
                screen.take_results(event)
                activity.doing("Working")
            case e.ChecksFinished():
                pass  # each check was shown as it ran
            case e.ApprovalNeeded():
                activity.doing("Waiting for your answer")
                screen.ask_permission(event)
            case e.ApprovalGiven():
                screen.permission_answered(event)
            case e.UsageReported():
                screen.status.change(used=event.usage.prompt_tokens + event.usage.completion_tokens)
            case e.Notice():
                page.add_notice(event.level, event.message, event.hint)
            case e.TurnFinished():
                self._finished(event)
            case e.ModelChanged():
                screen.status.change(model=event.model, state=event.state, window=event.window)
            case e.PullProgress():
                activity.doing(_pulling(event))
            case e.IndexChanged():
                self._index(event.status)
            case e.SuggestionsRanked():
                screen.suggestions.rank(event)

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
        else:
            self._typed = event.turn_id
        activity = self._screen.chat.activity
        activity.unqueue(event.turn_id)
        self._screen.transcript.add_prompt(event.turn_id, event.text)
        activity.start("Working")

    def _finished(self, event: e.TurnFinished) -> None:
        page = self._screen.transcript
        if event.turn_id not in self._streamed and event.text:
            page.append_text(event.turn_id, event.text)
        self._streamed.discard(event.turn_id)
        page.finish_turn(event.turn_id, event.outcome, event.reason, event.error, event.usage, event.seconds)
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
