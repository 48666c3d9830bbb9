"""What a question looks for: weighted terms, and the names that it spells out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from agent_core.code.terms import analyse, split
from agent_core.index.passage import whole

_NAME = re.compile(r"[A-Za-z_$][\w$]*(?:-[A-Za-z_]\w*)*")
_FILE = re.compile(r"([\w$-]+)\.[A-Za-z]{1,4}\b(?!\()")


class Wanted(NamedTuple):
    """What is looked for: weighted terms, and names as terms.

    `names` are compound ones (`parse_config`, `no-unused-vars`) and what stands before a file's ending;
    `spoken` are single words that are spoken of as names ("where is main defined?"), as they are written.
    """

    terms: Mapping[str, float]
    names: tuple[str, ...]
    spoken: tuple[str, ...] = ()


class Question(msgspec.Struct, frozen=True):
    """A question as the ranking sees it. `words` are the words behind its terms, for people."""

    text: str
    wanted: Wanted
    words: dict[str, str]


def read_question(text: str) -> Question:
    """Find out what a question looks for."""
    query = analyse(text)
    spoken = [name for name in query.spoken if len(split(name)) == 1]
    wanted = Wanted(query.stems, tuple(dict.fromkeys(_names(text))), tuple(spoken))
    return Question(text, wanted, query.words)


def _names(text: str) -> Iterator[str]:
    """The names that a text spells out; of `log.setLevel` each part, of `no-setState` the parts, too.

    A single word is no name: whether it is written in capitals says nothing of what it stands for.
    """
    for match in _NAME.finditer(text):
        for word in dict.fromkeys((match[0], *match[0].split("-"))):
            parts = split(word)
            if len(parts) > 1:
                yield whole(parts)
    for match in _FILE.finditer(text):
        yield whole(split(match[1]))
