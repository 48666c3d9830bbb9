"""What the README shows beside the tasks: the work screen, what was learnt, and a demo of under a minute."""

from __future__ import annotations

from scripts.record.script import Look, Picture, Press, Script, See, Type, act
from scripts.record.tasks import Recording

WORK = Recording(
    Script(
        "work",
        "A conversation, the log and suggestions",
        (
            See("✗ 09:16"),
            Type("where are redirects followed?"),
            Press("enter", "", "Ask"),
            See("Best matches", rests=2.0),
            Picture("work"),
        ),
        told=False,
    ),
    "Best matches",
    cast=False,
)
_ASKED = (
    "where are redirects followed?",
    "what went wrong in the logs?",
    "how are cookies kept between requests?",
    "why does a request time out?",
    "where is the proxy chosen?",
)
LEARNING = Recording(
    Script(
        "learning",
        "What the suggestions learnt",
        (
            See("✗ 09:16"),
            *(
                step
                for question in _ASKED
                for step in (
                    Type(question),
                    Press("enter", "", "Ask"),
                    See(question, rests=2.0),
                    act("accept", "", "Run the first suggestion"),
                    See("scored", rests=2.5),
                )
            ),
            act("learning", "", "Learning"),
            See("scored decisions", rests=2.0),
            Picture("learning"),
        ),
        size=(120, 44),
        told=False,
    ),
    "scored decisions",
    cast=False,
)
DEMO = Recording(
    Script(
        "demo",
        "dspy-tui: find, explain, change, take back",
        (
            See("✗ 09:16"),
            Look(1.0),
            act("search_code", ""),
            See("Search"),
            Type("where are redirects followed"),
            See("speaks of followed, redirects", rests=0.8),
            Look(1.5),
            act("results.open", ""),
            See("def _redirect_url"),
            Look(2.0),
            act("preview.close", ""),
            See("Search"),
            act("results.close", ""),
            See("Ask about"),
            Look(0.8),
            act("logs", ""),
            Look(0.8),
            Press("enter", "", "Open the event"),
            See("httpx.TooManyRedirects: Exceeded maximum allowed redirects."),
            Look(2.5),
            act("logs.code", ""),
            See("raise TooManyRedirects("),
            Look(2.0),
            act("preview.close", ""),
            See("Enter expand"),
            act("logs.leave", ""),
            See("Ask about"),
            act("stop", ""),
            Look(0.8),
            Type("edit @httpx/_client.py say in the error how many redirects are allowed"),
            Press("enter", "", "Send it"),
            See("y once"),
            Look(1.5, live=True),
            act("approve.once", ""),
            See("Enter apply", rests=0.8),
            Look(3.0),
            act("review.apply", ""),
            See("takes it back", rests=0.5),
            Look(2.5),
            act("undo", ""),
            See("y once"),
            Look(0.8, live=True),
            act("approve.once", ""),
            See("Undone: turn", rests=0.8),
            Look(2.0),
        ),
        told=False,
    ),
    "Undone: turn",
    needs="model",
)
SHOWS = (WORK, LEARNING, DEMO)
