"""The lines of `.dspy_rl_events.jsonl`, which are also the messages of the topic `agent.learning`.

Each is one JSON object with a `type`, and an `id` of the form `WRITER:NUMBER`: the writer is one run of one
program, its numbers only rise. So a reader needs the last number of each writer to count every record once.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from agent_core.decoding import JsonDecoder
from agent_core.rl.api import Part, Status, Surface

SCHEMA = 1


class _Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    """`at` is in seconds since 1970 and never lower than that of the writer's record before."""

    id: str
    at: float


class Decision(_Record, frozen=True, kw_only=True):
    """An ordered list of suggestions was made.

    `features` describe the situation (those that are 0 are left out); `allowed` could have been suggested;
    `shown` are tools in the order in which they were put. `propensities[k]` is the probability that
    `shown[k]` stands at position k given those before it, exact to within `error`. `updates` counts the
    scores that the policy had learnt.
    """

    surface: Surface
    features: dict[str, float]
    allowed: tuple[str, ...]
    shown: tuple[str, ...]
    propensities: tuple[float, ...]
    policy: str
    error: float = 0.0
    updates: int = 0


class Signal(_Record, frozen=True, kw_only=True):
    """Something was done with a suggestion of a decision that is not scored yet."""

    decision: str
    tool: str
    part: Part


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one suggestion of a scored decision; `position` counts from 1."""

    tool: str
    position: int
    reward: float
    parts: dict[Part, float] = {}


class Score(_Record, frozen=True, kw_only=True):
    """A decision is scored: all that is needed to learn from it, and nothing else is needed.

    `observed` are the suggestions whose reward is known, by position: those that somebody passed over have
    reward 0, those further down are unknown and not in it. `learn` is False where learning was frozen.
    """

    decision: str
    decided_at: float
    surface: Surface
    features: dict[str, float]
    allowed: tuple[str, ...]
    shown: tuple[str, ...]
    propensities: tuple[float, ...]
    policy: str
    status: Status
    observed: tuple[Observed, ...]
    learn: bool = True


def reward_of_first(score: Score) -> float:
    """The reward of what stood first; 0 where it is not known."""
    return next((one.reward for one in score.observed if one.position == 1), 0.0)


class Control(_Record, frozen=True, kw_only=True):
    """Learning was frozen, thawed, or reset."""

    what: Literal["freeze", "thaw", "reset"]


Record = Decision | Signal | Score | Control

_encoder = msgspec.json.Encoder()
_decoder = JsonDecoder[Record](Record)


def to_line(record: Record) -> bytes:
    """The record as one line without its end."""
    return _encoder.encode(record)


def from_line(line: bytes | str) -> Record:
    """The record of a line; `msgspec.DecodeError` when it is none."""
    return _decoder.decode(line)


def split_id(record_id: str) -> tuple[str, int]:
    """Writer and number of an id; ValueError when it is none."""
    writer, _, number = record_id.rpartition(":")
    if not writer or not number.isascii() or not number.isdigit():
        raise ValueError(f"{record_id!r} is not WRITER:NUMBER")
    return writer, int(number)
