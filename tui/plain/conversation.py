"""The conversation: a line is asked for, done, and told, before the next one is asked for."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from agent_core import events as e
from agent_core.commandline import lone_word
from agent_core.errors import AgentError, Interrupted
from agent_core.logs.api import Digest
from agent_core.plain import in_words
from agent_core.text import one_line
from tui.completing import complete, names_a_service, names_a_session
from tui.plain import phrases
from tui.plain.asking import Asking
from tui.plain.behind import Behind
from tui.plain.editing import edited
from tui.plain.lines import Ended, Lines
from tui.plain.logs_told import LogsTold
from tui.plain.own import Left, Own, meant_by
from tui.plain.pages import PAGES
from tui.plain.speaking import Speaking
from tui.plain.suggesting import Suggesting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.catalog import Catalog
    from tui.prompt_history import PromptHistory

PROMPT = "> "
_TWICE_S = 3.0
"""Within so many seconds Ctrl-C at an empty prompt leaves, the second time."""
_MODEL_S = 1.5
"""How long it is waited at the beginning until it is known which model answers."""
_RANKED_S = 0.4
"""How long suggestions are waited for when a turn has ended."""


class Conversation:
    """One session, as long as somebody talks.

    Args:
        behind: Where the session is; it was started.
        history: What was asked before.
        catalog: The files, for completion.
        lines: The terminal.
    """

    def __init__(self, *, behind: Behind, history: PromptHistory, catalog: Catalog, lines: Lines) -> None:
        self._behind, self._history, self._catalog, self._lines = behind, history, catalog, lines
        origin = behind.runtime.config.origins.get("kafka_bootstrap")
        chosen = origin is not None and origin.kind != "default"
        self._speaking = Speaking(clock=monotonic, chosen_bus=chosen)
        self._suggesting = Suggesting(behind)
        self._own = Own(lines=lines, behind=behind, suggesting=self._suggesting)
        self._asking = Asking(lines=lines, answers=self, edit=edited)
        self._logs = LogsTold(clock=monotonic)
        self._open: set[str] = set()
        self._later: list[str] = []
        self._exit = 0
        self._interrupted = -_TWICE_S
        self._stopping = self._was_task = False

    def run(self) -> int:
        """Talk until somebody leaves; returns the exit code: in a pipe that of the first that failed."""
        try:
            self._hear_of_model()
            while True:
                self._tell(self._behind.take())
                self._lines.say(self._logs.news())
                typed = self._next()
                if typed is not None and typed.strip():
                    self._one(typed)
        except Left:
            self._lines.say([""] if self._lines.is_terminal else [])
            return 0 if self._lines.is_terminal else self._exit
        except Ended:
            return Interrupted.exit_code

    def _hear_of_model(self) -> None:
        """Which model answers is known soon, mostly, and is told before somebody types."""
        end = monotonic() + _MODEL_S
        while (self._own.model is None or self._own.model.state == "checking") and (
            left := end - monotonic()
        ) > 0:
            self._lines.wait_for(self._behind.awake, left)
            self._tell(self._behind.take())

    def _next(self) -> str | None:
        """What was typed while something ran and had to wait; else a line that is typed now."""
        if not self._later:
            return self._read()
        typed = self._later.pop(0)
        self._lines.say([f"{PROMPT}{one_line(typed)}"])
        return typed

    def _read(self) -> str | None:
        """A line, with those that a backslash at its end goes on in; None where Ctrl-C took it back."""
        try:
            typed = self._lines.read(PROMPT)
            while typed.endswith("\\") and self._lines.is_terminal:
                typed = typed[:-1] + "\n" + self._lines.read("")
        except KeyboardInterrupt:
            if not self._lines.is_terminal:
                raise Ended from None
            self._leave(asks=True)
            return None
        except EOFError:
            self._leave(asks=self._lines.is_terminal and self._behind.runtime.training.goes_on)
            return None
        return typed

    def _leave(self, *, asks: bool) -> None:
        """Leave; where it `asks`, the second time within a moment."""
        if not asks or monotonic() - self._interrupted < _TWICE_S:
            raise Left
        self._interrupted = monotonic()
        goes_on = self._behind.runtime.training.goes_on
        both = ", and ends the training that goes on" if goes_on else ""
        self._lines.say(["", f"Ctrl-C once more, or Ctrl-D, leaves{both}."])

    def _one(self, typed: str) -> None:
        """Do what was typed, and wait until it is done."""
        self._lines.remember(typed)
        try:
            ours, command = self._own.does(typed)
        except AgentError as error:
            self._lines.say(phrases.error(error.info))
            return
        except (KeyboardInterrupt, EOFError):
            self._lines.say(["", "Nothing was done."])
            return
        if ours and not command:
            self._lines.say(self._own.told(typed))
            return
        if not ours:
            self._history.add(typed)
        self._submit(command or typed)
        self._wait()
        self._lines.say(self._own.told(typed))
        self._settle()

    def _submit(self, text: str) -> None:
        registry = self._behind.runtime.registry
        if told := lone_word(text, registry):
            self._lines.say(phrases.told("Note", *told))
        self._open.add(self._behind.do(lambda: self._behind.runtime.session.submit(text)))

    # While something runs

    def _wait(self) -> None:
        self._lines.interrupts = 0
        self._stopping = False
        while self._open:
            self._lines.wait(self._behind.awake)
            self._tell(self._behind.take())
            self._take_ahead()
            self._interrupt()
        self._behind.call(self._behind.runtime.session.idle())
        self._tell(self._behind.take())
        if self._open:  # it went over to another session, with what waits
            self._wait()

    def _take_ahead(self) -> None:
        """Queue what was typed meanwhile; what is for this front end, and all behind it, comes later."""
        for typed in self._lines.typed_ahead() if self._open else ():
            if self._own.ahead(typed):
                continue
            if self._later or meant_by(typed) is not None:
                self._later.append(typed)
            else:
                self._history.add(typed)
                self._submit(typed)

    def _interrupt(self) -> None:
        """The first Ctrl-C stops what runs; one more, while it is being stopped, leaves."""
        presses, self._lines.interrupts = self._lines.interrupts, 0
        if not presses or not self._open:
            return
        if self._stopping:
            raise Left
        self._stopping = True
        self._lines.say(["", "Stopping. Ctrl-C once more leaves."])
        self._behind.do(self._behind.runtime.session.cancel)

    def _settle(self) -> None:
        """What could be next, which is thought of when a turn has ended; told behind answers alone."""
        self._catalog.outdate()
        was_task, self._was_task = self._was_task, False
        if not (self._lines.is_terminal and was_task):
            return
        end = monotonic() + _RANKED_S
        while not self._suggesting.is_new and (left := end - monotonic()) > 0:
            self._lines.wait_for(self._behind.awake, left)
            self._tell(self._behind.take())
        self._lines.say(self._suggesting.in_short())

    def _tell(self, happened: Sequence[e.Event | Digest]) -> None:
        for each in happened:
            if isinstance(each, Digest):
                self._logs.take(each)
                continue
            self._note(each)
            self._lines.say(self._speaking.say(each))
            if isinstance(each, e.SessionOpened):
                self._lines.say(self._said_last())
            if isinstance(each, e.ApprovalNeeded):
                self._ask(each)

    def _note(self, event: e.Event) -> None:
        """What the front end itself keeps of an event."""
        match event:
            case e.TurnQueued():
                self._open.add(event.turn_id)
            case e.TurnUnqueued():
                self._open.discard(event.turn_id)
            case e.TurnStarted():
                self._stopping = False
                self._was_task = self._was_task or event.kind == "task"
            case e.TurnFinished():
                self._open.discard(event.turn_id)
                self._exit = self._exit or event.exit
                if event.text:
                    self._own.answered(event.text)
            case e.SuggestionsRanked():
                self._suggesting.take(event)
            case e.ModelChanged():
                self._own.model = event
            case e.ToolFinished():
                self._own.see(event)
            case _:
                pass

    def _said_last(self) -> list[str]:
        """The end of a conversation that goes on: what was asked last, and what was answered."""
        records = self._behind.runtime.session.conversation.earlier
        asked = [record.event for record in records if isinstance(record.event, e.TurnStarted)]
        ended = [record.event for record in records if isinstance(record.event, e.TurnFinished)]
        if not asked:
            return []
        answer = ended[-1].text if ended and ended[-1].turn_id == asked[-1].turn_id else ""
        self._own.answered(answer)
        return [f"Asked last: {one_line(asked[-1].text)}", *phrases.paragraphs(answer)]

    # Questions

    def _ask(self, question: e.ApprovalNeeded) -> None:
        self._take_ahead()  # it was not meant as an answer
        try:
            self._asking.ask(question)
        except KeyboardInterrupt:
            self._lines.say([""])
            self._lines.interrupts += 1

    def answer(self, call_id: str, decision: e.Decision, chosen: object = None) -> bool:
        """Pass an answer on."""
        session = self._behind.runtime.session
        return self._behind.do(lambda: session.answer(call_id, decision, chosen))  # type: ignore[arg-type]

    def fill(self, call_id: str, filled: object) -> bool:
        """Pass a filled form on."""
        session = self._behind.runtime.session
        return self._behind.do(lambda: session.fill(call_id, filled))  # type: ignore[arg-type]

    # Completion

    def completed(self, before: str) -> tuple[int, tuple[str, ...]]:
        """What the text before the cursor could go on with."""
        first, _, word = before.removeprefix("/").partition(" ")
        if first == "screen" and before.endswith(f" {word}") and " " not in word:
            return len(before) - len(word), tuple(page.name for page in PAGES if page.name.startswith(word))
        runtime = self._behind.runtime
        named: tuple[str, ...] = ()
        if names_a_session(before):
            store = runtime.session.conversation.store
            named = tuple(one.name if len(one.name.split()) == 1 else one.id for one in store.list())
        if names_a_service(before):
            named = self._behind.call(self._catalog.services())
        found = complete(
            before,
            tools=runtime.registry.known,
            paths=self._behind.call(self._catalog.files()),
            named=named,
            written=(*runtime.registry.written, *OWN),
        )
        return found.start, found.options


OWN = ("screen", "next", "accept", "why", "dismiss", "results", "open", "last", "status", "keys",
       "drop", "quit")  # fmt: skip
"""Commands of this front end, for completion."""


def greeting(name: str, warnings: Sequence[str]) -> list[str]:
    """What is told when it begins."""
    return [
        f"dspy-tui, {one_line(name)}. Type a question or a command; help lists commands, /keys the keys.",
        *(f"Warning: {in_words(one_line(warning))}" for warning in warnings),
    ]
