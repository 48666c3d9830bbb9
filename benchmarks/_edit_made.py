"""What the operators share: how a case is put together, and the rule that says whether it can be told."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks._edit_base import FORMS, Base, Source, places, squeezed, written

Case = dict[str, Any]
Make = Callable[[Base, Sequence[Source], random.Random], Case | None]
ROOT = "/home/dev/project"
"""Where the workspaces of the cases are said to lie."""
PROSE = (
    "Here is the change:\n\n{}",
    "<think>\nThe user wants <<<<<<< something. Let me see.\n```python\nx = 1\n```\n</think>\n{}",
    "I looked at the code.\n\n{}\nThis should do. Run the tests afterwards:\n\n```bash\nmake test\n```\n",
    "{}",
)


def lines_text(lines: Sequence[str], end: str = "\n") -> str:
    return "".join(line + end for line in lines)


def good(
    base: Base, reply: str, *, files: dict[str, str] | None = None, expected: dict[str, Any] | None = None
) -> Case:
    path = base.source.path
    return {
        "files": {path: lines_text(base.source.lines)} if files is None else files,
        "reply": reply,
        "recoverable": True,
        "expected": {path: lines_text(base.expected)} if expected is None else expected,
    }


def in_a_form(
    base: Base, search: Sequence[str], new: Sequence[str], chance: random.Random, forms: Sequence[str] = FORMS
) -> str:
    text = written(chance.choice(forms), base.source.path, search, new, base.start + 1, chance)
    return chance.choice(PROSE).format(text)


def told(base: Base, kept: Sequence[str]) -> bool:
    """Rules 2 and 3: one place, and more than half of what is quoted is as it is."""
    size = sum(len(squeezed(line)) for line in kept)
    quoted = sum(len(squeezed(line)) for line in base.search)
    return len(places(base.source.lines, kept, len(base.search) + 2)) == 1 and 2 * size > quoted


def around(base: Base) -> tuple[list[int], list[int]]:
    """The numbers (in the search) of the context before and after what changes."""
    before = list(range(base.first - base.start))
    return before, list(range(base.last - base.start, base.end - base.start))


def with_context(
    base: Base, change: Callable[[int, str], list[str] | None], numbers: Sequence[int]
) -> tuple[list[str], list[str], list[str]]:
    """Search, replacement and what is left as it is, with the context lines of these numbers changed."""
    lines = base.source.lines
    before: list[str] = []
    after: list[str] = []
    kept: list[str] = []
    for number, line in enumerate(base.search):
        at = base.start + number
        changed = change(number, line) if number in numbers else None
        side = before if at < base.first else after if at >= base.last else None
        if changed is None:
            kept.append(line)
        if side is not None:
            side += [line] if changed is None else changed
    old = list(lines[base.first : base.last])
    return [*before, *old, *after], [*before, *base.new, *after], kept
