"""Examples: what a skill is given, and what a good reply must have, whatever it says besides.

No example holds an answer that somebody made up: what is asked for follows from the history, the tests, the
logs, or what was accepted. Which side an example is on hangs on the files that it is about, so that no file,
and no commit, is learnt from and validated with.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Literal

import msgspec

from agent_core.rl.gepa.api import MOST, Target

Side = Literal["learn", "validate"]
Source = Literal["history", "tests", "logs", "sessions"]


class Place(msgspec.Struct, frozen=True):
    """Lines of a file, from 1, both inclusive."""

    path: str
    start: int
    end: int


class Cites(msgspec.Struct, frozen=True, tag=True):
    """An answer that cites one of the places, and none but those that are shown."""

    places: tuple[Place, ...]
    shown: tuple[Place, ...]


class Looks(msgspec.Struct, frozen=True, tag=True):
    """A tool call that leads to a file, by its path or by a name in it; or an answer where it is shown. Of a
    `native` model an answer is a text without a call, else a form of its own."""

    path: str
    names: tuple[str, ...]
    text: str
    shown: bool
    native: bool = False


class Names(msgspec.Struct, frozen=True, tag=True):
    """The names of these files among the candidates."""

    files: tuple[str, ...]
    candidates: tuple[str, ...]


class Edits(msgspec.Struct, frozen=True, tag=True):
    """Edits that apply to the file as it was, where it was changed."""

    path: str
    before: str
    after: str


class Plans(msgspec.Struct, frozen=True, tag=True):
    """A plan in its form, that names the files and invents none."""

    files: tuple[str, ...]
    shown: tuple[str, ...]


class Tells(msgspec.Struct, frozen=True, tag=True):
    """The message of a commit, in its form, about what this subject is about."""

    subject: str


class Judges(msgspec.Struct, frozen=True, tag=True):
    """A verdict on a change that was accepted, or that is another one than what was asked for."""

    accepted: bool


class Explains(msgspec.Struct, frozen=True, tag=True):
    """A cause and next steps that cite the grave events by their numbers, and none that there are not."""

    count: int
    grave: tuple[int, ...]
    places: tuple[str, ...]


Goal = Cites | Looks | Names | Edits | Plans | Tells | Judges | Explains


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a skill's predictor.

    Args:
        id: The same whenever it is made of the same.
        target: The predictor.
        source: What it was made of.
        side: Whether to learn from it, or to validate with it.
        fields: The predictor's inputs, masked.
        goal: What a good reply has.
        schema: The JSON schema of the reply, None for free text.
    """

    id: str
    target: Target
    source: Source
    side: Side
    fields: dict[str, str]
    goal: Goal
    schema: dict[str, Any] | None = None


def number_of(*words: str) -> int:
    """A number that hangs on the words alone, and is spread evenly."""
    return int.from_bytes(hashlib.sha256("\0".join(words).encode("utf-8", "replace")).digest()[:8], "big")


@cache
def side_of(path: str) -> Side:
    """The side that a file is on, today and tomorrow."""
    return "validate" if number_of("side", path) % 2 else "learn"


def common_side(paths: Iterable[str]) -> Side | None:
    """The one side that all files are on; None where they are on both, or there are none."""
    sides: set[Side] = {side_of(path) for path in paths}
    return sides.pop() if len(sides) == 1 else None


def id_of(*words: str) -> str:
    """An id made of the words."""
    return f"{number_of(*words):016x}"


def chosen(examples: Iterable[Example], targets: Sequence[Target]) -> dict[Target, list[Example]]:
    """For each target at most `MOST` examples of each side, each once, the sources taking turns."""
    found: dict[tuple[str, str], dict[str, list[Example]]] = defaultdict(lambda: defaultdict(list))
    seen: set[tuple[str, str]] = set()
    for example in sorted(examples, key=lambda example: example.id):
        asked = (example.target, repr(sorted(example.fields.items())))
        if asked not in seen and (example.target, example.id) not in seen:
            seen |= {asked, (example.target, example.id)}
            found[example.target, example.side][example.source].append(example)
    return {
        target: [example for side in ("learn", "validate") for example in _in_turns(found[target, side])]
        for target in targets
    }


def _in_turns(by_source: dict[str, list[Example]]) -> list[Example]:
    rows = [by_source[source] for source in sorted(by_source)]
    longest = max(map(len, rows), default=0)
    turns = [row[number] for number in range(longest) for row in rows if number < len(row)]
    return turns[:MOST]


def counted(examples: Iterable[Example]) -> dict[str, int]:
    """How many are from where."""
    return dict(sorted(Counter(example.source for example in examples).items()))
