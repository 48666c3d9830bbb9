"""What went to a model in a session: every call, with what its prompt was made of.

It is made of the session's own events, so a saved session has it, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from agent_core.events import (
    ContextItem,
    ContextPacked,
    Event,
    ModelCallStarted,
    ToolFinished,
    ToolStarted,
    TurnStarted,
    UsageReported,
)

_MOST_PLACES = 100
"""Places of one tool's result that are named."""


class SentItem(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a prompt. `kind` and `label` are those of `ContextItem`; `places` are the files and lines
    (`path:start-end`) that a tool's result is about, `masked` counts the secrets that were replaced in it."""

    kind: str
    label: str
    tokens: int
    masked: int = 0
    places: tuple[str, ...] = ()


class SentCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a model.

    `at` is in seconds since the epoch. `tokens` is the prompt's size as it was estimated, `counted` as the
    endpoint counted it. `loopback`: the host is this machine; None where an older version did not note it.
    """

    at: float
    turn: str
    asked: str
    step: int
    purpose: str
    provider: str
    host: str
    loopback: bool | None
    model: str
    tokens: int
    counted: int | None = None
    items: tuple[SentItem, ...] = ()

    @property
    def masked(self) -> int:
        """Secrets that were replaced before it was sent."""
        return sum(item.masked for item in self.items)


class SentCalls:
    """The calls of a session, in order; follows its events."""

    def __init__(self) -> None:
        self.calls: list[SentCall] = []
        self._asked: dict[str, str] = {}
        self._packed: dict[str, ContextPacked] = {}
        self._commands: dict[str, str] = {}
        self._places: dict[tuple[str, str], tuple[str, ...]] = {}

    def take(self, event: Event, at: float) -> None:
        """Something happened, so many seconds after the epoch."""
        match event:
            case TurnStarted():
                self._asked = {event.turn_id: event.text}  # turns do not overlap
                self._packed.clear()
                self._places.clear()
            case ContextPacked():
                self._packed[event.turn_id] = event
            case ToolStarted():
                self._commands[event.call_id] = event.command
            case ToolFinished():
                command = self._commands.pop(event.call_id, "")
                places = _places(event.data.get("hits"))
                self._places[event.turn_id, command] = places
                self._attach(event.turn_id, command, places)
            case ModelCallStarted():
                self.calls.append(self._call(event, at))
            case UsageReported() if not event.usage.estimated and self.calls:
                last = self.calls[-1]
                if last.turn == event.turn_id:
                    self.calls[-1] = msgspec.structs.replace(last, counted=event.usage.prompt_tokens)
            case _:
                pass

    def _attach(self, turn_id: str, command: str, places: tuple[str, ...]) -> None:
        """Note the places in the calls that the tool made itself: it tells them when it ends."""
        for number in range(len(self.calls) - 1, -1, -1):
            call = self.calls[number]
            if not places or call.turn != turn_id:
                return
            items = tuple(
                msgspec.structs.replace(item, places=places) if _is_of(item, command) else item
                for item in call.items
            )
            self.calls[number] = msgspec.structs.replace(call, items=items)

    def _items(self, turn_id: str) -> tuple[SentItem, ...]:
        """What the prompt is made of; what was in the one before, too, is kept once."""
        packed = self._packed.get(turn_id)
        if packed is None:
            return ()
        before = {item: item for item in self.calls[-1].items} if self.calls else {}
        items = [self._item(turn_id, item) for item in packed.items if item.included]
        return tuple(before.get(item, item) for item in items)

    def _call(self, event: ModelCallStarted, at: float) -> SentCall:
        return SentCall(
            at=at,
            turn=event.turn_id,
            asked=self._asked.get(event.turn_id, ""),
            step=event.step,
            purpose=event.purpose,
            provider=event.provider,
            host=event.host,
            loopback=event.is_local,
            model=event.model,
            tokens=event.prompt_tokens,
            items=self._items(event.turn_id),
        )

    def _item(self, turn_id: str, item: ContextItem) -> SentItem:
        places = self._places.get((turn_id, item.label), ()) if item.kind == "tool" else ()
        return SentItem(
            kind=item.kind, label=item.label, tokens=item.tokens, masked=item.masked, places=places
        )


def _is_of(item: SentItem, command: str) -> bool:
    """Whether it is what this command gave, and nothing is known of where that is from."""
    return item.kind == "tool" and not item.places and item.label == command


def _places(hits: Any) -> tuple[str, ...]:
    """Where a result came from; an older or a third party's record may hold anything."""
    if not isinstance(hits, Sequence):
        return ()
    try:
        found = msgspec.convert(hits, list[_Place])
    except msgspec.ValidationError:
        return ()
    return tuple(dict.fromkeys(f"{hit.path}:{hit.start}-{hit.end}" for hit in found))[:_MOST_PLACES]


class _Place(msgspec.Struct, frozen=True):
    path: str
    start: int
    end: int
