"""Whether the types of the code around a line are declared, so that a type checker or compiler looks at it.

By the text alone: the line may not parse.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ALWAYS = frozenset(
    (
        "c",
        "cc",
        "cpp",
        "cs",
        "cxx",
        "go",
        "h",
        "hpp",
        "java",
        "kt",
        "kts",
        "mts",
        "rs",
        "scala",
        "swift",
        "ts",
        "tsx",
    )
)
_PYTHON = frozenset(("py", "pyi"))
_DEF = re.compile(r"(?P<indent>\s*)(?:async\s+)?def\b")
_DECLARED = re.compile(r"->|\w\s*:\s*\w")
_LONGEST_HEAD = 30
"""Lines that the head of a function may have."""


def declared(path: str, lines: Sequence[str], line: int) -> bool:
    """Whether types are declared around a line.

    In Python the function around it says so: checkers pass by what is in one without annotations. What stands
    in no function is looked at.

    Args:
        path: Of the file.
        lines: Its text.
        line: Which, from 0.
    """
    suffix = path.rpartition(".")[2].lower()
    if suffix not in _PYTHON:
        return suffix in _ALWAYS
    head = _head(lines, min(line, len(lines) - 1))
    return not head or bool(_DECLARED.search(head))


def _head(lines: Sequence[str], line: int) -> str:
    """The head of the innermost function around a line, "" where there is none."""
    inner = _indent(lines[line]) if lines else 0
    for number in range(line, -1, -1):
        text = lines[number]
        found = _DEF.match(text)
        if found and (number == line or len(found["indent"]) < inner):
            return _whole(lines[number : number + _LONGEST_HEAD])
        if text.strip():
            inner = min(inner, _indent(text))
    return ""


def _whole(lines: Sequence[str]) -> str:
    """A head up to the line that ends it."""
    for number, text in enumerate(lines):
        if text.split("#")[0].rstrip().endswith(":"):
            return "\n".join(lines[: number + 1])
    return lines[0]


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
