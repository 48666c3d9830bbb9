"""Edits of real source files as a perfect model would write them, and the forms to write them in."""

from __future__ import annotations

import json
import keyword
import random
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

ALIKE = {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u2011": "-", "…": "..."}
_WORD = re.compile(r"\b[A-Za-z_]\w{2,}\b")
_OTHERS = """case catch const default defer do enum export extends final func function go implements
    instanceof interface let new null package private protected public range select self static struct super
    switch this throw throws true false type typeof undefined var void"""
_KEYWORDS = {*keyword.kwlist, *_OTHERS.split()}
_MOST_LINES = 700
_FEWEST_LINES = 30
_LONGEST = 200


@dataclass(frozen=True)
class Source:
    """A file of a corpus; its lines have no ends."""

    path: str
    lines: tuple[str, ...]

    @property
    def comment(self) -> str:
        """How a comment begins in it."""
        return "#" if self.path.endswith((".py", ".sh", ".yml", ".toml")) else "//"


@dataclass(frozen=True)
class Base:
    """A pristine edit: lines `start` to `end` are quoted, of which `first` to `last` become `new`."""

    source: Source
    start: int
    first: int
    last: int
    end: int
    new: tuple[str, ...]

    @property
    def search(self) -> list[str]:
        """What a perfect model quotes."""
        return list(self.source.lines[self.start : self.end])

    @property
    def replace(self) -> list[str]:
        """What it puts in its place."""
        lines = self.source.lines
        return [*lines[self.start : self.first], *self.new, *lines[self.last : self.end]]

    @property
    def expected(self) -> list[str]:
        """The file as it is to be."""
        lines = self.source.lines
        return [*lines[: self.first], *self.new, *lines[self.last :]]

    def on(self, lines: Sequence[str]) -> Base:
        """The same edit of a file whose lines are others, one for one."""
        return replace(self, source=replace(self.source, lines=tuple(lines)))


def sources(
    folder: Path, projects: Sequence[str], suffixes: Sequence[str], chance: random.Random
) -> list[Source]:
    """Source files of middling size, in an order by chance that the seed decides."""
    found: list[Source] = []
    for project in projects:
        root = folder / project
        paths = sorted(path for suffix in suffixes for path in root.rglob(f"*{suffix}"))
        paths = [
            path for path in paths if not any(part.startswith(".") for part in path.relative_to(root).parts)
        ]
        chance.shuffle(paths)
        taken = 0
        for path in paths:
            try:
                text = path.read_bytes().decode("utf-8")
            except (OSError, UnicodeDecodeError):
                continue
            lines = text.removesuffix("\n").split("\n")
            whole = text.endswith("\n") and "\r" not in text and "\0" not in text and "\f" not in text
            fits = _FEWEST_LINES <= len(lines) <= _MOST_LINES and all(len(line) <= _LONGEST for line in lines)
            if whole and fits:
                found.append(Source(path.relative_to(root).as_posix(), tuple(lines)))
                taken += 1
            if taken >= 150:
                break
    chance.shuffle(found)
    return found


@lru_cache(maxsize=1 << 18)
def squeezed(line: str) -> str:
    """The line without white space, and with plain quotes and dashes."""
    line = unicodedata.normalize("NFC", line)
    for fancy, plain in ALIKE.items():
        line = line.replace(fancy, plain)
    return "".join(line.split())


def places(lines: Sequence[str], kept: Sequence[str], span: int) -> list[int]:
    """Where in a file lines stand in this order, within `span` lines that are not empty.

    This is the rule by which cases are called recoverable; it compares squeezed lines and nothing else.
    """
    wanted = [squeezed(line) for line in kept if line.strip()]
    solid = [(number, squeezed(line)) for number, line in enumerate(lines) if line.strip()]
    found: list[int] = []
    for start, (number, text) in enumerate(solid):
        if not wanted or text != wanted[0]:
            continue
        left = wanted[1:]
        for _, other in solid[start + 1 : start + span]:
            if left and other == left[0]:
                left = left[1:]
        if not left:
            found.append(number)
    return found


def mutated(line: str, chance: random.Random) -> str:
    """The line with one of its names or numbers changed; the line itself when it has none."""
    words = [match for match in _WORD.finditer(line) if match[0] not in _KEYWORDS]
    if not words:
        return line
    word = chance.choice(words)
    ending = chance.choice(("next", "two", "other", "alt"))
    return f"{line[: word.start()]}{word[0]}_{ending}{line[word.end() :]}"


def bases(all_sources: Sequence[Source], chance: random.Random, *, context: int = 3) -> Iterator[Base]:
    """Pristine edits without end, each with exactly one place in its file."""
    while True:
        source = chance.choice(all_sources)
        base = _base(source, chance, context)
        if base is not None and len(places(source.lines, base.search, len(base.search))) == 1:
            yield base


def _base(source: Source, chance: random.Random, context: int) -> Base | None:
    lines = source.lines
    first = chance.randrange(context + 1, len(lines) - context - 2)
    line = lines[first]
    if len(line.strip()) < 10 or mutated(line, chance) == line:
        return None
    indent = line[: len(line) - len(line.lstrip())]
    kind = chance.choice(("change", "change", "change", "insert", "delete", "grow", "two"))
    added = [f"{indent}{chance.choice(('record', 'notify', 'update'))}_{chance.randrange(100)}(value)"]
    last, new = first + 1, [mutated(line, chance)]
    if kind == "insert":
        last, new = first, added
    elif kind == "delete":
        new = []
    elif kind == "grow":
        new = [*new, *added, f"{indent}check_{chance.randrange(100)}(value, again)"]
    elif kind == "two":
        other = mutated(lines[first + 1], chance)
        if other == lines[first + 1]:
            return None
        last, new = first + 2, [*new, other]
    start, end = first - context, last + context
    quoted = [text for text in lines[start:end] if text.strip()]
    if len(quoted) < 4 or not lines[start].strip() or not lines[end - 1].strip():
        return None
    if any(
        text.strip().startswith(("```", "<<<", "===", ">>>", "+++", "---", "@@", "...")) for text in quoted
    ):
        return None
    return Base(source, start, first, last, end, tuple(new))


FORMS = ("block", "diff", "patch", "json")


def block(path: str, search: Sequence[str], new: Sequence[str], chance: random.Random) -> str:
    """A search/replace block, with its file named in one of the usual ways."""
    body = "\n".join(["<<<<<<< SEARCH", *search, "=======", *new, ">>>>>>> REPLACE"])
    return chance.choice(
        (
            f"{path}\n{body}\n",
            f"{path}\n```\n{body}\n```\n",
            f"```\n{path}\n{body}\n```\n",
            f"``` {path}\n{body}\n```\n",
            f"### `{path}`\n\n```\n{body}\n```\n",
            f"**{path}**\n```\n{body}\n```\n",
            f"File: {path}\n{body}\n",
        )
    )


def marked(search: Sequence[str], new: Sequence[str]) -> list[str]:
    """The two sides as the lines of a hunk."""
    head = 0
    while head < min(len(search), len(new)) and search[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(search), len(new)) - head and search[-1 - tail] == new[-1 - tail]:
        tail += 1
    return [
        *(" " + line for line in search[:head]),
        *("-" + line for line in search[head : len(search) - tail]),
        *("+" + line for line in new[head : len(new) - tail]),
        *(" " + line for line in search[len(search) - tail :]),
    ]


def diff(path: str, search: Sequence[str], new: Sequence[str], number: int, *, header: str = "") -> str:
    """A unified diff of one hunk; `number` is the old line it says, from 1."""
    header = header or f"@@ -{number},{len(search)} +{number},{len(new)} @@"
    return "\n".join([f"--- a/{path}", f"+++ b/{path}", header, *marked(search, new), ""])


def patch(path: str, search: Sequence[str], new: Sequence[str], *, heading: str = "") -> str:
    """The same in the `*** Begin Patch` form."""
    header = f"@@ {heading}" if heading else "@@"
    return "\n".join(
        ["*** Begin Patch", f"*** Update File: {path}", header, *marked(search, new), "*** End Patch", ""]
    )


def json_edit(path: str, search: Sequence[str], new: Sequence[str], chance: random.Random) -> str:
    """A JSON object, or a list of one."""
    names = chance.choice((("path", "search", "replace"), ("file_path", "old_string", "new_string")))
    value = dict(zip(names, (path, "\n".join(search), "\n".join(new)), strict=True))
    text = json.dumps(chance.choice((value, [value])), indent=chance.choice((None, 2)), ensure_ascii=False)
    return chance.choice((text, f"```json\n{text}\n```")) + "\n"


def written(
    form: str, path: str, search: Sequence[str], new: Sequence[str], number: int, chance: random.Random
) -> str:
    """The edit in a form."""
    if form == "block":
        return block(path, search, new, chance)
    if form == "diff":
        text = diff(path, search, new, number)
        return chance.choice((text, f"```diff\n{text}```\n"))
    if form == "patch":
        text = patch(path, search, new)
        return chance.choice((text, f"```\n{text}```\n"))
    return json_edit(path, search, new, chance)
