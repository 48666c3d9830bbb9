"""A key event that anybody may have made, made fit to be kept and shown: printable, and of a bounded size."""

from __future__ import annotations

import math
from hashlib import blake2b

import msgspec

from agent_core.logs.api import KeyEvent
from agent_core.text import one_line, printable, shorten

MOST = 10**15
"""No count is larger."""
_LINES, _WIDTH = 12, 240
_READ = 8 * _LINES * _WIDTH
"""Characters of a text that are looked at."""
_WHY, _OTHERS = 5, 24
_ID = 40
_GRAVEST = 15.0
"""What a key event is worth at most, by our own reckoning: a sender cannot make its own outdo all others."""
_LATEST_TIME = 4e9
"""Seconds since the epoch: a later time is a slip."""


def short_key(text: str) -> str:
    """The text, or where it is long a digest of it."""
    if len(text) <= 2 * _ID:
        return text
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_ID // 2).hexdigest()


def bounded(event: KeyEvent, service: str) -> KeyEvent:
    """The event of a service as it is kept."""
    ended, began = _moment(event.ended), _moment(event.began)
    lines = printable(event.text[:_READ]).split("\n")[:_LINES]
    return msgspec.structs.replace(
        event,
        id=f"{service}:{_line(short_key(event.id), _ID)}",
        source=f"bus:{service}:{_line(event.source, _WIDTH)}",
        first=_count(event.first),
        last=max(_count(event.first), _count(event.last)),
        text="\n".join(shorten(line, _WIDTH) for line in lines),
        template=_line(event.template, _WIDTH),
        component=_line(event.component, 60),
        count=_count(event.count),
        others=tuple(map(_count, event.others[:_OTHERS])),
        began=began if ended is None or began is None else min(began, ended),
        ended=ended,
        score=min(max(event.score, 0.0), _GRAVEST) if math.isfinite(event.score) else 0.0,
        why=tuple(_line(why, _WIDTH // 2) for why in event.why[:_WHY]),
        places=(),
    )


def _line(text: str, width: int) -> str:
    return shorten(one_line(text[: 8 * width]), width)


def _count(number: int) -> int:
    return max(1, min(number, MOST))


def _moment(value: float | None) -> float | None:
    return value if value is not None and 0 <= value <= _LATEST_TIME else None
