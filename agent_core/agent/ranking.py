"""Ranking files and places by how well matching lines speak to a question, without an index.

Okapi BM25 over whole files (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) plus the
same saturation over the best window of lines, plus what the path says and what the lines define. Tests,
documents, change logs and generated files weigh less unless the question asks for them.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from agent_core.agent.roles import Role, role
from agent_core.agent.terms import Query, split, stem, stems_of

_K1 = 1.2
_B = 0.4
_WINDOW = 40
_DEFINITION_BONUS = 0.8
_WEIGHTS: dict[Role, float] = {
    "source": 1.0, "test": 0.35, "document": 0.5, "data": 0.45, "log": 0.2, "generated": 0.2
}  # fmt: skip
_ASKED: tuple[tuple[str, frozenset[Role]], ...] = (
    (
        r"\b((unit|integration|end.to.end|e2e|regression|which|what|the|our|existing) tests?|tested"
        r"|tests? (for|of|that|which|files?|cases?|suites?|covers?|checks?)|in tests?|test coverage)\b",
        frozenset({"test"}),
    ),
    (r"\b(docs?|document(s|ed|ation)?|readme|manual|guide|install(ed|ation)?)\b", frozenset({"document"})),
    (r"\b(change ?log|release notes?|history|licen[sc]ed?|authors?|contributors?)\b", frozenset({"log"})),
    (
        r"\b(config(uration)?s?|settings?|dependenc(y|ies)|versions?|pipelines?|workflows?|ya?ml|json|toml)\b",
        frozenset({"data"}),
    ),
    (r"\b(generated|vendored|third[- ]party|minified|lock ?files?)\b", frozenset({"generated"})),
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*|\d{2,}")
DEFINITION = re.compile(
    r"^\s*(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub(?:\([a-z]+\))?"
    r"|unsafe|inline|open|sealed|data|override|virtual|extern)\s+)*"
    r"(?:def|class|func|function\*?|fn|interface|struct|enum|trait|type|impl|module|namespace|const|let|var|val"
    r"|object|record|protocol|macro_rules!)\s+(?:\([^)]{0,80}\)\s*)?(?P<name>[A-Za-z_$][\w$]*)?"
    r"|^\s*(?:(?:public|private|protected|internal|static|final|override)\s+)+"
    r"[\w<>\[\], .?]{1,80}\s(?P<method>\w+)\s*\("
    r"|^(?P<constant>[A-Z][A-Z0-9_]{2,})\s*(?::[^=]{1,60})?="
)


class Line(msgspec.Struct, frozen=True):
    """A matching line: how often each stem occurs in it, and the name it defines, if it defines one."""

    number: int
    counts: dict[str, int]
    defines: str | None
    named: int
    """How many of the question's identifiers and phrases stand in it as they were written."""


class Ranked(msgspec.Struct, frozen=True):
    """A file, best first by `score`; `lines` are its matching lines, `stems` what was found in it."""

    path: str
    score: float
    lines: tuple[Line, ...]
    stems: tuple[str, ...]
    by_path: bool


