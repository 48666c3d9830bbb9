"""Reading the heads of lines: which have one, what it says, where the message begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent_core.logs.columns import NO_TIME, Level
from agent_core.logs.formats import patterns, words
from agent_core.logs.formats.heads import Heads
from agent_core.logs.formats.laying import Layer
from agent_core.logs.formats.logfmt import pairs
from agent_core.logs.formats.names import Names
from agent_core.logs.formats.patterns import OPENERS, WIDTH, Opener
from agent_core.logs.formats.text import Mask, Matches, Offsets, Text
from agent_core.logs.formats.times import Clock
from agent_core.logs.levels import EXPLICIT

_NEAR = 80
"""How far into a line the name of a service reaches at most."""
_NO_ROWS = np.zeros(0, np.int64)


class HeadReader:
    """Reads the heads of lines, each line by itself.

    Args:
        clock: Reads their times.
        names: Numbers their components.
    """

    def __init__(self, *, clock: Clock, names: Names) -> None:
        self._clock = clock
        self._names = names
        self._layer = Layer(clock=clock, names=names, read=self._apart)

    def read(self, text: Text, start: Offsets, end: Offsets) -> Heads:
        """The heads of the lines from `start` to `end` (without their line breaks)."""
        heads = Heads.none(start, end)
        served, services = self._services(text, heads)
        rows = self._layer.journal(text, heads)
        two = self._begin(text, heads, rows)
        heads.name[served] = services
        np.minimum(heads.body, end, out=heads.body)
        _join_two(text, heads, two, start)
        self._explicit(text, heads)
        return heads

    def _apart(self, text: Text, start: Offsets, end: Offsets) -> Heads:
        """The heads of lines that do not follow each other, so that none belongs to another."""
        heads = Heads.none(start, end)
        self._begin(text, heads, np.arange(len(start)))
        np.minimum(heads.body, end, out=heads.body)
        self._explicit(text, heads)
        return heads

    def _services(self, text: Text, heads: Heads) -> tuple[Offsets, NDArray[np.int32]]:
        """Take off what `docker compose logs` puts before lines; which lines, and their services' numbers."""
        if b"|" not in text.block:
            return _NO_ROWS, np.zeros(0, np.int32)
        bars = np.flatnonzero(text.bytes == 124)
        lines = np.searchsorted(heads.body, bars, side="right") - 1
        near = np.zeros(len(heads.body), np.bool_)
        near[lines[bars - heads.body[lines] < _NEAR]] = True
        rows = np.flatnonzero(near & _WORD[text.bytes[heads.body]])
        rows = rows[self._apply(text, heads, rows, patterns.COMPOSE)]
        return rows, heads.name[rows]

    def _begin(self, text: Text, heads: Heads, rows: Offsets) -> Offsets:
        """Read heads where messages begin so far; the lines whose message is on the next line."""
        five = self._priorities(text, heads, rows)
        rows = rows[~self._layer.json(text, heads, rows)]
        iso = self._iso(text, heads, rows, np.zeros(len(rows), np.bool_))
        stamped = rows[iso]
        rest, two = self._openers(text, heads, rows[~iso])
        self._pairs(text, heads, rest)
        if len(five):
            self._first_of(text, heads, np.intersect1d(stamped, five), patterns.SYSLOG_5424)
            stamped = np.setdiff1d(stamped, five)
        bare = self._tails(text, heads, stamped)
        if not len(bare):
            return two
        # Docker and kubelets put a time before what has a head of its own.
        self._apply(text, heads, bare, patterns.KUBELET)
        return np.concatenate((two, self._begin(text, heads, bare)))

    def _priorities(self, text: Text, heads: Heads, rows: Offsets) -> Offsets:
        """Take off syslog's priorities; the lines that are of RFC 5424."""
        rows = rows[text.bytes[heads.body[rows]] == 60]
        rows = rows[self._apply(text, heads, rows, patterns.PRIORITY)]
        return rows[text.bytes[heads.body[rows] - 2] == 49] if len(rows) else rows

    def _iso(self, text: Text, heads: Heads, rows: Offsets, given: Mask) -> Mask:
        """Take off ISO dates, bare or in brackets; which lines have one. `given` are open brackets before."""
        at = heads.body[rows]
        bracket = _OPENING[text.bytes[at]]
        likely = np.flatnonzero(text.bytes[at + bracket] - 48 < 10)
        has = np.zeros(len(rows), np.bool_)
        if not len(likely):
            return has
        ok, time, behind = self._clock.iso(text, (at + bracket)[likely])
        likely, behind = likely[ok], behind[ok]
        has[likely] = True
        closed = (bracket | given)[likely] & _CLOSING[text.bytes[behind]]
        heads.found[rows[likely]] = True
        heads.time[rows[likely]] = time[ok]
        heads.body[rows[likely]] = behind + closed
        return has

    def _openers(self, text: Text, heads: Heads, rows: Offsets) -> tuple[Offsets, Offsets]:
        """Read the other heads; the lines without any, and those whose message is on the next line."""
        two = _NO_ROWS
        for opener, first in zip(OPENERS, _FIRST, strict=True):
            tried = first[text.bytes[heads.body[rows]]]
            if not tried.any():
                continue
            ok = self._opened(text, heads, rows[tried], opener)
            if not ok.any():
                continue
            tried[tried] = ok
            hit, rows = rows[tried], rows[~tried]
            if opener.tail == "two":
                two = np.concatenate((two, hit))
                self._first_of(text, heads, hit, patterns.JUL)
            elif opener.tail == "tails":
                self._tails(text, heads, hit)
            elif opener.tail:
                self._first_of(text, heads, hit[heads.name[hit] == 0], _TAILS[opener.tail])
        return rows, two

    def _opened(self, text: Text, heads: Heads, rows: Offsets, opener: Opener) -> Mask:
        """Which lines begin with an opener."""
        if not opener.iso:
            return self._apply(text, heads, rows, opener.pattern)
        found = text.match(opener.pattern, heads.body[rows], WIDTH)
        which = np.flatnonzero(found.ok)
        if not len(which):
            return found.ok
        at, before = found.end("all")[which], heads.body[rows[which]]
        heads.body[rows[which]] = at
        has = self._iso(text, heads, rows[which], _OPENING[text.bytes[at - 1]])
        heads.body[rows[which[~has]]] = before[~has]
        which = which[has]
        self._say(text, heads, rows[which], found, which)
        if opener.tail == "after":
            heads.body[rows[which]] = _behind_spaces(text, heads.body[rows[which]])
        opened = np.zeros(len(rows), np.bool_)
        opened[which] = True
        return opened

    def _tails(self, text: Text, heads: Heads, rows: Offsets) -> Offsets:
        """Read level and component behind the time; the lines that have neither."""
        done: list[Offsets] = []
        for pattern in patterns.TAILS:
            if not len(rows):
                break
            ok = self._apply(text, heads, rows, pattern)
            done.append(rows[ok])
            rows = rows[~ok]
        tailed = np.concatenate(done) if done else _NO_ROWS
        self._first_of(text, heads, tailed[heads.name[tailed] == 0], patterns.AFTER)
        nameless = tailed[heads.name[tailed] == 0]
        apart = _behind_level(text, heads.body[nameless])
        self._first_of(text, heads, nameless[apart], patterns.NAMED)
        heads.body[rows] = _behind_spaces(text, heads.body[rows])
        return rows

    def _first_of(self, text: Text, heads: Heads, rows: Offsets, several: tuple[str, ...]) -> None:
        """Read the first of several patterns that matches."""
        for pattern in several:
            if not len(rows):
                return
            rows = rows[~self._apply(text, heads, rows, pattern)]

    def _pairs(self, text: Text, heads: Heads, rows: Offsets) -> None:
        rows = rows[_WORD[text.bytes[heads.body[rows]]]]
        ok, found = pairs(text, heads.body[rows])
        rows = rows[ok]
        if not found:
            return
        heads.found[rows] = True
        heads.body[rows] = found["body"].end("all")
        for name in ("level", "name"):
            told = found[name].ok
            self._say(text, heads, rows[told], found[name], np.flatnonzero(told))
        told = found["time"].ok
        heads.time[rows[told]] = self._clock.written(text, found["time"]["time"][0][told])

    def _apply(self, text: Text, heads: Heads, rows: Offsets, pattern: str) -> Mask:
        """Match a pattern where messages begin so far, and keep what it says; which lines match."""
        if not len(rows):
            return np.zeros(0, np.bool_)
        found = text.match(pattern, heads.body[rows], WIDTH)
        hit = rows[found.ok]
        if len(hit):
            heads.found[hit] = True
            heads.body[hit] = found.end("all")[found.ok]
            self._say(text, heads, hit, found, np.flatnonzero(found.ok))
        return found.ok

    def _say(self, text: Text, heads: Heads, rows: Offsets, found: Matches, which: Offsets) -> None:
        """Keep what the matches `which` say of the lines `rows`."""
        for name in ("level", "word"):
            if name in found:
                start, length = (part[which] for part in found[name])
                level = words.of_words(text.words(start, length))
                heads.level[rows] = np.where(level > 0, level, heads.level[rows])
        if "pri" in found:
            start, length = (part[which] for part in found["pri"])
            heads.level[rows] = words.of_priorities(text.numbers(start, length))
        if "name" in found:
            start, length = (part[which] for part in found["name"])
            heads.name[rows] = self._names.of(text, start, length)
        if "h" in found or "epoch" in found:
            heads.time[rows] = self._clock.of(text, found)[which]
        if "request" in found:
            status = text.match(patterns.STATUS, heads.body[rows], 512)
            start, length = status["status"]
            level = words.of_status(text.numbers(start, length))
            heads.level[rows] = np.where(status.ok, level, heads.level[rows])

    def _explicit(self, text: Text, heads: Heads) -> None:
        """Levels by the words that messages begin with, where heads tell none."""
        rows = np.flatnonzero(heads.level == Level.UNKNOWN)
        rows = rows[_EXPLICIT[text.bytes[heads.body[rows]]]]
        if not len(rows):
            return
        found = text.match(EXPLICIT, heads.body[rows], 64)
        for name in ("word", "npm", "pytest", "php"):
            start, length = found[name]
            level = words.of_words(text.words(start, np.where(found.ok, length, 0)))
            heads.level[rows] = np.where(level > 0, level, heads.level[rows])


