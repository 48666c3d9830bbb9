"""What a hook is, what it is told, and what it says.

The program gets a `HookInput` as JSON on standard input. It ends with

    0        and a `HookReply` as JSON on standard output, or nothing, which allows
    2        which refuses; standard error, or the reply's `reason`, says why
    other    which is a failure of the hook, as is what is no reply, and what takes too long
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from agent_core.errors import ErrorInfo
from agent_core.events import ActionClass, Outcome, TurnKind

SCHEMA = "dspy-tui.hook/1"
HookEvent = Literal["before_tool", "after_tool", "turn_end"]
Failing = Literal["refuse", "allow"]
REFUSES = 2
"""The exit code that refuses."""


class HookEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hook as a file has it: one `[[hook]]`."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[\w .-]{1,60}$")]
    on: HookEvent
    run: Annotated[tuple[Annotated[str, msgspec.Meta(min_length=1)], ...], msgspec.Meta(min_length=1)]
    tools: tuple[str, ...] = ("*",)
    timeout: Annotated[float, msgspec.Meta(gt=0, le=600)] = 10.0
    on_failure: Failing | None = None


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """A hook that was read. `source` names its file; `trusted` says that it is the user's own.

    `on_failure` is what a hook that fails, or takes too long, says: before a tool it refuses by default,
    after one and at a turn's end it allows.
    """

    name: str
    on: HookEvent
    argv: tuple[str, ...]
    tools: tuple[str, ...]
    timeout: float
    on_failure: Failing
    source: str
    trusted: bool


class HookTool(msgspec.Struct, frozen=True, kw_only=True):
    """The tool that is to be called, or was. `command` is the line that a person would type for it.

    A change of files by the agent is the tool `edit` with `arguments` of `files` (their paths) and `diff`.
    """

    name: str
    action: ActionClass
    command: str
    arguments: dict[str, Any]
    typed: bool
    """Whether a person typed it; else the agent calls it."""


class HookResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool came to. `text` is its first 32,768 characters; `error` is there where it failed."""

    text: str
    summary: str
    changed: tuple[str, ...]
    seconds: float
    error: ErrorInfo | None = None


class HookTurn(msgspec.Struct, frozen=True, kw_only=True):
    """The turn that ends."""

    kind: TurnKind
    outcome: Outcome
    reason: str
    text: str
    changed: tuple[str, ...]
    seconds: float
    error: ErrorInfo | None = None


class HookInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """What a hook is told; secrets in any text are masked, and long texts cut.

    `tool` is there before and after a tool, `result` after one, `turn` at the end of a turn.
    """

    schema: Literal["dspy-tui.hook/1"] = SCHEMA
    event: HookEvent
    hook: str
    workspace: str
    turn_id: str
    prompt: str
    """What was typed to begin the turn."""
    tool: HookTool | None = None
    result: HookResult | None = None
    turn: HookTurn | None = None


class HookReply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a hook says. `note` is shown, and given to the agent with the tool's result."""

    decision: Literal["allow", "refuse"] = "allow"
    reason: str = ""
    note: str = ""


def cut(text: str) -> str:
    """A result's text as it is handed over."""
    return text[:32_768]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What came of running a hook: its decision, printable and bounded texts, and why it failed."""

    decision: Literal["allow", "refuse"]
    reason: str = ""
    note: str = ""
    failure: str = ""