class Reader:
    """Reads matching lines for one query; remembers each distinct word, so a line costs microseconds."""

    def __init__(self, query: Query) -> None:
        self._wanted = query.stems
        self._phrases = query.phrases
        self._names = tuple(
            (name, re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")) for name in query.identifiers
        )
        self._known: dict[str, tuple[str, ...]] = {}

    def read(self, number: int, text: str) -> Line | None:
        """The line as the ranking sees it; None when the match was inside other words only."""
        counts: dict[str, int] = {}
        known = self._known
        for word in _NAME.findall(text):
            found = known.get(word)
            if found is None:
                found = tuple(key for key in map(stem, split(word)) if key in self._wanted)
                known[word] = found
            for key in found:
                counts[key] = counts.get(key, 0) + 1
        named = sum(phrase in text for phrase in self._phrases)
        named += sum(name in text and whole.search(text) is not None for name, whole in self._names)
        if not counts and not named:
            return None
        return Line(number, counts, _defined(text), named)


def _defined(text: str) -> str | None:
    match = DEFINITION.match(text)
    if match is None:
        return None
    return match["name"] or match["method"] or match["constant"] or ""


def rank(
    query: Query, matches: Mapping[str, list[Line]], *, paths: Iterable[str], sizes: Mapping[str, int]
) -> list[Ranked]:
    """Rank the files that match by content or by path, best first.

    Args:
        query: What is looked for.
        matches: The matching lines of each file, in order.
        paths: All files that were searched; they make up the collection that rarity is counted in.
        sizes: Bytes of each file in `matches`.
    """
    everything = list(paths)
    idf = _rarity(query, matches, len(everything))
    mean = sum(sizes.values()) / len(sizes) if sizes else 1.0
    weights = role_weights(query.text)
    by_path = {path: stems for path in everything if (stems := _path_stems(path) & idf.keys())}
    ranked: list[Ranked] = []
    for path in matches.keys() | by_path.keys():
        lines = matches.get(path, [])
        score = (
            _file_score(query, lines, idf, sizes.get(path, mean) / (mean or 1.0))
            + 1.2 * best_window(lines, idf, _WINDOW)[0]
            + _path_score(path, by_path.get(path, frozenset()), idf)
            + _name_score(query, path, lines, idf)
        )
        stems = {key for line in lines for key in line.counts} | by_path.get(path, frozenset())
        if score > 0:
            ranked.append(
                Ranked(path, score * weights[role(path)], tuple(lines), tuple(sorted(stems)), path in by_path)
            )
    ranked.sort(key=lambda item: (-item.score, item.path))
    return ranked


def rarity(query: Query, matches: Mapping[str, list[Line]], files: int) -> dict[str, float]:
    """The weight of each stem: the rarer among the files, the heavier."""
    return _rarity(query, matches, files)


def _rarity(query: Query, matches: Mapping[str, list[Line]], files: int) -> dict[str, float]:
    found: dict[str, int] = defaultdict(int)
    for lines in matches.values():
        for key in {key for line in lines for key in line.counts}:
            found[key] += 1
    total = max(files, len(matches))
    return {
        key: weight * math.log(1 + (total - found[key] + 0.5) / (found[key] + 0.5))
        for key, weight in query.stems.items()
    }


def role_weights(text: str) -> dict[Role, float]:
    """How much each kind of file counts for a question; those that it asks for count nearly in full."""
    asked = {kind for pattern, kinds in _ASKED if re.search(pattern, text, re.IGNORECASE) for kind in kinds}
    return {kind: max(weight, 0.9) if kind in asked else weight for kind, weight in _WEIGHTS.items()}


def _file_score(query: Query, lines: list[Line], idf: Mapping[str, float], length: float) -> float:
    counts: dict[str, int] = defaultdict(int)
    for line in lines:
        for key, count in line.counts.items():
            counts[key] += count
    bound = _K1 * (1 - _B + _B * length)
    return sum(idf[key] * count * (_K1 + 1) / (count + bound) for key, count in counts.items())


def best_window(
    lines: list[Line] | tuple[Line, ...], idf: Mapping[str, float], height: int
) -> tuple[float, int, int]:
    """The best window of `height` lines: its score and the numbers of its first and last matching line."""
    best, first, last = 0.0, 0, 0
    counts: dict[str, float] = defaultdict(float)
    named = start = 0
    for line in lines:
        _add(counts, line, 1)
        named += line.named
        while lines[start].number <= line.number - height:
            _add(counts, lines[start], -1)
            named -= lines[start].named
            start += 1
        score = sum(idf[key] * count / (count + 1) for key, count in counts.items() if count > 0.01) + min(
            named, 2
        )
        if score > best:
            best, first, last = score, lines[start].number, line.number
    return best, first, last


def _add(counts: dict[str, float], line: Line, sign: int) -> None:
    bonus = 0.0 if line.defines is None else _DEFINITION_BONUS
    for key, count in line.counts.items():
        counts[key] += sign * (count + bonus)


def _path_stems(path: str) -> frozenset[str]:
    return frozenset(stems_of(path))


def _path_score(path: str, found: frozenset[str], idf: Mapping[str, float]) -> float:
    if not found:
        return 0.0
    score = 0.75 * sum(idf[key] for key in found)
    base = frozenset(stems_of(path.rpartition("/")[2].partition(".")[0]))
    inside = base & found
    if inside:
        score += sum(idf[key] for key in inside) * len(inside) / len(base)
    return score


def _name_score(query: Query, path: str, lines: list[Line], idf: Mapping[str, float]) -> float:
    defined = {key for line in lines if line.defines is not None for key in line.counts}
    score = 0.25 * sum(idf[key] for key in defined)
    base = path.rpartition("/")[2].partition(".")[0].lower()
    exact = {line.defines for line in lines if line.defines}
    names = {name.lower() for name in exact}
    for name in query.identifiers:
        plain = name.rpartition(".")[2]
        lowered = plain.lower()
        score += 6.0 * (base in (name.lower(), lowered)) + 3.0 * (lowered in names) + 3.0 * (plain in exact)
    return score + 2.0 * min(2, max((line.named for line in lines), default=0))
