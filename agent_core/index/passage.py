"""What of a chunk is counted and what is embedded."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from hashlib import blake2b

from agent_core.code.terms import split, stem
from agent_core.index.postings import MOST_COUNT, Document

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*|\d{2,}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_MOST_WORDS = 180
"""Words of a passage; the embedder reads no more than 128 tokens of it."""

PASSAGES = 1
"""The version of `passage`: vectors of another one are not compared with those of this."""

_SYNTAX_WORDS = """
    self return if else for in def class function const let var new this null none true false import from
    public private protected static final void int string and or not is func err nil try catch throw except
    raise with as pass while do end then fi the a of to be
"""
_SYNTAX = frozenset(_SYNTAX_WORDS.split())


@lru_cache(maxsize=262_144)
def terms_of(word: str) -> tuple[str, ...]:
    """The terms that a word stands for: the stems of its parts, and a compound name as a whole.

    `parseHTTPUrl` and `parse_http_url` give pars, http, url and =parsehttpurl.
    """
    parts = split(word)
    stems = tuple(stem(part) for part in parts if len(part) > 1)
    return (*stems, whole(parts)) if len(parts) > 1 else stems


def whole(parts: tuple[str, ...]) -> str:
    """The term of a compound name, however it is written."""
    return "=" + "".join(parts)


def as_written(name: str) -> str:
    """The term of a name of a single word, capitals and all."""
    return "==" + name


def words_of(text: str) -> list[str]:
    """The words of a text that are counted, as often as they occur."""
    return _WORD.findall(text)


def counted(text: str) -> Document:
    """The terms of a text with their counts."""
    counts: dict[str, int] = {}
    for word, count in Counter(words_of(text)).items():
        for term in terms_of(word):
            counts[term] = counts.get(term, 0) + count
    return Document(tuple(counts), bytes([min(count, MOST_COUNT) for count in counts.values()]))


@lru_cache(maxsize=262_144)
def _spoken(word: str) -> str:
    return " ".join(part for part in split(word) if len(part) > 1 and part not in _SYNTAX)


def passage(path: str, text: str) -> str:
    """What is embedded of a chunk: its path and its names as words, without the syntax between them.

    A sentence encoder reads 128 tokens; as plain words, three times as much of the code fits into them.
    """
    words: list[str] = []
    for match in _NAME.finditer(text):
        word = _spoken(match[0])
        if word:
            words.append(word)
            if len(words) >= _MOST_WORDS:
                break
    head = " ".join(split(path.rpartition(".")[0] or path))
    return f"{head} : {' '.join(words)}"


def asked(question: str) -> str:
    """What is embedded of a question: names as words, the rest as it is."""
    return _NAME.sub(lambda match: " ".join(split(match[0])) or match[0], question)


def digest16(text: str) -> bytes:
    """16 bytes that name a text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def text_hash(path: str, text: str) -> bytes:
    """16 bytes that name the passage of a chunk: equal ones are embedded once."""
    return digest16(f"{PASSAGES}\0{path}\0{text}")
