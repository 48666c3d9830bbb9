"""Our own texts in words and ASCII alone: for screen readers, braille, dumb terminals, and logs.

What files, programs and models wrote stays as it is. So of a result that quotes them only the marks that our
own lines begin with are taken; texts that are ours alone lose every symbol.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

VARIABLE = "DSPY_TUI_PLAIN"
_GUIDES = re.compile(r"^((?:│   |    )*)(?:├── |└── )", re.M)
"""Before an entry of a tree: four columns for each folder that it is in."""
_MORE = re.compile(r"^([ \t]*)… ([\d,]+ .*?)(?: …)?$|^(\s*)… (.*)\Z", re.M)
_QUOTED = re.compile(r"`([^`\n]+)`")
_BAR = re.compile(r"[\u2500-\u259f\u2800-\u28ff]+ ?")
_WORDS = {
    "•••••• ": "(hidden) ", "••••••": "(hidden)", " · ": ", ", " → ": " to ", " ×": " times ",
    "⎇ ": "branch ", "±": "+-", "“": '"', "”": '"', "’": "'", "‘": "'",
}  # fmt: skip
_ALONE = re.compile(r"(?<!\S)[–—](?!\S)")
_LEADS = re.compile(r"^(\s*)→ ", re.M)
_TIMES = re.compile(r" {1,2}× ?(\d[\d,]*)")
_MARKS = re.compile(r"[●○◌◐◇◆■▲✓✗✎ƒ»•·→←↑↓] ?")


def is_wanted(env: Mapping[str, str]) -> bool:
    """Whether the environment asks for it."""
    return env.get(VARIABLE, "").strip().lower() in ("1", "true", "yes", "on")


def unmarked(text: str) -> str:
    """A result that quotes files: without the marks before the lines that say how much is missing."""
    if text.isascii():
        return text
    return _MORE.sub(lambda match: (match[1] or match[3] or "") + (match[2] or match[4]), text)


def indented(tree: str) -> str:
    """A tree of names, with two columns for each folder in place of its lines; the names stay as they are."""
    return unmarked(_GUIDES.sub(lambda match: "  " * (len(match[1]) // 4), tree))


def in_words(text: str) -> str:
    """A text of ours: symbols as words, or as nothing where the words beside them say it."""
    text = _QUOTED.sub(r"\1", text)
    if text.isascii():
        return text
    text = _TIMES.sub(r" \1 times", unmarked(text))
    text = _ALONE.sub("-", text)
    text = _LEADS.sub(r"\1at ", text)
    for mark, words in _WORDS.items():
        text = text.replace(mark, words)
    return _MARKS.sub("", _BAR.sub("", text)).replace("…", "...").rstrip(" ")
