"""What the bus told of services: their key events as they stand, bounded, each telling counted once."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

from agent_core.logs.api import KeyEvent, SourceFacts
from agent_core.logs.sources.port import Show
from agent_core.streaming.messages import LogContext, NotKnown
from agent_core.text import one_line, plural, printable, shorten

_MOST_SERVICES, _MOST_EVENTS, _MOST_IDS = 200, 500, 20_000
_LINES, _WIDTH = 12, 240
_WHY, _OTHERS = 5, 24
_MOST = 10**15
_LATEST_TIME = 4e9
"""Seconds since the epoch: a later time is a slip."""


class _Telling(NamedTuple):
    at: float
    lines: int

    def is_over(self, known: _Telling) -> bool:
        """Whether it tells of as much, or more: by its time, or by its lines where a clock went back."""
        return self.at >= known.at or self.lines > known.lines


class _Service:
    def __init__(self) -> None:
        self.events: dict[str, tuple[_Telling, KeyEvent]] = {}
        """By id, by which telling it stands as it does, and how."""
        self.shown: dict[str, KeyEvent] = {}
        self.last = _Telling(-math.inf, 0)
        self.broken = 0
        self.unknown = self.unreadable = 0


class Heard:
    """Takes in messages; a later telling of an event takes the place of an earlier one.

    Args:
        session: When this session began (seconds since the epoch): whatever is rare and began since then is
            new, as no earlier session can have had it. Who makes the events knows no sessions.
    """

    def __init__(self, *, session: float = math.inf) -> None:
        self._session = session
        self.services: dict[str, _Service] = {}
        self.latest: float | None = None
        """The time of the newest message (seconds since the epoch)."""
        self._ids: dict[str, None] = {}

    def take(self, name: str, said: LogContext | NotKnown, at: float | None) -> None:
        """A message that came for a service, at a time."""
        service = self.services.get(name)
        if service is None:
            if len(self.services) >= _MOST_SERVICES:
                return
            service = self.services[name] = _Service()
        if at is not None:
            self.latest = at if self.latest is None else max(self.latest, at)
        if isinstance(said, NotKnown):
            service.unknown += said.why == "unknown"
            service.unreadable += said.why == "broken"
            return
        if said.id in self._ids:
            return
        self._ids[said.id] = None
        if len(self._ids) > _MOST_IDS:
            del self._ids[next(iter(self._ids))]
        telling = _Telling(said.at, said.lines)
        if telling.is_over(service.last):
            service.last, service.broken = telling, said.broken
        for event in said.events:
            known = service.events.get(event.id)
            if known is None or telling.is_over(known[0]):
                service.events[event.id] = telling, event
                service.shown.pop(event.id, None)
            if known is None and event.kind == "trace":
                _drop_beginnings(service, event)
        if len(service.events) > _MOST_EVENTS:
            _forget(service)

    def told(self, showing: Show) -> tuple[KeyEvent, ...]:
        """The events of all services."""
        return tuple(
            _shown(service, name, event, showing, session=self._session)
            for name, service in self.services.items()
            for _, event in service.events.values()
        )

    def facts(self) -> tuple[SourceFacts, ...]:
        """Each service as a source."""
        return tuple(_facts(name, service) for name, service in self.services.items())


def _drop_beginnings(service: _Service, whole: KeyEvent) -> None:
    """Let go of a stack trace that was told before its end had come: by its end it is another one."""
    for key, (_, event) in list(service.events.items()):
        if event.kind == "trace" and event.last < whole.last and _place(event) == _place(whole):
            del service.events[key]
            service.shown.pop(key, None)


def _place(event: KeyEvent) -> tuple[str, int, str]:
    return event.source, event.first, event.text.partition("\n")[0]


def _forget(service: _Service) -> None:
    """Let go of the events that matter least."""
    kept = sorted(service.events.items(), key=lambda item: -_number(item[1][1].score, 100.0))
    service.events = dict(kept[: _MOST_EVENTS // 2])
    service.shown = {key: event for key, event in service.shown.items() if key in service.events}


def _shown(service: _Service, name: str, event: KeyEvent, showing: Show, *, session: float) -> KeyEvent:
    """The event as it is shown here; made once, as what the bus says is anybody's."""
    if (known := service.shown.get(event.id)) is not None:
        return known
    ended, began = _moment(event.ended), _moment(event.began)
    lines = printable(event.text).split("\n")[:_LINES]
    bounded = msgspec.structs.replace(
        event,
        id=f"{name}:{one_line(event.id)[:40]}",
        kind="new" if event.kind == "rare" and began is not None and began >= session else event.kind,
        source=f"bus:{name}:{shorten(one_line(event.source), _WIDTH)}",
        first=_count(event.first),
        last=max(_count(event.first), _count(event.last)),
        text="\n".join(shorten(line, _WIDTH) for line in lines),
        template=shorten(one_line(event.template), _WIDTH),
        component=shorten(one_line(event.component), 60),
        count=_count(event.count),
        others=tuple(map(_count, event.others[:_OTHERS])),
        began=began if ended is None or began is None else min(began, ended),
        ended=ended,
        score=_number(event.score, 100.0),
        why=tuple(shorten(one_line(why), _WIDTH // 2) for why in event.why[:_WHY]),
        places=(),
    )
    service.shown[event.id] = shown = showing(bounded)
    return shown


def _facts(name: str, service: _Service) -> SourceFacts:
    began = [at for _, event in service.events.values() if (at := _moment(event.began)) is not None]
    ended = [at for _, event in service.events.values() if (at := _moment(event.ended)) is not None]
    notes = [
        f"{plural(service.broken, 'message')} of lines could not be read" if service.broken > 0 else "",
        f"{plural(service.unreadable, 'message')} broken" if service.unreadable else "",
        f"{plural(service.unknown, 'message')} of another version" if service.unknown else "",
    ]
    return SourceFacts(
        name=f"bus:{name}",
        lines=max(0, min(service.last.lines, _MOST)),
        began=min(began, default=None),
        ended=max(ended, default=None),
        note="; ".join(filter(None, notes)),
    )


def _count(number: int) -> int:
    return max(1, min(number, _MOST))


def _number(value: float, most: float) -> float:
    return min(max(value, 0.0), most) if math.isfinite(value) else 0.0


def _moment(value: float | None) -> float | None:
    return value if value is not None and 0 <= value <= _LATEST_TIME else None
