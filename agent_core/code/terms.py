"""From a question to what to look for: identifiers split, words stemmed, filler dropped.

The same splitting is used on the lines that match, so `HTTPTransport`, `http_transport` and "transports over
HTTP" meet. Stems are cut prefixes of a word, never rewritten ones: a stem is a literal that ripgrep can find
for.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

_WORD = re.compile(r"[A-Za-z_$][\w$]*(?:[-.][A-Za-z_]\w*)*|\d{2,}")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_QUOTED = re.compile(r"`([^`\n]{2,120})`|\"([^\"\n]{2,120})\"|(?<!\w)'([^'\n]{2,120})'(?!\w)")
_ENDINGS = (
    "izations", "ization", "ations", "ation", "ingly", "ities", "ments", "ness", "ment", "ions", "ings",
    "ers", "ies", "ied", "ing", "ion", "ity", "ed", "er", "es", "ly", "or", "al", "e", "s", "y",
)  # fmt: skip
_MIN_STEM = 3
_MOST_TERMS = 24

_KIND = "(?:function|method|class|type|struct|interface|enum|trait|variable|constant|field|property|macro)"
# A text that `re` compiles when the first question is asked: that takes 10 ms, and every start would pay.
_NAMED = (
    rf"\b(?:is|are|get|gets)\s+(?:the\s+)?(?:{_KIND}\s+)?[`'\"]?(?P<defined>[A-Za-z_$][\w$]*)[`'\"]?(?:\(\))?"
    rf"(?:\s+{_KIND})?\s+(?:defined|declared|implemented)\b"
    rf"|\b(?P<called>[A-Za-z_$][\w$]*)\(\)"
    rf"|\b{_KIND}\s+(?:(?:called|named)\s+)?[`'\"]?(?P<of_kind>main\b|[A-Z][\w$]*)"
    r"|\b(?P<entry>main)\s+(?:function|method|program|routine)\b"
)

# Words that say how one asks, not what about.
_FILLER_WORDS = """
    a about above actually after again all also always am an and any anything app application are around
    as ask at back be because been before being between both bug but by can change check code codebase
    come could declare declared declares define defined defines definition definitions describe did
    different do does doing done dont each else ensure etc every everything
    exactly example explain file files find fix folder for found from function functions get gets getting
    give given go goes good had handle handled handles handling happen happens has have having help here
    how i if implement implementation implemented implements in inside instead into is it its itself just
    know let like line lines list live lives locate located logic long look looking made main make makes
    making many may me method might mine module more most much must my need needs never new no not now of
    off on one only onto or other our out over own part piece place please possible project properly
    question repo repository responsible result same see should show showing side so some somehow
    something source still such take takes tell than that the their them then there these they thing
    things this those through to together too under until up us use used user uses using very want was
    way we well were what whats when where whether which while who whole why will with within without
    work works would you your yours
"""
_FILLER = frozenset(_FILLER_WORDS.split())


class Query(msgspec.Struct, frozen=True):
    """What a question looks for.

    `stems` are literals, weighted; `identifiers` are names as they were written (`parse_config`, `MAX_SIZE`,
    and what is spoken of as one: "where is verify defined", "the function main", "close()"); `phrases` are
    quoted texts.
    """

    stems: dict[str, float]
    identifiers: tuple[str, ...]
    phrases: tuple[str, ...]
    text: str
    words: dict[str, str] = {}
    """The word of the question behind each stem, for people."""
    spoken: tuple[str, ...] = ()
    """Of the identifiers those that are spoken of as names, however they are written."""


@lru_cache(maxsize=65_536)
def split(word: str) -> tuple[str, ...]:
    """The lower-case parts of an identifier: `parseHTTPUrl2` -> parse, http, url, 2."""
    return tuple(part.lower() for part in _PART.findall(word))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The common beginning of a word's forms: `retries`, `retried`, `retrying` -> retr; `config` stays."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM:
            cut = word[: -len(ending)]
            if len(cut) == _MIN_STEM and len(ending) < 2 and ending != "s":
                continue
            if ending == "s" and cut.endswith("s"):
                return word
            return _undouble(cut.removesuffix("y") if len(cut) > _MIN_STEM + 1 else cut)
    return word


def _undouble(cut: str) -> str:
    """`stopp` -> stop, but `pass` and `fill` keep their letters."""
    if len(cut) > _MIN_STEM and cut[-1] == cut[-2] and cut[-1] not in "lsz":
        return cut[:-1]
    return cut


def stems_of(text: str) -> list[str]:
    """The stems of every part of every identifier in a line or a path, in order."""
    return [stem(part) for part in split(text) if len(part) > 1]


def analyse(question: str) -> Query:
    """Find out what a question looks for."""
    phrases = tuple(match[1] or match[2] or match[3] for match in _QUOTED.finditer(question))
    stems: dict[str, float] = {}
    words: dict[str, str] = {}
    identifiers: list[str] = []
    spoken_of = {match[match.lastgroup] for match in re.finditer(_NAMED, question) if match.lastgroup}
    for match in _WORD.finditer(question):
        word = match[0].strip("-.")
        named = word in spoken_of or is_identifier(word)
        if named and word not in identifiers:
            identifiers.append(word)
        for part in split(word):
            if len(part) < 2 or (part in _FILLER and not named):
                continue
            key = stem(part)
            stems[key] = max(stems.get(key, 0.0), 1.0)
            words.setdefault(key, part)
    if not stems:  # only filler: better a poor search than none
        words = {stem(part): part for part in split(question) if len(part) > 2}
        stems = dict.fromkeys(words, 1.0)
    spoken = tuple(name for name in identifiers if name in spoken_of)
    return Query(
        dict(list(stems.items())[:_MOST_TERMS]), tuple(identifiers), phrases, question, words, spoken
    )


def is_identifier(word: str) -> bool:
    """Whether a word is written as names in code are: snake_case, camelCase, dotted, CONSTANT_CASE, http2."""
    if len(word) < 3 or word.isdigit():
        return False
    inner = word[1:]
    return (
        "_" in word.strip("_")
        or "." in word
        or "$" in word
        or word.startswith("__")
        or any(char.isupper() or char.isdigit() for char in inner)
    )
