"""What goes between the program and the process that optimises.

The process makes no connection: it asks the program for each call of the model, so that time-outs and the
approval of hosts stay where they are, and a cancelled call closes its request.
"""

from __future__ import annotations

import msgspec

from agent_core.errors import ErrorInfo
from agent_core.llm.port import ChatRequest
from agent_core.llm.said import Said
from agent_core.rl.gepa.api import Job, Outcome, Progress, Spent


class Start(msgspec.Struct, frozen=True):
    """The first frame: the workspace."""

    root: str


class Improve(msgspec.Struct, frozen=True, tag=True):
    """Optimise; answered by a `Report` whose outcomes nothing is saved of yet."""

    job: Job


class Answered(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """What came of the call of a number: what the model said, or why it said nothing. `tries` counts the
    requests that it took. One that `gave_way` to the conversation can be made again."""

    number: int
    tries: int = 1
    gave_way: bool = False
    said: Said | None = None
    error: ErrorInfo | None = None


Call = Improve | Answered


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Told while it optimises: a call of the model that it waits for, in at most so many `tries`."""

    number: int
    request: ChatRequest
    tries: int = 1


class Far(msgspec.Struct, frozen=True, tag=True):
    """Told while it optimises: how far it is."""

    progress: Progress


class Done(msgspec.Struct, frozen=True, tag=True):
    """Told while it optimises: what came of a prompt, until all are there to decide by; what was spent."""

    outcome: Outcome
    spent: Spent


Told = Ask | Far | Done
