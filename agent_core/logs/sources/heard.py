"""What the bus told of services: their key events as they stand, bounded, each telling counted once."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

from agent_core.logs.api import KeyEvent, SourceFacts
from agent_core.logs.sources.fitting import MOST, bounded, short_key
from agent_core.logs.sources.port import Show
from agent_core.streaming.messages import LogContext, NotKnown
from agent_core.text import plural

_MOST_SERVICES, _MOST_EVENTS, _MOST_IDS = 200, 500, 20_000
_MOST_OF_ALL = 4000
"""Events of all services together; the service that has most of them lets go of some first."""
_MOST_TOLD = 2 * _MOST_EVENTS
"""Events that are taken of one message: who makes them sends fewer."""
_MOST_COUNTED = 10_000
"""Services that are left out and counted one by one."""


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
        self.unknown = self.unreadable = self.gone = 0


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
        self._left_out = set[str]()

    def take(self, name: str, said: LogContext | NotKnown, at: float | None) -> None:
        """A message that came for a service, at a time."""
        service = self.services.get(name)
        if service is None:
            if not self._has_room(name, told=isinstance(said, LogContext)):
                return
            service = self.services[name] = _Service()
        if at is not None:
            self.latest = at if self.latest is None else max(self.latest, at)
        if isinstance(said, NotKnown):
            service.unknown += said.why == "unknown"
            service.unreadable += said.why == "broken"
            return
        if (key := short_key(said.id)) in self._ids:
            return
        self._ids[key] = None
        if len(self._ids) > _MOST_IDS:
            del self._ids[next(iter(self._ids))]
        telling = _Telling(said.at, said.lines)
        if telling.is_over(service.last):
            service.last, service.broken = telling, said.broken
        service.gone += max(0, len(said.events) - _MOST_TOLD)
        for event in said.events[:_MOST_TOLD]:
            _keep(service, name, telling, event)
        if len(service.events) > _MOST_EVENTS:
            _forget(service)
        while sum(len(each.events) for each in self.services.values()) > _MOST_OF_ALL:
            _forget(max(self.services.values(), key=lambda each: len(each.events)))

    def told(self, showing: Show) -> tuple[KeyEvent, ...]:
        """The events of all services."""
        return tuple(
            _shown(service, key, event, showing, session=self._session)
            for service in self.services.values()
            for key, (_, event) in service.events.items()
        )

    def facts(self) -> tuple[SourceFacts, ...]:
        """Each service as a source."""
        return tuple(_facts(name, service) for name, service in self.services.items())

    @property
    def left_out(self) -> str:
        """How many services there was no room for; "" for none."""
        if not self._left_out:
            return ""
        more = "over " if len(self._left_out) >= _MOST_COUNTED else ""
        return f"{more}{plural(len(self._left_out), 'service')} left out; bus:SERVICE reads one of them"

    def _has_room(self, name: str, *, told: bool) -> bool:
        """Whether there is room for another service. One that tells something takes the place of one that
        never did, and of no other: many new ones cannot drive out those that were there."""
        if len(self.services) >= _MOST_SERVICES:
            empty = next((key for key, each in self.services.items() if told and not each.events), None)
            if len(self._left_out) < _MOST_COUNTED:
                self._left_out.add(short_key(name if empty is None else empty))
            if empty is None:
                return False
            del self.services[empty]
        self._left_out.discard(short_key(name))
        return True


def _keep(service: _Service, name: str, telling: _Telling, event: KeyEvent) -> None:
    key = short_key(event.id)
    known = service.events.get(key)
    if known is not None and not telling.is_over(known[0]):
        return
    event = bounded(event, name)
    service.events[key] = telling, event
    service.shown.pop(key, None)
    if known is None and event.kind == "trace":
        _drop_beginnings(service, event)


def _drop_beginnings(service: _Service, whole: KeyEvent) -> None:
    """Let go of a stack trace that was told before its end had come: by its end it is another one."""
    for key, (_, event) in list(service.events.items()):
        if event.kind == "trace" and event.last < whole.last and _place(event) == _place(whole):
            del service.events[key]
            service.shown.pop(key, None)


def _place(event: KeyEvent) -> tuple[str, int, str]:
    return event.source, event.first, event.text.partition("\n")[0]


def _forget(service: _Service) -> None:
    """Let go of the events that matter least, half of them at least."""
    kept = sorted(service.events.items(), key=lambda item: -item[1][1].score)
    left = min(len(kept), _MOST_EVENTS) // 2
    service.gone += len(kept) - left
    service.events = dict(kept[:left])
    service.shown = {key: event for key, event in service.shown.items() if key in service.events}


def _shown(service: _Service, key: str, event: KeyEvent, showing: Show, *, session: float) -> KeyEvent:
    """The event as it is shown here; made once, as what the bus says is anybody's."""
    shown = service.shown.get(key)
    if shown is None:
        new = event.kind == "rare" and event.began is not None and event.began >= session
        shown = showing(msgspec.structs.replace(event, kind="new") if new else event)
        service.shown[key] = shown
    return shown


def _facts(name: str, service: _Service) -> SourceFacts:
    began = [event.began for _, event in service.events.values() if event.began is not None]
    ended = [event.ended for _, event in service.events.values() if event.ended is not None]
    notes = [
        f"{plural(service.broken, 'message')} of lines could not be read" if service.broken > 0 else "",
        f"{plural(service.unreadable, 'message')} broken" if service.unreadable else "",
        f"{plural(service.unknown, 'message')} of another version" if service.unknown else "",
        f"{plural(service.gone, 'event')} of less weight left out" if service.gone else "",
    ]
    return SourceFacts(
        name=f"bus:{name}",
        lines=max(0, min(service.last.lines, MOST)),
        began=min(began, default=None),
        ended=max(ended, default=None),
        note="; ".join(filter(None, notes)),
    )
