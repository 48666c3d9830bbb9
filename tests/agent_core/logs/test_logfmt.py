"""Pairs in many lines at once are what one pattern after another finds in each line."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.logs.formats.logfmt import pairs
from agent_core.logs.formats.text import PAD, Matches, Text

VALUE = r'(?:"[^"\n]*"|[^" \t\n]*)'
BEFORE = rf"^(?:[\w.@-]+={VALUE}[ \t]+)*?"
FIRST = rf"^[A-Za-z_@][\w.@-]*={VALUE}(?:[ \t]|$)"
TOLD = rf"{BEFORE}(?:level|lvl|severity|levelname|msg|message)="
LEVEL = rf'{BEFORE}(?:level|lvl|severity|levelname)="?(?P<told>[A-Za-z]{{1,16}})'
TIME = rf'{BEFORE}(?:time|ts|timestamp|t|datetime)="?(?P<told>\d)'
NAME = rf'{BEFORE}(?:logger|component|service|app|module|name|source|subsys)="?(?P<told>[\w./:@-]{{1,81}})'
META = (
    r"(?:time|ts|timestamp|t|datetime|level|lvl|severity|levelname|logger|component|service|app|module|caller"
    r"|pid|thread)"
)
BODY = rf"^(?P<told>(?:{META}={VALUE}[ \t]+)*(?:(?:msg|message)=)?)"

KEYS = st.sampled_from(
    [
        "level",
        "levelname",
        "lvl",
        "msg",
        "message",
        "time",
        "timestamp",
        "timestamps",
        "t",
        "component",
        "components",
        "name",
        "source",
        "pid",
        "caller",
        "user",
        "a.b",
        "LEVEL",
        "@m",
        "-",
        "9a",
        "levelnam",
    ]
)
VALUES = st.sampled_from(
    (
        *("info", '"a b"', "", '""', '"x', 'x"y', "a=b", '"a"b', "12", "2026-05-21T10:00:00Z", '"2026"'),
        *("main.go:12", "a/b@c", '"a=b c=d"', "x" * 100, f'"{"y" * 120}"', '"a""b"', '"'),
    )
)
WORDS = st.one_of(
    *[st.builds("{}={}".format, KEYS, VALUES)] * 4, st.sampled_from(["word", '"q q"', "=x", "a==b", '"'])
)
BLANKS = st.sampled_from([" ", " ", " ", "  ", "\t", " \t "])
LINES = st.builds(
    lambda words, blanks, tail: "".join(map("".join, zip(words, blanks, strict=False))) + tail,
    st.lists(WORDS, min_size=1, max_size=8),
    st.lists(BLANKS, min_size=8, max_size=8),
    WORDS,
)


def by_hand(line: str) -> dict[str, str | None] | None:
    line = line[:256]
    if not re.match(FIRST, line, re.ASCII) or not re.match(TOLD, line, re.ASCII):
        return None
    found = {"level": LEVEL, "time": TIME, "name": NAME, "body": BODY}
    matches = {name: re.match(pattern, line, re.ASCII) for name, pattern in found.items()}
    return {name: match["told"] if match else None for name, match in matches.items()}


def at_once(lines: list[str]) -> list[dict[str, str | None] | None]:
    block = "".join(f"{line}\n" for line in lines).encode()
    text = Text(block + PAD)
    ok, found = pairs(text, np.concatenate(([0], text.breaks[:-1] + 1)))

    def told(matches: Matches, place: int) -> str | None:
        ((start, length),) = matches.groups.values()
        begin = int(start[place])
        return block[begin : begin + int(length[place])].decode() if matches.ok[place] else None

    places = np.cumsum(ok) - 1
    return [
        {name: told(matches, int(places[line])) for name, matches in found.items()} if ok[line] else None
        for line in range(len(lines))
    ]


@settings(deadline=None)
@given(st.lists(LINES, min_size=1, max_size=12))
def test_pairs_are_those_of_each_line(lines: list[str]) -> None:
    assert at_once(lines) == [by_hand(line) for line in lines]


def test_what_is_told_of_a_line() -> None:
    lines = ['t=1779357600 lvl=warn logger="cart" msg="low stock" id=7', "no pairs", "a=1 b=2", "msg=x"]
    assert at_once(lines) == [
        {"level": "warn", "time": "1", "name": "cart", "body": 't=1779357600 lvl=warn logger="cart" msg='},
        None,
        None,
        {"level": None, "time": None, "name": None, "body": "msg="},
    ]
