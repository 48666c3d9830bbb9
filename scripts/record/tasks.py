"""The five tasks of a newcomer, on a copy of httpx or on a repository with the same names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scripts.record.places import Place
from scripts.record.script import Look, Picture, Press, Prove, Script, See, Type, act, by_help, by_palette

CLIENT = "httpx/_client.py"
_BLOCK = """<<<<<<< SEARCH
                raise TooManyRedirects(
                    "Exceeded maximum allowed redirects.", request=request
                )

            response = {waits}self._send_single_request(request, timeout)
=======
                raise TooManyRedirects(
                    f"More than {{self.max_redirects}} redirects.", request=request
                )

            response = {waits}self._send_single_request(request, timeout)
>>>>>>> REPLACE
"""
EDIT = (
    "The message now says how many redirects are allowed, in both clients.\n\n"
    f"{CLIENT}\n```python\n" + _BLOCK.format(waits="") + "```\n\n"
    f"{CLIENT}\n```python\n" + _BLOCK.format(waits="await ") + "```\n"
)
"""What the model that is scripted answers to the task of the edit."""
NEW, OLD = 'f"More than {self.max_redirects} redirects."', '"Exceeded maximum allowed redirects."'


@dataclass(frozen=True, slots=True)
class Recording:
    """A script, the screen it ends on, what it takes beside the program (`engine`, `model`), a remark."""

    script: Script
    ending: str
    needs: str = ""
    note: str = ""
    cast: bool = True
    """Whether the recording is kept, and not its pictures alone."""


def _says(text: str) -> Callable[[Place], bool]:
    return lambda at: text in (at.repository / CLIENT).read_text()


FIND = Recording(
    Script(
        "find",
        "Find where something is done",
        (
            Look(1.0),
            *by_palette("search_code", "search code"),
            See("Search"),
            Type("where are redirects followed"),
            See("speaks of followed, redirects", rests=0.8),
            Look(1.8),
            act("results.open", "{key} open", "Open the place"),
            See("def _redirect_url"),
            Look(2.5),
        ),
    ),
    "def _redirect_url",
)
EXPLAIN = Recording(
    Script(
        "explain",
        "Explain an error in the log",
        (
            See("✗ 09:16"),
            Look(1.5),
            *by_help("logs"),
            Look(0.8),
            Press("enter", "", "Open the event"),
            See("httpx.TooManyRedirects: Exceeded maximum allowed redirects."),
            Look(3.0),
            act("logs.code", "{key} code", "Open the code that it leads to"),
            See("raise TooManyRedirects("),
            Look(2.5),
        ),
    ),
    "raise TooManyRedirects(",
)
CHANGE = Recording(
    Script(
        "change",
        "Make a change and take it back",
        (
            Look(1.0),
            Type("edit @httpx/_client.py say in the error how many redirects are allowed"),
            Press("enter", "", "Send it"),
            See("y once"),
            Look(1.5, live=True),
            act("approve.once", "{key} once", "Let the tests run, in a copy"),
            See("Enter apply", rests=0.8),
            Look(3.0),
            Picture("review"),
            act("review.apply", "{key} apply", "Apply the change"),
            See("takes it back", rests=0.5),
            Prove("the change in the file", _says(NEW)),
            Look(2.0),
            act("undo", "{key} takes it back"),
            See("y once"),
            Look(1.0, live=True),
            act("approve.once", "{key} once", "Let it be taken back"),
            Prove("the file as it was", lambda at: _says(OLD)(at) and not _says(NEW)(at)),
            See("Undone: turn", rests=0.8),
            Look(2.5),
        ),
    ),
    "Undone: turn",
    needs="model",
    note="The model is a scripted server of the tests, and the status line calls it so: its edit is"
    " always the same.",
)
WHY = Recording(
    Script(
        "why",
        "See why a tool is suggested",
        (
            Look(1.0),
            Type("where are redirects followed?"),
            Press("enter", "", "Ask"),
            See("Best matches", rests=1.0),
            Look(2.0),
            *by_palette("suggestions.why", "why"),
            See("Esc close"),
            Look(3.0),
        ),
    ),
    "Esc close",
)
STACK = Recording(
    Script(
        "stack",
        "Start the stack and tail a topic",
        (
            Look(1.0),
            *by_palette("stack", "stack"),
            See("All services"),
            Look(1.5),
            act("stack.up", "{key} start", "Start"),
            See("$ docker compose"),
            Look(1.5, live=True),
            Press("enter", "", "Run the command that shows"),
            See("2/2", rests=1.0),
            Look(7.0, live=True),
            Picture("stack"),
            act("stack.topics", "{key} topics", "Topics"),
            See("shop.orders", rests=1.0),
            Look(1.5),
            Press("down", "", "Choose the topic"),
            Press("enter", "", "Its messages"),
            See("Messages: shop.orders"),
            See('"item"', rests=0.0),
            Look(6.0, live=True),
            Picture("topic"),
        ),
        size=(110, 28),
    ),
    '"item"',
    needs="engine",
    note="Engine and broker are real; the compose file is a small one, with the broker and a shop. Where"
    " there is none, `i` on that screen writes the whole stack's.",
)
TASKS = (FIND, EXPLAIN, CHANGE, STACK, WHY)
