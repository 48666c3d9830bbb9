"""One match: each event goes to the pane that shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from agent_core import events as e
from agent_core.index.saying import in_short, is_trouble
from agent_core.text import human_size, one_line, plural, shorten
from tui.telling import Telling

if TYPE_CHECKING:
    from agent_core.index.api import IndexStatus
    from agent_core.session.saved.model import Record
    from tui.screens.work import WorkScreen

_PHASES = {
    "loading": "Loading the model",
    "reading": "The model reads the question",
    "writing": "The model is writing",
}
_PURPOSES = {"choose": "chooses a tool", "answer": "answers", "act": "works"}
_SHORT = 30
"""Characters of the status line that a training takes."""


class Router:
    """Shows events on the work screen.

    Args:
        screen: Where.
        propose: Called when the index has changed what makes sense to suggest.
        buses: Called when the message bus stands otherwise.
        call: Tells somebody who is away that they are wanted.
    """

    def __init__(
        self,
        *,
        screen: WorkScreen,
        propose: Callable[[], None],
        buses: Callable[[e.BusChanged], None],
        call: Callable[[str], None],
    ) -> None:
        self._screen = screen
        self._propose = propose
        self._telling = Telling(screen.transcript)
        self._trouble = ""
        self._needed: object = None
        self._buses, self._call = buses, call

    def route(self, event: e.Event) -> None:
        """Show one event as it happens."""
        self._telling.show(event)
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
            case e.HookRunning():
                activity.doing(f"The hook {one_line(event.name)} runs, {event.seconds:.0f} s")
            case e.ToolFinished():
                screen.take_results(event)
                activity.doing("Working")
            case e.ApprovalNeeded():
                activity.doing("Waiting for your answer")
                screen.ask_permission(event)
                self._call("waits for your answer")
            case e.ApprovalGiven():
                activity.doing("Working")
                screen.permission_answered(event)
            case e.UsageReported():
                screen.status.change(used=event.usage.prompt_tokens + event.usage.completion_tokens)
            case e.TurnFinished():
                activity.stop()
                self._call(event.outcome)
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
                screen.look_at_suggestions()
            case e.BusChanged():
                self._buses(event)
            case e.TrainingChanged():
                screen.status.change(training=_training(event))
            case (
                e.Notice()
                | e.ToolProgress()
                | e.ChecksFinished()
                | e.WorkspaceChanged()
                | e.HistoryCompacted()
                | e.ToolSuggested()
                | e.PlaceOpened()
            ):
                pass

    async def replay(self, records: Sequence[Record]) -> None:
        """Show a conversation that went on before in place of the one that is shown."""
        await self._telling.replay(records)
        for _, event in records:
            if isinstance(event, e.ToolFinished):
                self._screen.take_results(event)

    def _opened(self, event: e.SessionOpened) -> None:
        """Say which conversation this is now."""
        page = self._screen.transcript
        name = one_line(event.name) or event.session_id
        turns = plural(event.turns, "turn")
        said = f"A copy of {one_line(event.forked_from)}" if event.forked_from else "Resumed"
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
            self._propose()

    def _started(self, event: e.TurnStarted) -> None:
        from tui.garbage import tidy

        tidy()
        activity = self._screen.chat.activity
        activity.unqueue(event.turn_id)
        activity.start("Working")


def _training(event: e.TrainingChanged) -> str:
    """How it stands, in a few words; "" when it has ended."""
    match event.state:
        case "ended":
            return ""
        case "stopping":
            return "stopping the training"
        case "running":
            said = one_line(event.told).partition(": ")[0]
            return shorten(said or "training", _SHORT)


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
