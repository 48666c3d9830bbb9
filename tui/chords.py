"""The letters behind the leader key: one for every action that holds anywhere, in groups.

Only letters and groups stand here; what an action is called and does is the key table's.
"""

from __future__ import annotations

from collections.abc import Mapping

GROUPS: Mapping[str, Mapping[str, str]] = {
    "Go to": {
        "f": "files", "l": "logs", "s": "suggestions", "c": "conversation", "w": "next_pane", "/": "find",
        "g": "search_code", "r": "results",
    },
    "Screens": {
        "o": "log_screen", "S": "sessions", "L": "learning", "k": "stack", "t": "topics", "m": "messages",
        "b": "bus",
    },
    "Program": {
        "p": "palette", "h": "help", "?": "tour", "M": "models", ",": "settings", "K": "auth", "T": "theme",
        "q": "quit",
    },
    "Panes": {
        ">": "wider", "<": "narrower", "+": "taller", "-": "lower", "z": "zoom", "=": "reset_sizes",
    },
    "Do": {
        "a": "accept", "e": "edit_prompt", "u": "undo", "y": "redo", "x": "stop", "C": "interrupt",
        "d": "clear",
    },
}  # fmt: skip
HERE = "."
"""Shows the keys of the place that has the focus; the next key is one of them, or else nothing."""
LETTERS: Mapping[str, str] = {letter: name for letters in GROUPS.values() for letter, name in letters.items()}
PANES: Mapping[str, str] = {
    "h": "screen.to_pane(-1, 0)", "j": "screen.to_pane(0, 1)", "k": "screen.to_pane(0, -1)",
    "l": "screen.to_pane(1, 0)", "w": "screen.next_pane",
}  # fmt: skip
PANE_NAMES: Mapping[str, str] = {"h": "left", "j": "down", "k": "up", "l": "right", "w": "next pane"}
"""Behind the key that goes to another pane."""
