"""Whose doing it was: what people and the agent do, as parts of the rewards of decisions.

A list that was shown is *taken up* by the person (accepted, used otherwise, dismissed) or passed over when
something else is done. A suggestion made before the agent acts is not taken up by anybody: the agent does not
know of it, and what its tools find counts for every tool of the decision alike. In both cases the places that
a tool found are remembered for a few turns, so that opening one, citing it or changing such a file with
success is credited to the tool that led there.

Nothing here reads a clock, writes a file or draws at random.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent_core.events import Event, PlaceOpened, ToolFinished, TurnFinished, TurnKind, TurnStarted
from agent_core.rl.api import Part, Status, reward
from agent_core.rl.records import Decision, Observed, Score, Signal

TURNS_KEPT = 2
"""Turns after the one in which a decision was taken up in which its parts are still waited for."""
_MOST_OPEN = 64
_MOST_PATHS = 2000
_USES: tuple[Part, ...] = ("used", "opened", "cited", "verified")
_CANCELLED = "interrupted"

Parts = Mapping[str, Mapping[Part, float]]


@dataclass(slots=True)
class _Open:
    """A decision that is not scored yet: the places that its tools found, and what came of them."""

    decision: Decision
    turn_id: str = ""
    """The turn that it was made before; "" for a list."""
    passed: bool = False
    """Something was done while the list was shown."""
    replaced: bool = False
    ended: int = 0
    """Turns that ended since it was passed, or made before a turn."""
    parts: dict[str, dict[Part, float]] = field(default_factory=dict[str, dict[Part, float]])
    paths: dict[str, set[str]] = field(default_factory=dict[str, set[str]])


class Credit:
    """Follows what happens; each method returns the records that are to be written, without id and time."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._accepting: tuple[str, str, str] | None = None
        """Decision, tool and command of the suggestion that was accepted and has not run yet."""
        self._turns: dict[str, TurnKind] = {}
        self._accepted: dict[str, tuple[str, str]] = {}
        """By turn: the decision and the tool of the suggestion that it runs."""

    def show(self, decision: Decision, turn_id: str = "") -> list[Score]:
        """A decision is shown: as the list, in place of the one before, or before a turn."""
        scores = [] if turn_id else self.replace()
        if turn_id:  # whoever follows only now has not seen its beginning
            self._turns.setdefault(turn_id, "task")
        self._open[decision.id] = _Open(decision, turn_id=turn_id)
        while len(self._open) > _MOST_OPEN:
            scores += self._score(next(iter(self._open.values())))
        return scores

    def replace(self) -> list[Score]:
        """The list is not shown any more. Where nothing had been done meanwhile, nothing is known of it."""
        scores: list[Score] = []
        for one in [one for one in self._open.values() if not one.turn_id and not one.replaced]:
            one.replaced = True
            if not one.passed:
                if one.parts:
                    scores += self._score(one)
                else:
                    del self._open[one.decision.id]
        return scores

    def accept(self, decision: str, tool: str, command: str) -> list[Signal]:
        """A suggestion was taken from the list; `command` is submitted next."""
        self._accepting = (decision, tool, command)
        return self._note(self._open.get(decision), tool, "accepted")

    def dismiss(self, decision: str, tool: str) -> list[Signal]:
        """A suggestion was taken off the list."""
        return self._note(self._open.get(decision), tool, "dismissed")

    def take(self, event: Event) -> list[Signal | Score]:
        """Something happened."""
        match event:
            case TurnStarted():
                self._began(event)
                return []
            case ToolFinished() if event.error is None:
                return [*self._found(event)]
            case PlaceOpened():
                return [*self._came_of((event.path,), "opened")]
            case TurnFinished():
                return self._ended(event)
            case _:
                return []

    def close(self) -> list[Score]:
        """Nothing more will happen: score what can be scored."""
        scores: list[Score] = []
        for one in list(self._open.values()):
            if one.parts or one.passed or one.turn_id:
                scores += self._score(one)
        self._open.clear()
        return scores

    def _began(self, event: TurnStarted) -> None:
        self._turns[event.turn_id] = event.kind
        if self._accepting is not None and self._accepting[2] == event.text:  # another turn may run before
            self._accepted[event.turn_id] = self._accepting[:2]
            self._accepting = None
        for one in self._open.values():
            if not one.turn_id and not one.replaced:
                one.passed = True

    def _found(self, event: ToolFinished) -> list[Signal]:
        """A tool worked: remember which places it found, for those decisions that it belongs to."""
        paths = _paths(event.data)
        kind = self._turns.get(event.turn_id)
        if event.turn_id in self._accepted:
            decision, tool = self._accepted[event.turn_id]
            if tool == event.name:
                self._remember(self._open.get(decision), tool, paths)
            return []
        signals: list[Signal] = []
        for one in self._open.values():
            listed = kind == "command" and not one.turn_id and not one.replaced
            if event.name in one.decision.shown and (listed or one.turn_id == event.turn_id):
                self._remember(one, event.name, paths)
                if listed:
                    signals += self._note(one, event.name, "used")
        return signals

    def _remember(self, one: _Open | None, tool: str, paths: Iterable[str]) -> None:
        if one is not None:
            known = one.paths.setdefault(tool, set())
            known.update(path for path in paths if len(known) < _MOST_PATHS)

    def _came_of(self, paths: Iterable[str], part: Part) -> list[Signal]:
        """These places were opened, cited or changed: credit every tool that had found one of them."""
        wanted = set(paths)
        return [
            signal
            for one in self._open.values()
            for tool, found in one.paths.items()
            if not wanted.isdisjoint(found)
            for signal in self._note(one, tool, part)
        ]

    def _note(self, one: _Open | None, tool: str, part: Part) -> list[Signal]:
        """Keep a part; what was kept before is no news."""
        if one is None or part in one.parts.setdefault(tool, {}):
            return []
        one.parts[tool][part] = 1.0
        return [Signal(id="", at=0.0, decision=one.decision.id, tool=tool, part=part)]

    def _ended(self, event: TurnFinished) -> list[Signal | Score]:
        kind = self._turns.pop(event.turn_id, None)
        self._accepted.pop(event.turn_id, None)
        records: list[Signal | Score] = []
        if kind == "task":
            records += self._came_of(_paths(event.data), "cited")
            if event.outcome == "verified":
                records += self._came_of(event.data.get("changed") or (), "verified")
        cancelled = event.error is not None and event.error.code == _CANCELLED
        for one in list(self._open.values()):
            if one.turn_id == event.turn_id and cancelled and not one.parts:
                del self._open[one.decision.id]  # nobody could see what it would have been good for
                continue
            if one.passed or (one.turn_id and (one.turn_id == event.turn_id or one.ended)):
                one.ended += 1
            waits_for_more = bool(one.paths) or _is_taken(one)
            if one.ended > TURNS_KEPT or (one.ended and not waits_for_more):
                records += self._score(one)
        return records

    def _score(self, one: _Open) -> list[Score]:
        self._open.pop(one.decision.id, None)
        return [score_of(one.decision, one.parts)]


