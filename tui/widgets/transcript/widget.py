"""The transcript: what the router calls for each event of a conversation."""

from __future__ import annotations

import asyncio
from time import monotonic

from agent_core.errors import ErrorInfo, Interrupted
from agent_core.events import Outcome, Usage
from tui.widgets.transcript.ending import cost, how_it_ended
from tui.widgets.transcript.folds import Tool
from tui.widgets.transcript.pointer import PointedReader
from tui.widgets.transcript.reasoning import Reasoning
from tui.widgets.transcript.stream import AnswerStream
from tui.widgets.transcript.units import Clock, Footer, Level, Notice, Prompt, Unit, Welcome, error_notice


class Transcript(PointedReader):
    """The conversation as one widget.

    Every text may come from a model, a file or a tool: it is shown literally, only answers are Markdown.

    Args:
        clock: Seconds that only go forward; for tests.
    """

    def __init__(
        self,
        *,
        clock: Clock = monotonic,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._clock = clock
        self.undo_key = ""
        """The key that takes back what a turn changed, where there is one."""
        self.moment: float | None = None
        """The time that is shown, in seconds of any clock, while what happened earlier is shown again."""
        self._stream: AnswerStream | None = None
        self._reasoning: Reasoning | None = None
        self._tools: dict[str, tuple[int, Tool]] = {}
        self._clocks: dict[int, Tool | Reasoning] = {}
        self._thoughts: list[int] = []
        """Where the turn's reasoning is."""
        self._waiting: list[Notice] = []
        self._shown_errors: set[str] = set()
        self._said: set[str] = set()
        """What came of the turn's tools, in their own words."""
        self._put_at: tuple[int, int] | None = None
        """Where the window was put by itself; elsewhere somebody scrolled."""
        self._warm: asyncio.Future[None] | None = None

    def _now(self) -> float:
        return self._clock() if self.moment is None else self.moment

    # What happens in a conversation

    def show_welcome(self, text: str) -> None:
        """Show our own text (Markdown) in an empty conversation; it is replaced, not repeated."""
        if self.page.units and isinstance(self.page.units[0], Welcome):
            self.page.replace(0, Welcome(text))
        elif not self.page.units:
            self.page.append(Welcome(text))
        self.changed()

    def add_prompt(self, turn_id: str, text: str, *, waited: bool = False) -> None:
        """The user's words begin a turn; the end is followed from here on.

        `waited`: it was typed a while ago, and who went to read something meanwhile is left there.
        """
        stays = waited and not self.following and self._top != self._put_at
        self._add(Prompt(text, turn_id=turn_id))
        for held in (self._shown_errors, self._said, self._thoughts):
            held.clear()
        self._prepare()
        if self.moment is None and not stays:
            self.follow()

    def append_text(self, turn_id: str, text: str) -> None:
        """A piece of the answer; costs no more than keeping it."""
        if self._stream is None or self._stream.turn_id != turn_id:
            self._settle()
            self._stream = AnswerStream(self.page, turn_id=turn_id, later=self.moment is not None)
        self._stream.feed(text)
        self.changed()

    def append_reasoning(self, turn_id: str, text: str) -> None:
        """A piece of the model's reasoning."""
        if self._reasoning is None or self._reasoning.turn_id != turn_id:
            self._reasoning = None
            reasoning = Reasoning(turn_id=turn_id, clock=self._now)
            self._add(reasoning)
            self._reasoning = reasoning
            self._clocks[len(self.page) - 1] = reasoning
            self._thoughts.append(len(self.page) - 1)
        self._reasoning.add(text)
        self.changed()

    def start_tool(
        self, turn_id: str, call_id: str, command: str, *, typed: bool = False, edit: bool = False
    ) -> None:
        """A tool begins; the output of one that the user `typed`, or of an `edit`, is wanted at once."""
        tool = Tool(command, turn_id=turn_id, clock=self._now, typed=typed, edit=edit)
        tool.gap = not (
            self.page.units and isinstance(self.page.units[-1], Tool | Reasoning) and not self._stream
        )
        self._add(tool)
        index = len(self.page) - 1
        self._tools[call_id] = (index, tool)
        self._clocks[index] = tool

    def tool_output(self, call_id: str, text: str) -> None:
        """A piece of a running tool's output."""
        if call_id in self._tools:
            self._tools[call_id][1].add_output(text)
            self.changed()

    def finish_tool(
        self,
        call_id: str,
        summary: str,
        text: str,
        error: ErrorInfo | None,
        seconds: float,
        *,
        path: str = "",
    ) -> None:
        """A tool ended; `path` names the file whose numbered lines `text` is."""
        if call_id not in self._tools:
            return
        index, tool = self._tools.pop(call_id)
        tool.finish(summary, text, error, seconds, path=path)
        self._said.add(tool.summary)
        if error:
            self._shown_errors.add(error.message)
        self._clocks.pop(index, None)
        self._refresh_unit(index)
        self.changed()

    def add_notice(self, level: Level, message: str, hint: str = "") -> None:
        """Something to know; while an answer streams it waits for the end of the paragraph's stream."""
        notice = Notice(level, message, hint)
        if self._stream:
            self._waiting.append(notice)
        else:
            self._add(notice)

    def finish_turn(
        self,
        turn_id: str,
        outcome: Outcome,
        reason: str,
        error: ErrorInfo | None,
        usage: Usage,
        seconds: float,
        *,
        unverified: bool = False,
        undoable: bool = False,
    ) -> None:
        """The turn's end: its error with the next step, and what it took.

        `unverified`: it changed files, and no check that ran its code says that it is right.
        """
        spoke = self._stream is not None and self._stream.turn_id == turn_id and error is None
        at_once = spoke and not usage.completion_tokens and self.moment is None
        self._settle()
        self._stop_running(turn_id)
        if usage.reasoning_tokens and not usage.estimated:
            self._count_reasoning(usage.reasoning_tokens)
        if error and error.code != Interrupted.code and error.message not in self._shown_errors:
            self._add(error_notice(error, turn_id=turn_id))
        said = {*self._said, error.message} if error else self._said
        how = how_it_ended(outcome, reason, error, said=said, unverified=unverified)
        back = f"{self.undo_key} takes it back" if undoable and self.undo_key else ""
        self._add(Footer([how, (back, "mark"), *cost(usage, seconds)], turn_id=turn_id))
        if at_once and self.following:
            self._show_from_its_beginning(turn_id)

    def clear(self) -> None:
        """Empty the conversation."""
        self._stream, self._reasoning = None, None
        for held in (
            self._tools,
            self._clocks,
            self._waiting,
            self._shown_errors,
            self._said,
            self._thoughts,
        ):
            held.clear()
        self.page.truncate(0)
        self.following, self._put_at = True, None
        self.action_dismiss()

    def _show_from_its_beginning(self, turn_id: str) -> None:
        """Scroll to the prompt of a turn whose answer came at once, without a model, the best of it first."""
        first = self.page.units.prompts[-1] if self.page.units.prompts else None
        if first is None or self.page.units[first].turn_id != turn_id:
            return
        self.update_now()
        self.mark_new()  # undone where the end is shown
        self.scroll_to_row(self.page.start(first))
        self._put_at = self._top

    # How it gets onto the page

    def _add(self, unit: Unit) -> None:
        self._settle()
        self.page.append(unit, later=self.moment is not None)
        self._noticed()
        self.changed()

    def _refresh_unit(self, index: int) -> None:
        """Show a unit as it is now; what happened earlier is rendered when it is looked at."""
        if self.moment is None:
            self.page.lines(index)
        else:
            self.page.outdate(index)

    def _noticed(self) -> None:
        if not self.following:
            self.mark_new()

    def _settle(self) -> None:
        """End what streams: the open text, the reasoning; then show the notices that waited for it."""
        if self._stream:
            first = self._stream.first_open
            self._stream.finish()
            self._stream = None
            self.look_at_new(first)
            self._noticed()
        if self._reasoning:
            self._end_reasoning()
        waiting, self._waiting = self._waiting, []
        for notice in waiting:
            self.page.append(notice)

    def _end_reasoning(self) -> None:
        for index, unit in list(self._clocks.items()):
            if isinstance(unit, Reasoning):
                unit.finish()
                del self._clocks[index]
                self._refresh_unit(index)
        self._reasoning = None

    def _stop_running(self, turn_id: str) -> None:
        """Tools that never reported an end were cut off with the turn."""
        for call_id, (_, tool) in list(self._tools.items()):
            if tool.turn_id == turn_id:
                self.finish_tool(call_id, "", "", ErrorInfo("interrupted", "stopped"), tool.elapsed)

    def _count_reasoning(self, tokens: int) -> None:
        """Of the turn's reasoning, where it is all in one place."""
        if len(self._thoughts) != 1:
            return
        index = self._thoughts[0]
        if isinstance(unit := self.page.units[index], Reasoning):
            unit.count(tokens)
            self._refresh_unit(index)

    def build(self) -> None:
        """Bring the open answer and the running clocks up to date."""
        first = len(self.page)
        if self._stream:
            first = self._stream.first_open
            self._stream.flush()
        self.look_at_new(first)
        for index, unit in self._clocks.items():
            unit.forget()
            self.page.lines(index)

    def wants_update_in(self) -> float | None:
        """Once a second while a tool or reasoning shows its time."""
        return 1.0 if self._clocks else None

    def _prepare(self) -> None:
        """Import the Markdown and code parsers in a thread, while the model still reads the question."""
        if self._warm is None and self.is_attached:
            loop = asyncio.get_running_loop()
            self._warm = loop.run_in_executor(None, import_parsers)

    async def on_unmount(self) -> None:
        """Leave no thread behind."""
        if self._warm is not None:
            await self._warm


def import_parsers() -> None:
    """Import what the first answer needs, where it does not hold up anything: about 200 ms."""
    from tui.widgets.transcript.highlight import language_of, lexer_for
    from tui.widgets.transcript.markdown import parser

    parser().parse("x")
    lexer_for("python")
    language_of("a.toml")
