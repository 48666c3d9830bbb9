"""Commands of this front end alone: screens by name, suggestions by number, places that a search found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.errors import AgentError
from agent_core.events import PlaceOpened, ToolFinished
from agent_core.index.saying import in_short
from agent_core.plain import in_words
from agent_core.streaming.standing import in_full
from agent_core.text import one_line, plural
from tui.found import Results, of_event
from tui.plain import phrases
from tui.plain.behind import Behind
from tui.plain.lines import Lines
from tui.plain.pages import KEYS, Page, names, page_of
from tui.plain.suggesting import Suggesting

if TYPE_CHECKING:
    from agent_core.events import ModelChanged

_NUMBERED = frozenset({"accept", "why", "dismiss", "open"})
_ALONE = frozenset(
    {"next", "suggestions", "keys", "status", "results", "last", "drop", "quit", "exit", "leave"}
)
_LEAVE = frozenset({"quit", "exit", "leave"})


class Left(Exception):
    """The program is to end."""


def meant_by(typed: str) -> tuple[str, str] | None:
    """The command of this front end that is typed, and what it is about; None for what the session takes.

    As for all commands, a space before it makes it a question, and words that are no arguments do, too.
    """
    if typed[:1].isspace():
        return None
    word, _, rest = typed.strip().removeprefix("/").partition(" ")
    rest = rest.strip()
    if word.isascii() and word.isdigit() and not rest:
        return "accept", word
    if word in ("screen", "screens"):
        return ("screen", rest) if typed.startswith("/") or len(rest.split()) < 2 else None
    if word in _NUMBERED:
        return (word, rest) if rest.isascii() and rest.isdigit() else None
    if rest.split()[:1] == ["login"] and word == "auth" and len(rest.split()) <= 2:
        return "auth", rest.partition(" ")[2].strip()
    if rest or word not in _ALONE:
        return None
    return ("next" if word == "suggestions" else word), ""


class Own:
    """Does what is typed for the front end.

    Args:
        lines: Where it is told.
        behind: Where the session is.
        suggesting: The suggestions.
    """

    def __init__(self, *, lines: Lines, behind: Behind, suggesting: Suggesting) -> None:
        self._lines, self._behind, self._suggesting = lines, behind, suggesting
        self._results = Results()
        self._answer: list[str] = []
        self.model: ModelChanged | None = None

    def see(self, event: ToolFinished) -> None:
        """Keep what a search found."""
        found = of_event(event)
        if found is not None:
            self._results = found

    def answered(self, text: str) -> None:
        """The last answer, to be read again."""
        self._answer = phrases.paragraphs(text)

    def does(self, typed: str) -> tuple[bool, str]:
        """Whether it is for us, and the command that is to be run then ("" for none).

        Raises:
            Left: The program is to end.
        """
        meant = meant_by(typed)
        if meant is None:
            return False, ""
        word, rest = meant
        if word == "screen":
            return True, self._screen(rest)
        if word == "auth":
            self._keep_key(rest)
            return True, ""
        return True, self._numbered(word, int(rest)) if rest else self._alone(word)

    def ahead(self, typed: str) -> bool:
        """Do what can be done while something runs; False where it has to wait."""
        if typed.strip() != "/drop":
            return False
        self._drop()
        return True

    def _accepted(self, number: int) -> str:
        command = self._suggesting.accept(number)
        if command is None:
            self._lines.say([f"There is no suggestion {number} any more; /next tells them."])
            return ""
        self._lines.say([f"Running {one_line(command)}."])
        return command

    def _numbered(self, word: str, number: int) -> str:
        match word:
            case "accept":
                return self._accepted(number)
            case "open":
                return self._open(number)
            case "dismiss":
                self._lines.say(self._suggesting.dismiss(number))
            case _:
                self._lines.say(self._suggesting.why(number))
        return ""

    def _alone(self, word: str) -> str:
        if word in _LEAVE:
            raise Left
        match word:
            case "next":
                self._lines.say(self._suggesting.in_full())
            case "results":
                self._lines.say(self._found())
            case "status":
                self._lines.say(self._status())
            case "last":
                self._lines.say(self._answer or ["Nothing was answered yet."])
            case "drop":
                self._drop()
            case _:
                self._lines.say(KEYS)
        return ""

    def _screen(self, name: str) -> str:
        page = page_of(name) if name else None
        if page is None:
            said = [f"There is no screen {one_line(name)}."] if name else []
            self._lines.say([*said, f"Screens: {names()}.", "/screen NAME tells one."])
            return ""
        self._lines.say([f"{page.name.capitalize()} screen."])
        if not page.command:
            self._alone({"suggestions": "next", "work": "status"}.get(page.name, page.name))
        return page.command

    def told(self, typed: str) -> list[str]:
        """What can be done on the screen that was asked for, behind its content."""
        word, name = meant_by(typed) or ("", "")
        page = page_of(name) if word == "screen" and name else None
        return _does(page) if page is not None else []

    def _found(self) -> list[str]:
        found = self._results
        if not found.query:
            return ["Nothing was searched for yet: esearch QUESTION does."]
        lines = [f"{plural(len(found.spots), 'place')} for {one_line(found.query)}:"]
        for number, spot in enumerate(found.spots, 1):
            named = f", {spot.name}" if spot.name else ""
            lines.append(f"{number}: {spot.cited}{named}, {in_words(spot.why)}")
        lines += [in_words(one_line(found.note))] if found.note else []
        return [*lines, "/open 1 reads one."] if found.spots else lines

    def _open(self, number: int) -> str:
        spots = self._results.spots
        if not 1 <= number <= len(spots):
            self._lines.say([f"There is no place {number}; /results tells them."])
            return ""
        spot = spots[number - 1]
        opened = PlaceOpened(path=spot.path, line=spot.start)
        self._behind.do(lambda: self._behind.runtime.bus.publish(opened))
        path = f'"{spot.path}' if " " in spot.path else spot.path
        return f"/cat {path}:{spot.start}-{spot.end}" + ('"' if " " in spot.path else "")

    def _status(self) -> list[str]:
        """What the status line of the screen has, in sentences."""
        runtime = self._behind.runtime
        session = runtime.session.conversation
        model = phrases.model(self.model) if self.model is not None else "The model is looked for."
        _, bus, _ = in_full(runtime.link.standing)
        lines = [
            f"Workspace: {one_line(str(runtime.workspace.root))}.",
            f"Session: {one_line(session.name or session.id)}.",
            model or "The model is being loaded.",
            f"Index: {in_words(in_short(runtime.index.status))}.",
            f"Bus: {one_line(bus).rstrip('.')}.",
        ]
        state = self._behind.call(_git(self._behind))
        if state:
            lines.append(state)
        return lines

    def _drop(self) -> None:
        session = self._behind.runtime.session
        waiting = session.queued
        if not waiting:
            self._lines.say(["Nothing waits."])
        else:
            self._behind.do(lambda: session.unqueue(waiting[-1][0]))

    def _keep_key(self, endpoint: str) -> None:
        """Keep an endpoint's key, which is typed without being shown."""
        from agent_core.credentials.finding import endpoint_of
        from agent_core.credentials.managing import login
        from agent_core.credentials.saying import stored_lines

        config = self._behind.runtime.config
        try:
            _, host = endpoint_of(config.settings, endpoint)
            key = self._lines.hidden(f"Key for {one_line(host)}, nothing is shown: ")
            self._lines.say(stored_lines(self._behind.call(login(config, endpoint, key))))
        except AgentError as error:
            self._lines.say(phrases.error(error.info))


async def _git(behind: Behind) -> str:
    from agent_core.gitstate import status

    state = await status(behind.runtime.workspace)
    if not state.branch:
        return ""
    return f"Branch: {one_line(state.branch)}, {plural(len(state.files), 'file')} not committed."


def _does(page: Page) -> list[str]:
    return [f"Here: {'; '.join(page.does)}."] if page.does else []