def _join_two(text: Text, heads: Heads, rows: Offsets, start: Offsets) -> None:
    """Where a head has a line of its own, the message is on the next: `INFO: ready`, or an indented one."""
    rows = rows[(rows + 1 < len(start)) & (heads.body[rows] >= heads.end[rows])]
    following = rows + 1
    levelled = heads.found[following] & (heads.time[following] == NO_TIME) & (heads.level[following] > 0)
    indented = ~heads.found[following] & _SPACE[text.bytes[start[following]]]
    which = levelled | indented
    if heads.laid:
        which &= ~np.isin(following, list(heads.laid))
    rows, following, levelled = rows[which], following[which], levelled[which]
    if not len(rows):
        return
    heads.level[rows] = np.where(levelled, heads.level[following], heads.level[rows])
    heads.body[rows] = np.where(levelled, heads.body[following], _behind_spaces(text, start[following]))
    heads.end[rows] = heads.end[following]
    heads.found[following] = False


def _behind_spaces(text: Text, at: Offsets) -> Offsets:
    for _ in range(8):
        space = _SPACE[text.bytes[at]]
        if not space.any():
            break
        at = at + space
    return at


def _behind_level(text: Text, at: Offsets) -> Mask:
    """Where nothing but a blank stands between a word, or one in brackets, and the offsets."""
    return _SPACE[text.bytes[at - 1]] & _WORDY[text.bytes[at - 2]]


def _among(characters: str) -> Mask:
    table = np.zeros(256, np.bool_)
    table[[ord(character) for character in characters]] = True
    return table


_SPACE, _OPENING, _CLOSING = _among(" \t"), _among("[("), _among("])")
_FIRST = [_among(opener.first) for opener in OPENERS]
_WORD, _WORDY = _among(patterns.WORD), _among(patterns.WORD + " ])")
_EXPLICIT = _among(patterns.WORD + " \t[(<*")
_TAILS = {"after": patterns.AFTER, "syslog": patterns.SYSLOG, "rails": patterns.RAILS}
