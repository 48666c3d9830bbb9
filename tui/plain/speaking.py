"""Every event in words, a line each: what is told at once, and what waits until nobody types."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from agent_core import events as e
from agent_core.index.saying import is_trouble
from agent_core.plain import in_words
from agent_core.rl.saying import suggested
from agent_core.text import one_line, printable
from agent_core.verify.saying import headline
from tui.plain import phrases
from tui.plain.results import result_in_words, started_in_words
from tui.plain.sentences import Sentences

_PHASES = {
    "loading": "The model is being loaded.",
    "reading": "The model reads the question.",
    "writing": "The model is writing what is not shown.",
}
_PATIENCE_S = 10.0
"""Seconds between two lines that say that something goes on."""


class Speaking:
    """Turns events into lines.

    Args:
        clock: Seconds that only go forward.
        chosen_bus: Whether somebody set where the bus is: only then it is told that there is none.
    """

    def __init__(self, *, clock: Callable[[], float], chosen_bus: bool = False) -> None:
        self._clock = clock
        self._chosen_bus = chosen_bus
        self._answer = Sentences()
        self._kinds: dict[str, e.TurnKind] = {}
        self._waiting: set[str] = set()
        self._streamed: set[str] = set()
        self._commands: dict[str, str] = {}
        self._told: dict[str, str] = {}
        self._spoke = clock()
        self._trouble = self._failed = ""
        self._bus_told: e.BusChanged | None = None
        self._model = self._packed = ""

    def say(self, event: e.Event) -> list[str]:
        """What is told of an event; most are told in a line, some in none."""
        if not isinstance(event, e.TextDelta | e.ReasoningDelta | e.ModelProgress):
            lines = [*self._answer.end(), *self._said(event)]
        else:
            lines = self._said(event)
        if lines:
            self._spoke = self._clock()
        return lines

    def _said(self, event: e.Event) -> list[str]:
        match event:
            case e.TurnStarted():
                self._kinds[event.turn_id], self._failed = event.kind, ""
                return [f"Now: {one_line(event.text)}"] if event.turn_id in self._waiting else []
            case e.TurnQueued():
                self._waiting.add(event.turn_id)
                return [f"Waits, number {event.position}: {one_line(event.text)}"]
            case e.TurnUnqueued():
                return ["What waited was taken back; it does not run."]
            case e.ContextPacked():
                return self._left_out(event)
            case e.ModelProgress():
                return self._patience(f"{_PHASES[event.phase]} {event.seconds:.0f} seconds so far.")
            case e.TextDelta():
                self._streamed.add(event.turn_id)
                return self._answer.feed(event.text)
            case e.ReasoningDelta():
                return self._patience("The model is thinking.")
            case e.ToolStarted():
                return self._tool_started(event)
            case e.ToolProgress():
                return self._progress(event)
            case e.HookRunning():
                return self._patience(f"The hook {one_line(event.name)} runs, {event.seconds:.0f} seconds.")
            case e.ToolFinished():
                return self._tool_finished(event)
            case e.ChecksFinished():
                return [f"Checked: {in_words(headline(report))}." for report in event.reports]
            case e.ApprovalGiven():
                return [f"Your answer: {phrases.DECISIONS[event.decision]}."]
            case e.Notice():
                return phrases.notice(event)
            case e.WorkspaceChanged():
                return phrases.changed(event)
            case e.TurnFinished():
                return self._finished(event)
            case e.ModelChanged():
                return self._model_stands(event)
            case e.PullProgress():
                return phrases.pulled(event) if event.done else self._patience(phrases.pulling(event))
            case e.IndexChanged():
                return self._index(event)
            case e.SessionOpened():
                return phrases.opened(event)
            case e.HistoryCompacted():
                return [f"The conversation was summed up: {event.before:,} tokens became {event.after:,}."]
            case e.ToolSuggested():
                return [in_words(suggested(event.suggestion)) + "."]
            case e.BusChanged():
                return self._bus(event)
            case e.TrainingChanged():
                return self._training(event)
            case e.ModelCallStarted() | e.UsageReported() | e.PlaceOpened():
                return []  # the end of the turn has the sum; what somebody opened they know
            case e.ApprovalNeeded() | e.SuggestionsRanked():
                return []  # questions.py asks, suggesting.py lists
        assert_never(event)

    def _left_out(self, event: e.ContextPacked) -> list[str]:
        """Once in a turn."""
        before, self._packed = self._packed, event.turn_id
        return phrases.left_out(event) if before != event.turn_id else []

    def _patience(self, line: str) -> list[str]:
        """That something goes on, now and then."""
        return [line] if self._clock() - self._spoke >= _PATIENCE_S else []

    # Tools

    def _is_task(self, turn_id: str) -> bool:
        return self._kinds.get(turn_id) == "task"

    def _tool_started(self, event: e.ToolStarted) -> list[str]:
        self._commands[event.call_id] = event.command
        # what was typed a moment ago is not read out again
        return [f"{started_in_words(event)}."] if self._is_task(event.turn_id) else []

    def _progress(self, event: e.ToolProgress) -> list[str]:
        command = self._commands.get(event.call_id, "")
        if command.startswith(("!", "stack ")):  # what a program says, and what is followed
            before = self._told.get(event.call_id, "")
            self._told[event.call_id] = told = before + event.text
            whole = told[before.rfind("\n") + 1 : told.rfind("\n") + 1]  # the last line may go on yet
            return printable(whole).rstrip("\n").split("\n") if whole else []
        return self._patience(in_words(printable(event.text).rstrip("\n").rpartition("\n")[2].strip()))

    def _tool_finished(self, event: e.ToolFinished) -> list[str]:
        told = self._told.pop(event.call_id, "")
        command = self._commands.pop(event.call_id, "")
        self._failed = event.error.message if event.error is not None else ""
        lines: list[str] = []
        is_read = not self._is_task(event.turn_id)
        if is_read:
            heard = printable(told[: told.rfind("\n") + 1])  # of a program, as it came
            text = result_in_words(event, command)
            rest = text.removeprefix(heard) if event.name == "shell" else text
            lines = rest.strip("\n").split("\n") if rest.strip() not in ("", heard.strip()) else []
        return [*lines, phrases.done(event, is_read=is_read)]

    def _finished(self, event: e.TurnFinished) -> list[str]:
        lines: list[str] = []
        if event.turn_id not in self._streamed and event.text:
            lines = phrases.paragraphs(event.text)
        self._streamed.discard(event.turn_id)
        self._waiting.discard(event.turn_id)
        kind = self._kinds.pop(event.turn_id, "task")
        return [*lines, *phrases.finished(event, kind, failed=self._failed)]

    # What stands otherwise now

    def _model_stands(self, event: e.ModelChanged) -> list[str]:
        said = phrases.model(event)
        if not said or said == self._model:
            return []
        self._model = said
        return [said]

    def _index(self, event: e.IndexChanged) -> list[str]:
        """A new trouble alone: how far it is, `index --status` tells."""
        trouble = event.status.trouble if is_trouble(event.status) else ""
        is_new, self._trouble = trouble != self._trouble and bool(trouble), trouble
        return (
            [f"Warning, the index: {one_line(trouble)}. index --status says how it stands."] if is_new else []
        )

    def _bus(self, event: e.BusChanged) -> list[str]:
        """That it came or went; that there is none only where somebody chose one."""
        before, self._bus_told = self._bus_told, event
        was = before.state if before is not None else "absent"
        missing = event.state == "absent" or event.state == "connecting"
        if event.state == was or event.state == "connecting" or (missing and not self._chosen_bus):
            return []
        return phrases.bus(event)

    def _training(self, event: e.TrainingChanged) -> list[str]:
        if event.state == "ended":
            return phrases.training_ended(event)
        return self._patience(f"Training: {in_words(one_line(event.told))}.") if event.told else []
