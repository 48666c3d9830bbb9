"""The vocabulary: everything that happens, as frozen plain data.

The screen, `--batch`, the session file and the Kafka topics are four readers of this one stream, so an event
holds JSON values only: no futures, classes, widgets or exceptions. On the wire `type` carries its name.
A question to the user is two steps: `ApprovalNeeded` out, `Session.answer(call_id, decision)` in.
Each turn publishes exactly one `TurnStarted` and exactly one `TurnFinished`.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from agent_core.checkpoints.api import ChangedFile
from agent_core.decoding import JsonDecoder
from agent_core.errors import ErrorInfo
from agent_core.forms import Form
from agent_core.index.api import IndexStatus
from agent_core.rl.api import Suggestion, Waiting
from agent_core.verify.api import Report

Outcome = Literal["answered", "stopped", "changed", "verified"]
ActionClass = Literal["read", "heavy", "write", "run", "shell", "network"]
Decision = Literal["once", "always", "no"]
ModelState = Literal["none", "checking", "loading", "ready", "unreachable"]
TurnKind = Literal["command", "shell", "task"]
Phase = Literal["loading", "reading", "writing"]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=_snake):
    """What all events share: on the wire `type` is the class name in snake case."""


class Hit(msgspec.Struct, frozen=True):
    """A place in the workspace: lines `start` to `end`, counted from 1, both inclusive."""

    path: str
    start: int
    end: int
    score: float = 0.0
    why: str = ""
    text: str = ""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a model call, or a whole turn, used.

    `first_token_s` is the time to the first token of any kind; `tokens_per_s` counts from there.
    `cost_usd` is None where the price is not known. `estimated` where the endpoint did not count, such as a
    stream that broke off: the tokens are those of what was received.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    first_token_s: float | None = None
    tokens_per_s: float | None = None
    cost_usd: float | None = None
    estimated: bool = False


class ContextItem(msgspec.Struct, frozen=True):
    """One thing that went into the prompt, or was left out.

    `kind` is one of system, tools, question, rules (the project's own instructions), tool (a result), file,
    diff (what the session changed), history, hit. `masked` counts the secrets that were replaced in it.
    """

    kind: str
    label: str
    tokens: int
    included: bool = True
    masked: int = 0


class TurnStarted(_Event, frozen=True, kw_only=True):
    """A turn begins. `text` is what the user typed."""

    turn_id: str
    text: str
    kind: TurnKind


class TurnQueued(_Event, frozen=True, kw_only=True):
    """A prompt was typed while another turn runs; it waits at `position` (from 1)."""

    turn_id: str
    text: str
    position: int


class TurnUnqueued(_Event, frozen=True, kw_only=True):
    """A waiting prompt was taken back before it ran."""

    turn_id: str


class ContextPacked(_Event, frozen=True, kw_only=True):
    """The prompt was packed into the window: tokens used of available, and what went in or was left out.

    `reserve` tokens of the window are kept for the answer.
    """

    turn_id: str
    used: int
    window: int
    items: tuple[ContextItem, ...]
    reserve: int = 0


class ModelCallStarted(_Event, frozen=True, kw_only=True):
    """A request goes to the model. `step` counts from 1 in a turn; `purpose` is choose, answer,
    act (to look further or answer), plan, locate, edit, review, commit or compact.

    `is_local`: the host is this machine; None in what earlier versions wrote.
    """

    turn_id: str
    step: int
    model: str
    purpose: str
    prompt_tokens: int
    provider: str = ""
    host: str = ""
    is_local: bool | None = None


class ModelProgress(_Event, frozen=True, kw_only=True):
    """The model is alive, and nothing is to be seen of it: it loads, reads, or writes what is not shown."""

    turn_id: str
    phase: Phase
    seconds: float


class TextDelta(_Event, frozen=True, kw_only=True):
    """A piece of the answer."""

    turn_id: str
    text: str


class ReasoningDelta(_Event, frozen=True, kw_only=True):
    """A piece of the model's reasoning; folded on screen, never part of the answer."""

    turn_id: str
    text: str


class ToolStarted(_Event, frozen=True, kw_only=True):
    """A tool begins. `command` is the line a person would type for the same."""

    turn_id: str
    call_id: str
    name: str
    command: str
    action: ActionClass


class ToolProgress(_Event, frozen=True, kw_only=True):
    """What a running tool has to show so far (a chunk of output, or a line of progress)."""

    turn_id: str
    call_id: str
    text: str


class HookRunning(_Event, frozen=True, kw_only=True):
    """A hook has been running for so many seconds; told every second. `call_id` is the tool's that waits for
    it, "" at the end of a turn."""

    turn_id: str
    call_id: str
    name: str
    on: Literal["before_tool", "after_tool", "turn_end"]
    seconds: float


class ToolFinished(_Event, frozen=True, kw_only=True):
    """A tool ended. `text` is its result for people, `data` for programs; `error` is None when it worked."""

    turn_id: str
    call_id: str
    name: str
    summary: str
    text: str
    data: dict[str, Any]
    seconds: float
    error: ErrorInfo | None = None


class ProposedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is and as it would be; None where there is none. `note` says what is uncertain.

    `whole` says that its hunks cannot be chosen one by one.
    """

    path: str
    before: str | None
    after: str | None
    note: str = ""
    whole: bool = False


class ChecksFinished(_Event, frozen=True, kw_only=True):
    """A proposal was checked in a copy of the workspace. `round` counts from 1; `files` are its paths."""

    turn_id: str
    round: int
    files: tuple[str, ...]
    reports: tuple[Report, ...]


class ApprovalNeeded(_Event, frozen=True, kw_only=True):
    """The turn waits for `Session.answer(call_id, decision)`.

    Of a change `files` are what would be written (the answer may choose among their hunks), and `reports`
    what the checks said of it. A `form` is filled in, by `Session.fill(call_id, filled)`.
    """

    turn_id: str
    call_id: str
    action: ActionClass
    command: str
    reason: str
    rule: str
    """The rule that "always" would add, as CLASS:GLOB."""
    files: tuple[ProposedFile, ...] = ()
    reports: tuple[Report, ...] = ()
    form: Form | None = None


class ApprovalGiven(_Event, frozen=True, kw_only=True):
    """The question was answered."""

    turn_id: str
    call_id: str
    decision: Decision


class UsageReported(_Event, frozen=True, kw_only=True):
    """What one model call used."""

    turn_id: str
    model: str
    usage: Usage


class Notice(_Event, frozen=True, kw_only=True):
    """Something the user should know that is not part of an answer."""

    level: Literal["info", "warning", "error"]
    message: str
    hint: str = ""
    turn_id: str = ""


class WorkspaceChanged(_Event, frozen=True, kw_only=True):
    """What a turn changed, by edits or by commands; told once, before its end.

    `number` is what `undo` knows the turn by, 0 where nothing of it can be undone. `total` counts all files,
    of which `files` are the first ones; `lost` are changed files whose former content is not kept. `added`
    and `removed` count lines.
    """

    turn_id: str
    number: int
    files: tuple[ChangedFile, ...]
    total: int
    added: int
    removed: int
    lost: tuple[str, ...] = ()


class TurnFinished(_Event, frozen=True, kw_only=True):
    """The turn's one end. `text` is the answer as received; `exit` the exit code a headless run gives it."""

    turn_id: str
    outcome: Outcome
    reason: str
    text: str
    exit: int
    seconds: float
    usage: Usage
    data: dict[str, Any] = {}
    error: ErrorInfo | None = None


class ModelChanged(_Event, frozen=True, kw_only=True):
    """Which model answers now. `window` is the effective context in tokens, 0 when unknown."""

    provider: str
    model: str
    state: ModelState
    window: int = 0
    supports_tools: bool = False
    detail: str = ""


class PullProgress(_Event, frozen=True, kw_only=True):
    """A model is being pulled. `total` is 0 while unknown; `done`: it ended; `error`: why it failed."""

    model: str
    status: str
    completed: int = 0
    total: int = 0
    done: bool = False
    error: ErrorInfo | None = None


class IndexChanged(_Event, frozen=True, kw_only=True):
    """How the index stands now; of several that wait for a reader only the last is kept."""

    status: IndexStatus


class SessionOpened(_Event, frozen=True, kw_only=True):
    """The conversation goes on in a saved session, or in a copy of one (`forked_from` names the original).

    `waiting` are prompts that never ran in it; `warnings` say what of it could not be read.
    """

    session_id: str
    name: str
    turns: int
    forked_from: str = ""
    waiting: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Said(msgspec.Struct, frozen=True):
    """A question and its answer, as a model gets to see them."""

    question: str
    answer: str


class HistoryCompacted(_Event, frozen=True, kw_only=True):
    """From here on a model sees these exchanges instead of what was said before, which stays in the record.

    `before` and `after` are the tokens of both.
    """

    turn_id: str
    exchanges: tuple[Said, ...]
    before: int
    after: int


class SuggestionsRanked(_Event, frozen=True, kw_only=True):
    """The tools proposed next, best first. `evidence` says what the order rests on.

    `decision` names the list where it is recorded, "" where it is not; `waiting` are tools under a cooldown.
    """

    items: tuple[Suggestion, ...]
    evidence: str
    decision: str = ""
    waiting: tuple[Waiting, ...] = ()


class ToolSuggested(_Event, frozen=True, kw_only=True):
    """What the policy would do about the question, said before the agent acts; it runs nothing."""

    turn_id: str
    suggestion: Suggestion
    decision: str = ""


class PlaceOpened(_Event, frozen=True, kw_only=True):
    """Somebody opened a place of the workspace on the screen."""

    path: str
    line: int = 0


BusState = Literal["absent", "connecting", "up", "lost", "refused"]
"""absent: none answers, and none did. lost: one did. refused: one answers, and does not let us in."""


class BusChanged(_Event, frozen=True, kw_only=True):
    """How the message bus at `where` stands. `topics` are those of ours that it has, while it is up; `fault`
    is why it is not."""

    state: BusState
    where: str
    topics: tuple[str, ...] = ()
    fault: ErrorInfo | None = None


class TrainingChanged(_Event, frozen=True, kw_only=True):
    """How the training beside the conversation stands.

    `told` is the last line of its progress, or what it came to. `point` is a new one of its course: the steps
    that were done, and the seconds to the first failure of changes that it is not trained on. Once it has
    ended, `error` is why it did not come to its end, and `version` the policy that it made (0 for none).
    """

    command: str
    state: Literal["running", "stopping", "ended"]
    told: str = ""
    point: tuple[int, float] | None = None
    error: ErrorInfo | None = None
    version: int = 0


Event = (
    TurnStarted
    | TurnQueued
    | TurnUnqueued
    | ContextPacked
    | ModelCallStarted
    | ModelProgress
    | TextDelta
    | ReasoningDelta
    | ToolStarted
    | ToolProgress
    | HookRunning
    | ToolFinished
    | ChecksFinished
    | ApprovalNeeded
    | ApprovalGiven
    | UsageReported
    | Notice
    | WorkspaceChanged
    | TurnFinished
    | ModelChanged
    | PullProgress
    | IndexChanged
    | SessionOpened
    | HistoryCompacted
    | SuggestionsRanked
    | ToolSuggested
    | PlaceOpened
    | BusChanged
    | TrainingChanged
)

_encoder = msgspec.json.Encoder()
_decoder = JsonDecoder[Event](Event)


def to_json(event: Event) -> bytes:
    """The event as one JSON object without a line end."""
    return _encoder.encode(event)


def from_json(line: bytes | str) -> Event:
    """The event of one JSON object; `msgspec.DecodeError` when it is none."""
    return _decoder.decode(line)
