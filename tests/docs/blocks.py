"""The code blocks of the documents.

A comment right above a block says what its language does not: `<!-- not run: why -->`, or
`<!-- exit codes: 0 3 -->` for those of its lines that do not all end with 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(
    r"(?:^<!-- (?P<note>[^\n]+?) -->\n)?"
    r"^(?P<indent> *)```(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_LANGUAGES = {"", "text", "sh", "json", "yaml", "toml", "markdown", "python"}


class Block(NamedTuple):
    """A code block: where it begins, its language, its text, and what the comment above it says."""

    path: Path
    line: int
    language: str
    text: str
    note: str

    @property
    def id(self) -> str:
        """As tests name it."""
        return f"{self.path.relative_to(ROOT)}:{self.line}"

    @property
    def is_run(self) -> bool:
        """Whether the block is run, or read by what it is written for."""
        shown = self.language in ("", "text") and not self.text.startswith("$ ")
        return not shown and not self.note.startswith("not run: ")

    @property
    def exit_codes(self) -> list[int]:
        """Those of its commands, one after the other; empty where all are 0."""
        _, _, codes = self.note.partition("exit codes: ")
        return [int(code) for code in codes.split()]


def blocks() -> Iterator[Block]:
    """All of them."""
    for path in DOCUMENTS:
        text = path.read_text()
        for found in _BLOCK.finditer(text):
            line = text.count("\n", 0, found.start("language")) + 1
            yield Block(path, line, found["language"], found["text"], found["note"] or "")


def of(*languages: str) -> list[Block]:
    """Those of some languages that are run."""
    return [block for block in blocks() if block.language in languages and block.is_run]


def unknown() -> list[str]:
    """Those whose language no test knows."""
    return [block.id for block in blocks() if block.language not in _LANGUAGES]
