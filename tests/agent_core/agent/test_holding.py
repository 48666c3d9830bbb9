"""What of a reply is shown while it comes, however it is cut into pieces."""

from __future__ import annotations

import random

import pytest

from agent_core.agent.holding import Show, holding

EDIT = "app.py\n```\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n```\nDone.\n"
CASES: list[tuple[Show, str, str]] = [
    ("at once", "{}", "{}"),
    ("never", "anything", ""),
    ("unless a call", '{"action": "grep"', ""),
    ("unless a call", "It is in {x}.", "It is in {x}."),
    ("prose", f"I rename it.\n\n{EDIT}", "I rename it.\n"),
    ("prose", f"In `app.py` the port is wrong.\n{EDIT}", "In `app.py` the port is wrong.\n"),
    ("prose", "Why:\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n", "Why:\n"),
    ("prose", "So:\n*** Begin Patch\n", "So:\n"),
    ("prose", "So:\n- first --- then\n- x\n", "So:\n- first --- then\n- x\n"),
    ("prose", "See\n\napp.py\n\nfor more.\n", "See\n\napp.py\n\nfor more.\n"),
]


@pytest.mark.parametrize(("show", "text", "shown"), CASES)
def test_pieces_of_any_size(show: Show, text: str, shown: str) -> None:
    for seed in range(20):
        cutter, at, seen, held = random.Random(seed), 0, "", holding(show)
        while at < len(text):
            size = cutter.randint(1, 12)
            seen += held.take(text[at : at + size])
            at += size
        assert seen == shown
        assert seen + held.rest == text, "nothing is lost"
