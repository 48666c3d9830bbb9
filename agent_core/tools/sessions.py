"""`sessions`: the saved conversations: list, show, rename, delete, and what one came to."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec

from agent_core.errors import ToolError, UsageError
from agent_core.events import ActionClass, TextDelta
from agent_core.session.saved.ending import Account
from agent_core.text import human_age, human_size, one_line, plural, shorten
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.llm.select import Models
    from agent_core.session.saved.conversation import Conversation
    from agent_core.session.saved.model import Loaded, SavedSession

_MOST_TEXT = 40_000
_MOST_SAID = 400


class SessionsArgs(msgspec.Struct, frozen=True):
    """Arguments of `sessions`."""

    what: Annotated[
        Literal["list", "show", "summary", "rename", "delete"],
        msgspec.Meta(
            description="List them, show one as Markdown, say what one came to, rename one, delete one."
        ),
    ] = "list"
    name: Annotated[
        str, msgspec.Meta(description="The session (this one by default); of `rename`, the new name.")
    ] = ""
    of: Annotated[
        str, msgspec.Meta(description="The session to rename.", extra={"flag": "--of", "metavar": "SESSION"})
    ] = ""


class SessionsTool:
    """Lists the saved sessions and does with one what the first word says.

    A session is named by its name, its id, the beginning of either, or `last`.
    """

    name: ClassVar[str] = "sessions"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "list, show, sum up, rename or delete saved sessions"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = SessionsArgs
    positional: ClassVar[tuple[str, ...]] = ("what", "name")
    takes_rest: ClassVar[bool] = True
    for_agent: ClassVar[bool] = False

    def __init__(self, *, conversation: Conversation, models: Models) -> None:
        self._conversation = conversation
        self._models = models

    async def run(self, args: SessionsArgs, context: ToolContext) -> ToolResult:
        """Do what the arguments say; raises `UsageError`, `ToolError`, `BusyError`."""
        try:
            match args.what:
                case "list":
                    return await self._list(args.name)
                case "show":
                    return await self._show(args.name, context)
                case "summary":
                    return await self._sum_up(args.name, context)
                case "rename":
                    return await self._rename(args.name, args.of)
                case "delete":
                    return await self._delete(args.name)
        except OSError as error:
            raise ToolError(f"The session cannot be changed: {error.strerror or error}") from None

    async def _list(self, wanted: str) -> ToolResult:
        conversation = self._conversation
        sessions = await asyncio.to_thread(conversation.store.list)
        low = wanted.lower()
        shown = [saved for saved in sessions if low in f"{saved.name}\n{saved.first}\n{saved.id}".lower()]
        now = time.time()
        rows = [_row(saved, now, is_here=saved.id == conversation.id) for saved in shown]
        rows += [f"! {one_line(warning)}" for warning in conversation.store.warnings]
        nothing = "No session is saved here yet: each is from its first turn on."
        return ToolResult(
            text="\n".join(rows) or (nothing if not sessions else "No session is called so."),
            summary=plural(len(shown), "session"),
            data={"sessions": [msgspec.to_builtins(saved) for saved in shown], "current": conversation.id},
        )

    async def _show(self, name: str, context: ToolContext) -> ToolResult:
        from agent_core.session.saved.markdown import as_markdown

        loaded = await self._conversation.load(name)
        text = await asyncio.to_thread(as_markdown, loaded)
        if context.write is not None:
            await context.write(text)
        note = "" if len(text) <= _MOST_TEXT else "the end is left out; `export` writes all of it"
        return ToolResult(
            text=text[:_MOST_TEXT],
            summary=f"{one_line(loaded.saved.title)}, {plural(loaded.saved.turns, 'turn')}",
            data={"session": msgspec.to_builtins(loaded.saved)},
            note="; ".join(filter(None, (note, *loaded.warnings))),
        )

    async def _sum_up(self, name: str, context: ToolContext) -> ToolResult:
        loaded = await self._conversation.load(name)
        account = Account()
        for record in loaded.records:
            account.take(record.event)
        ending = account.ending(loaded.waiting)
        data: dict[str, Any] = {**msgspec.to_builtins(ending), "next_steps": list(ending.next_steps)}
        if context.turn is not None:
            from agent_core.agent.summary import summarise

            data["answer"] = await summarise(
                self._models,
                _facts(loaded, ending.lines),
                skill="session",
                label="sessions summary",
                turn=context.turn,
                workspace=context.workspace,
                settings=context.settings,
            )
        title = one_line(loaded.saved.title)
        return ToolResult(
            text="\n".join((title, *ending.lines)),
            summary=f"{title}, {plural(ending.turns, 'turn')}",
            data={"session": msgspec.to_builtins(loaded.saved), **data},
            note="; ".join(loaded.warnings),
        )

    async def _rename(self, name: str, of: str) -> ToolResult:
        if not name.strip():
            raise UsageError("sessions rename needs a name", hint="Such as: sessions rename login form")
        conversation = self._conversation
        saved = await asyncio.to_thread(conversation.store.find, of) if of else None
        if saved is None or saved.id == conversation.id:
            conversation.rename(name)
        else:
            await asyncio.to_thread(conversation.store.rename, saved.id, name)
        return ToolResult(
            text=f"It is called {one_line(name)} now.",
            summary=f"renamed to {one_line(name)}",
            data={"session": saved.id if saved else conversation.id, "name": one_line(name)},
        )

    async def _delete(self, name: str) -> ToolResult:
        if not name.strip():
            raise UsageError("sessions delete needs a session", hint="`sessions` lists them.")
        store = self._conversation.store
        saved = await asyncio.to_thread(store.find, name, current=self._conversation.id)
        if saved.id == self._conversation.id:
            raise UsageError("That session is open", hint="Resume another first, or delete it later.")
        await asyncio.to_thread(store.delete, saved.id)
        title = one_line(saved.title)
        return ToolResult(
            text=f"Deleted {title}.", summary=f"deleted {title}", data={"session": msgspec.to_builtins(saved)}
        )


def _row(saved: SavedSession, now: float, *, is_here: bool) -> str:
    mark = "*" if is_here else " "
    name = f"{shorten(one_line(saved.name), 30)}: " if saved.name else ""
    facts = [
        human_age(now - saved.updated),
        plural(saved.turns, "turn"),
        *([one_line(saved.branch)] if saved.branch else []),
        human_size(saved.size),
        *([f"forked from {one_line(saved.forked_from)}"] if saved.forked_from else []),
    ]
    return f"{mark} {saved.id}  {name}{shorten(saved.first, 70)}  ({', '.join(facts)})"


def _facts(loaded: Loaded, lines: tuple[str, ...]) -> str:
    """The record for a model: what it came to first, then what was said, the newest last."""
    said: list[str] = []
    answers: dict[str, list[str]] = {}
    for _, event in loaded.records:
        if isinstance(event, TextDelta):
            answers.setdefault(event.turn_id, []).append(event.text)
    said = [shorten(one_line("".join(parts)), _MOST_SAID) for parts in answers.values()]
    return "\n".join([*lines, "", "What was answered:", *(f"- {text}" for text in said[-10:])])
