"""`ctx`: what went wrong, by the key events of the logs."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec

from agent_core.config import Settings
from agent_core.errors import UsageError
from agent_core.events import ActionClass, Event, TextDelta
from agent_core.logs.api import Digest, DigestQuery, LogProgress
from agent_core.logs.saying import as_text, headline, hits, label, notes
from agent_core.logs.when import FORMS, parse_since
from agent_core.logs.zone import LocalZone
from agent_core.text import human_size, one_line, printable
from agent_core.tools.base import Speaker, ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.llm.select import Models
    from agent_core.logs.api import Logs
    from agent_core.workspace import Workspace

_FOR_PEOPLE, _MOST_EVENTS = 20, 500
FOR_MODELS, TOKENS, MOST = 8, 1500, 64 * 1024 * 1024
"""What a model gets: so many events, so many tokens of their texts, from so many bytes of each log."""
_PATIENCE_S, _STEP_S, _LONGEST_STEP_S = 1.0, 0.5, 5.0


class CtxArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `ctx`."""

    source: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="Only this log: a file, a glob, a folder, compose:SERVICE, bus:SERVICE, - for stdin.",
            extra={"flag": ("-s", "--source"), "metavar": "S", "path": True},
        ),
    ] = ()
    since: Annotated[
        str,
        msgspec.Meta(
            description=f"Only from then on: {FORMS}.",
            extra={"flag": "--since", "metavar": "T"},
        ),
    ] = ""
    limit: Annotated[
        int,
        msgspec.Meta(
            description=f"How many events at most, up to {_MOST_EVENTS}; 0 for {_FOR_PEOPLE}.",
            extra={"flag": "--limit", "for_people": True},
        ),
    ] = 0  # fmt: skip


class CtxTool:
    """Shows the key events of the logs, each with its count, its reasons, and the code that it leads to.

    With a model, and where a person typed the command, what is likely wrong is streamed as the turn's answer;
    it is also in the data, under `answer`, `likely_cause` and `next_steps`.
    """

    name: ClassVar[str] = "ctx"
    aliases: ClassVar[tuple[str, ...]] = ("context",)
    summary: ClassVar[str] = "show what went wrong: the key events of the logs, linked to the code"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = CtxArgs
    positional: ClassVar[tuple[str, ...]] = ()
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = True

    def __init__(self, *, logs: Logs, models: Models) -> None:
        self._logs = logs
        self._models = models

    async def run(self, args: CtxArgs, context: ToolContext) -> ToolResult:
        """Read the logs; raises `LogFault`, `PathRefused`, and `UsageError` for what is no time."""
        digest = await self._digest(args, context)
        text = as_text(digest) + ("" if digest.sources else await self._others())
        shown = context.workspace
        places = await asyncio.to_thread(hits, digest, lambda name: _is_file(shown, name))
        answer = await self._explain(text, digest, args, context) if context.turn and digest.events else ""
        return ToolResult(
            text=text,
            summary=headline(digest) if digest.sources else "no logs found",
            hits=places,
            data={**msgspec.to_builtins(digest), **_parts(answer)},
            note=notes(digest),
        )

    async def _others(self) -> str:
        """Where there are no log files: what there is besides."""
        others = await self._logs.sources()
        rows = [f"`ctx --source {one.name}` reads {one.note or one.name}." for one in others]
        return "".join(f"\n{one_line(row)}" for row in rows)

    async def _digest(self, args: CtxArgs, context: ToolContext) -> Digest:
        """What the logs say; the agent, which took the time from a question, is told of what is there.

        A person who named a time gets what is that late and nothing else.
        """
        query, teller = _query(args, context), _Teller(context)
        digest = await self._logs.digest(query, on_progress=teller)
        if context.turn is not None or query.since is None or any(one.lines for one in digest.sources):
            return digest
        earlier = await self._logs.digest(msgspec.structs.replace(query, since=None), on_progress=teller)
        note = "; ".join(filter(None, (digest.note and f"all of this is older: {digest.note}", earlier.note)))
        return msgspec.structs.replace(earlier, note=note)

    async def _explain(self, text: str, digest: Digest, args: CtxArgs, context: ToolContext) -> str:
        """What a model makes of the events; "" without one."""
        from agent_core.agent.summary import summarise
        from agent_core.commandline import render

        assert context.turn is not None
        # The events are there to be read while the model reads them, and stay if it is interrupted.
        if context.write is None:
            context.progress(text)
        else:
            await context.write(printable(text) + "\n")
        speaker = _Checked(context.turn, len(digest.events))
        await summarise(
            self._models,
            text,
            skill="logs",
            label=render(self.name, args),
            turn=speaker,
            workspace=context.workspace,
            settings=context.settings,
        )
        return speaker.end()


class _Teller:
    """Says how far reading is, once it takes a while."""

    def __init__(self, context: ToolContext) -> None:
        self._show = context.progress
        self._due: float | None = None
        self._step = _STEP_S

    def __call__(self, progress: LogProgress) -> None:
        now = time.monotonic()
        self._due = now + _PATIENCE_S if self._due is None else self._due
        if now < self._due:
            return
        self._due = now + self._step
        self._step = min(_LONGEST_STEP_S, 1.25 * self._step)
        done = human_size(progress.done)
        share = f"{min(100, 100 * progress.done // progress.total)} % of " if progress.total else ""
        size = human_size(progress.total) if share else done
        self._show(f"reading {label(progress.source)}: {share}{size}\n")


class _Checked:
    """A turn in which citations of events that do not exist are not said."""

    def __init__(self, turn: Speaker, count: int) -> None:
        from agent_core.agent.citations import EventCitations

        self._turn = turn
        self._citations = EventCitations(count)
        self._said: list[str] = []

    @property
    def turn_id(self) -> str:
        """Names the turn."""
        return self._turn.turn_id

    @property
    def settings(self) -> Settings:
        """The effective settings."""
        return self._turn.settings

    def publish(self, event: Event) -> None:
        """Pass it on."""
        if isinstance(event, TextDelta):
            self._say(self._citations.take(event.text))
        else:
            self._turn.publish(event)

    def end(self) -> str:
        """Say what was held back; everything that was said."""
        self._say(self._citations.rest())
        return "".join(self._said)

    def _say(self, text: str) -> None:
        if text:
            self._said.append(text)
            self._turn.publish(TextDelta(turn_id=self.turn_id, text=text))


def _query(args: CtxArgs, context: ToolContext) -> DigestQuery:
    if not 0 <= args.limit <= _MOST_EVENTS:
        raise UsageError(f"ctx: --limit is a number from 0 to {_MOST_EVENTS}, not {args.limit}")
    since = parse_since(args.since, now=datetime.now(LocalZone())) if args.since else None
    if context.turn is not None:
        return DigestQuery(sources=args.source, since=since, limit=args.limit or _FOR_PEOPLE)
    return DigestQuery(
        sources=args.source, since=since, limit=args.limit or FOR_MODELS, tokens=TOKENS, most=MOST
    )


def _is_file(workspace: Workspace, name: str) -> bool:
    from agent_core.errors import PathRefused

    try:
        return workspace.resolve(name).is_file() and not name.endswith(".gz")
    except (PathRefused, OSError):
        return False


def _parts(answer: str) -> dict[str, object]:
    if not answer:
        return {"answer": "", "likely_cause": "", "next_steps": []}
    from agent_core.skills.logs import parts_of

    return {"answer": answer, **parts_of(answer)}
