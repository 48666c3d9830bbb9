"""The level of a single line, as `reader` finds it for many; cheap to import."""

from __future__ import annotations

import re
from functools import cache

from agent_core.logs.formats import patterns
from agent_core.logs.levels import BY_PRIORITY, FIELDS, Level, explicit_level, of_number, of_word

_LONGEST = 400
_ISO = re.compile(
    r"[\[(]?\d{4}([-/.])\d\d\1\d\d[Tt _-]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
    r"(?:[ ]?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?[\])]?"
)
_JSON = re.compile(
    rf'"(?:{"|".join(map(re.escape, FIELDS))})"\s?:\s?(?:"([A-Za-z]\w{{0,19}})"|"?(\d{{1,3}})\b)'
)
_MONGO = re.compile(r'\{"t":\s?\{"\$date":\s?"[^"]{0,40}"\},\s*"s":\s?"([A-Z])')
_DOCKER = re.compile(r'\{"log":"((?:[^"\\]|\\.){1,1000})')
_PAIR = re.compile(r'(?:^|[ \t])(?:level|lvl|severity|levelname)="?([A-Za-z]+)')


def level_of(line: str) -> Level:
    """How grave a line is by what its head says, or the word that it begins with."""
    line = line[:_LONGEST]
    if "|" in line and (service := _compiled(patterns.COMPOSE).match(line)):
        line = line[service.end() :]
    level, rest = _begin(line)
    if level is None and rest != line:  # a time that a container engine put before a head
        rest = rest.lstrip(" \t")
        kubelet = _compiled(patterns.KUBELET).match(rest)
        level, rest = _begin(rest[kubelet.end() :] if kubelet is not None else rest)
    return level or explicit_level(rest)


def _begin(line: str) -> tuple[Level | None, str]:
    """The level by the head, None for a head without one; what is behind it, or the line if it has none."""
    if line.startswith("{"):
        if (log := _DOCKER.match(line)) is not None:
            return _begin(log[1])
        return _of_json(line), line
    if (priority := _compiled(patterns.PRIORITY).match(line)) is not None:
        return BY_PRIORITY[int(priority["pri"]) & 7], line[priority.end() :]
    if (iso := _ISO.match(line)) is not None:
        return _tails(line[iso.end() :])
    for opener in patterns.OPENERS:
        if line[:1] not in opener.first or not line:
            continue
        match = _compiled(opener.pattern).match(line)
        if match is None:
            continue
        rest = line[match.end("all") :]
        if opener.iso:
            if (iso := _ISO.match(rest)) is None:
                continue
            rest = rest[iso.end() :]
        return _said(match, rest) if _level(match) or opener.tail != "tails" else _tails(rest)
    pair = _PAIR.search(line)
    if pair is not None and re.match(r"[A-Za-z_@][\w.@-]{0,40}=", line):
        return of_word(pair[1]), line
    return Level.UNKNOWN, line


def _said(match: re.Match[str], rest: str) -> tuple[Level | None, str]:
    groups = match.groupdict()
    if groups.get("request"):
        status = _compiled(patterns.STATUS).match(rest)
        code = int(status["status"]) if status is not None else 0
        return Level.ERROR if code >= 500 else Level.WARN if code >= 400 else Level.INFO, rest
    return _level(match), rest


def _level(match: re.Match[str]) -> Level:
    groups = match.groupdict()
    return of_word(groups.get("level") or groups.get("word") or "")


def _tails(rest: str) -> tuple[Level | None, str]:
    for pattern in patterns.TAILS:
        match = _compiled(pattern).match(rest)
        if match is not None:
            return _level(match), rest[match.end("all") :]
    return None, rest


def _of_json(line: str) -> Level:
    if (mongo := _MONGO.match(line)) is not None:
        return of_word(mongo[1])
    found = _JSON.search(line)
    if found is None:
        return Level.UNKNOWN
    return of_word(found[1]) if found[1] else of_number(int(found[2]))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # RE2 never goes back; here, numbers must not be split in all ways if a hostile line is to take no time.
    return re.compile(pattern.replace(r"\d+", r"\d++"), re.ASCII)
