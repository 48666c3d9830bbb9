"""What stands in the messages of our topics: one JSON object each, whose `schema` names its kind and version.

A reader passes over what it does not know: newer versions and other people's messages are counted, never an
error. Fields that a version does not know are ignored, so that fields can be added without a new version;
what changes the meaning of one needs a new version.
"""

from __future__ import annotations

from typing import Literal
from uuid import uuid4

import msgspec

from agent_core.errors import ErrorInfo
from agent_core.logs.api import KeyEvent

MOST_BYTES = 900 * 1024
"""The longest message that is sent: brokers take 1 MiB with everything around it, unless they are told to."""


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema"):
    """`id` is the same when a message is sent again, and no other's: by it a reader knows repeats. `at` is
    when it was made, in seconds since the epoch."""

    id: str
    at: float


class RawLines(_Message, frozen=True, kw_only=True, tag="logs.raw/1"):
    """Lines of a log as they were written, without their ends: on `logs.raw.<service>`, with the source as
    the key, so that the lines of one source stay in order.

    `source` names the file or container, and `part` the text in it: another one after a rotation ("" where
    that is not known). `first` counts the lines of the part from 1. A line of a part that is not behind those
    that were sent of it is a repeat, also in a message with another id. What else is on these topics is a
    line that somebody else sent.
    """

    service: str
    source: str
    first: int
    lines: tuple[str, ...]
    part: str = ""


class LogContext(_Message, frozen=True, kw_only=True, tag="logs.ctx/1"):
    """What matters of some lines of a service: on `logs.ctx.<service>`.

    `ctx` are the texts of the events, the most important first. `events` say how each stands now, counting
    from the beginning: one with an id that was told before takes its place. `lines` counts the lines that
    were read of the service so far, `broken` those messages of them that could not be read.
    """

    service: str
    ctx: tuple[str, ...] = ()
    events: tuple[KeyEvent, ...] = ()
    lines: int = 0
    broken: int = 0


class Task(_Message, frozen=True, kw_only=True, tag="agent.task/1"):
    """Work for the fleet: on `agent.tasks`, and once it is routed on `agent.tasks.<service>`.

    `text` is what a person would type. `service` is who shall do it, "" for whom the router chooses. `by`
    names who asked. `timeout` is in seconds, of the work alone.
    """

    text: str
    service: str = ""
    by: str = ""
    timeout: float = 600.0


Outcome = Literal["answered", "failed", "refused", "timed_out"]
"""failed: it was tried, and `error` says what went wrong. refused: it would have needed a permission that
nobody there can give."""


class Result(_Message, frozen=True, kw_only=True, tag="agent.result/1"):
    """What came of a task: on `agent.results.<service>`. Its `id` is made of the task's and of nothing else,
    as a task has one result: one that is worked on again, as its worker died, has an equal id.

    `worker` names the program that did it. `diff` is a change that was proposed and not made ("" for none).
    """

    task: str
    service: str
    worker: str
    outcome: Outcome
    text: str = ""
    diff: str = ""
    error: ErrorInfo | None = None
    seconds: float = 0.0


class DeadLetter(_Message, frozen=True, kw_only=True, tag="agent.error/1"):
    """A message that could not be worked on: on `agent.errors`.

    `topic`, `partition` and `offset` are where it lies, `value` is its beginning as text.
    """

    service: str
    error: ErrorInfo
    topic: str
    partition: int
    offset: int
    value: str = ""
    task: str = ""


class LearningEvent(_Message, frozen=True, kw_only=True, tag="agent.learning/1"):
    """A record of `agent_core/rl/records.py`, from whom it was made: on `agent.learning`. Its `id` is the
    record's. `workspace` tells workspaces apart and does not name them."""

    workspace: str
    record: msgspec.Raw


class Figures(_Message, frozen=True, kw_only=True, tag="agent.metrics/1"):
    """How a program does: on `agent.metrics`. `figures` are named as on its /metrics."""

    service: str
    state: str
    figures: dict[str, float]


Known = RawLines | LogContext | Task | Result | DeadLetter | LearningEvent | Figures


class NotKnown(msgspec.Struct, frozen=True):
    """A message that is none of these. unknown: another schema or version, `detail` names it. broken: it says
    that it is one and is not, or it is no JSON object with a schema at all."""

    why: Literal["unknown", "broken"]
    detail: str


class _Head(msgspec.Struct):
    schema: str


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Known] = msgspec.json.Decoder(Known)
_heads = msgspec.json.Decoder(_Head)
_SCHEMAS = frozenset(kind.__struct_config__.tag for kind in Known.__args__)
_SHOWN = 80


def new_id() -> str:
    """An id for a message that nothing else names."""
    return uuid4().hex


def encode(message: Known) -> bytes:
    """The message as it is sent."""
    return _encoder.encode(message)


def decode(data: bytes | None) -> Known | NotKnown:
    """What a message says; raises nothing, whatever was sent."""
    try:
        return _decoder.decode(data or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error)
    try:
        schema = _heads.decode(data or b"").schema
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return NotKnown("broken", reason[:_SHOWN])
    if schema in _SCHEMAS:
        return NotKnown("broken", f"{schema}: {reason}"[:_SHOWN])
    return NotKnown("unknown", schema[:_SHOWN])