def score_of(decision: Decision, parts: Parts) -> Score:
    """The score of a decision from the parts of each of its tools, without id and time."""
    return Score(
        id="",
        at=0.0,
        decision=decision.id,
        decided_at=decision.at,
        surface=decision.surface,
        features=decision.features,
        allowed=decision.allowed,
        shown=decision.shown,
        propensities=decision.propensities,
        policy=decision.policy,
        status=_status(parts),
        observed=_observed(decision, parts),
    )


def _observed(decision: Decision, parts: Parts) -> tuple[Observed, ...]:
    """The suggestions whose reward is known.

    The first one always is. Of a list, those above one that was accepted were seen and passed over; whether
    anybody looked at those below is not known.
    """
    places = {tool: place for place, tool in enumerate(decision.shown, 1)}
    seen = max(
        (places[tool] for tool, own in parts.items() if tool in places and "accepted" in own), default=1
    )
    return tuple(
        Observed(tool=tool, position=place, reward=reward(own), parts=dict(own))
        for tool, place in places.items()
        for own in [parts.get(tool) or {}]
        if own or place <= seen
    )


def _status(parts: Parts) -> Status:
    kinds = {part for own in parts.values() for part in own}
    if "accepted" in kinds:
        return "accepted"
    if not kinds.isdisjoint(_USES):
        return "used"
    return "dismissed" if kinds else "ignored"


def _is_taken(one: _Open) -> bool:
    return any(part != "dismissed" for own in one.parts.values() for part in own)


def _paths(data: Mapping[str, Any]) -> list[str]:
    """The files of a result's places."""
    return [hit["path"] for hit in data.get("hits") or () if "path" in hit]
