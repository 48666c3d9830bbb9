"""Why a file is among the results, in a few words each."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent_core.code.model import Symbol
from agent_core.code.terms import split
from agent_core.index.graph import Neighbour
from agent_core.index.passage import whole
from agent_core.index.question import Question
from agent_core.index.rank import RankedFile
from agent_core.index.recency import TELLING_DAYS
from agent_core.text import plural

_MOST_WORDS = 5
_MOST_NAMES = 2
_CLOSE = 0.5
"""Two deviations above the question's median."""
_NEARER = 0.01
"""Where vectors alone are asked for, what lies below the median has less."""
_TELLING = 0.2
_LINK = ("uses", "used")


def reasons(
    file: RankedFile, question: Question, *, link: Neighbour | None = None, days: int | None = None
) -> tuple[str, ...]:
    """What speaks for a file, the weightiest first.

    Args:
        file: What was found.
        question: What was asked.
        link: The file of the results that it is most connected with, its names as they are written.
        days: How long ago it was last committed; None when that is not known.
    """
    seen, share = file.features, file.shares
    found: list[tuple[float, str]] = []

    def say(text: str, *features: str) -> None:
        """Say what counted: vectors alone do not ask which words occur."""
        weight = sum(share[name] for name in features)
        if weight > 0 or features == _LINK:
            found.append((weight, text))

    spelled = _spelled(
        file, (*question.wanted.names, *(whole(split(name)) for name in question.wanted.spoken))
    )
    if spelled:
        say(f"defines {', '.join(spelled)}", "defined", "spoken")
    elif seen["literal"]:
        say("mentions the name", "literal")
    if seen["stem"]:
        say(f"called {file.entry.row.path.rpartition('/')[2]}", "stem", "base", "path")
    elif seen["path"]:
        say("in its name" if seen["base"] else "in its folder's name", "base", "path")
    spoken = [question.words.get(term, term) for term in file.terms[:_MOST_WORDS]]
    if spoken:
        say(f"speaks of {', '.join(spoken)}", "file", "chunk", "names")
    if seen["near"] >= _CLOSE:
        say("close in meaning", "near", "nearby")
    if seen["twin"] >= _TELLING:
        say("its test or document speaks of it", "twin")
    if link is not None:
        say(_connected(link), *_LINK)
    if not found:
        than = "nearer" if seen["near"] > _NEARER else "less near"
        say(f"{than} in meaning than most", "near", "nearby")
    if days is not None and days <= TELLING_DAYS:
        say(f"changed {plural(days, 'day')} ago" if days else "changed today", "recent")
    return tuple(text for _, text in sorted(found, key=lambda reason: -reason[0]))


def _spelled(file: RankedFile, names: Sequence[str]) -> list[str]:
    """The names of the question that the file defines, as it writes them."""
    if not (file.features["defined"] or file.features["spoken"]):
        return []
    found: dict[str, None] = {}
    for symbol in msgspec.msgpack.decode(file.entry.row.symbols, type=tuple[Symbol, ...]):
        name = symbol.name.rpartition(".")[2]
        if whole(split(name)) in names:
            found[name] = None
    return list(found)[:_MOST_NAMES]


def _connected(neighbour: Neighbour) -> str:
    names = ", ".join(neighbour.names[:_MOST_NAMES])
    if neighbour.uses:
        return f"uses what {neighbour.path} defines: {names}"
    return f"defines what {neighbour.path} uses: {names}"
