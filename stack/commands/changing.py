"""What changes the stack: the command first, then its steps, then how it stands, whatever came of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import msgspec

from agent_core.errors import AgentError, ErrorInfo, Interrupted, NoEngine, UsageError
from agent_core.text import human_size, one_line, plural
from stack.commands.asked import Asked
from stack.commands.logs import line_of_text, logs
from stack.commands.outcome import Audience, Outcome
from stack.commands.secrets import Mask
from stack.commands.standing import Standing, data, look, summary, table
from stack.engine.cleaning import Cleaned, Cleaning
from stack.engine.values import Step
from stack.running import Operation, Running

_LAST_WORDS = 10
_MOST_TROUBLED = 3
"""So many services that failed have their last words told; one cause mostly fells them all."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is about to be done.

    Args:
        what: Its name.
        services: Which it is about; none for all.
        commands: The very commands that it runs.
        loses: What is gone afterwards, in words; "" where nothing is.
        reaches: What services get of this machine beyond a container of their own, a line each.
        run: Does it; raises `StackFault`. Cancelling leaves what it has made by then.
    """

    what: str
    services: tuple[str, ...]
    commands: tuple[str, ...]
    loses: str
    reaches: tuple[str, ...]
    run: Callable[[Audience], Awaitable[tuple[Cleaned, ...]]]


async def change_of(stack: Running, asked: Asked) -> Change:
    """What the words mean; nothing is done. Raises `UsageError`, `StackFault`."""
    if asked.what == "clean":
        return _cleaning(await stack.clean())
    return change_by(await _operation_of(stack, asked))


async def _operation_of(stack: Running, asked: Asked) -> Operation:
    match asked.what:
        case "up":
            return await stack.up(asked.names, build=asked.build, profiles=asked.profiles)
        case "down":
            return await stack.down(volumes=asked.volumes)
        case "stop":
            return await stack.stop(asked.names)
        case "restart":
            return await stack.restart(asked.names)
        case "scale":
            return await stack.scale(asked.replicas())
        case "build":
            return await stack.build(asked.names)
        case "pull":
            return await stack.pull(asked.names)
        case _:
            raise UsageError(f"stack {asked.what} changes nothing")


def change_by(operation: Operation) -> Change:
    """The operation, with its steps told."""

    async def run(audience: Audience) -> tuple[Cleaned, ...]:
        audience.command(operation.command)
        await operation.run(audience.step)
        return ()

    return Change(
        operation.what, operation.services, (operation.command,), operation.loses, operation.reaches, run
    )


def _cleaning(cleaning: Cleaning) -> Change:
    return Change(
        "clean",
        (),
        cleaning.commands,
        cleaning.loses,
        (),
        lambda audience: cleaning.run(audience.command),
    )


class Literal:
    """Passes on what may be shown: masked, and nothing but visible characters.

    Args:
        audience: To whom.
        mask: Masks secrets.
    """

    def __init__(self, audience: Audience, mask: Mask) -> None:
        self._audience, self._mask = audience, mask

    def command(self, line: str) -> None:
        """This very command runs next."""
        self._audience.command(one_line(line))

    def step(self, step: Step) -> None:
        """It made a step."""
        about, text = (self._mask(one_line(said)) for said in (step.about, step.text))
        self._audience.step(Step(about, text, step.done, step.total))


async def perform(stack: Running, change: Change, audience: Audience, *, mask: Mask) -> Outcome:
    """Do it, and say how the stack stands then. What goes wrong is part of what it came to."""
    error: ErrorInfo | None = None
    cleaned: tuple[Cleaned, ...] = ()
    try:
        cleaned = await change.run(Literal(audience, mask))
    except NoEngine as fault:
        return _unknown(change, fault, mask)
    except AgentError as fault:
        error = _masked(fault.info, mask)
    try:
        standing = await look(stack, named=change.services)
        words = await _last_words(stack, standing, mask) if error is not None else {}
    except AgentError as fault:
        return _unknown(change, fault, mask) if error is None else _told(change, error)
    return _came_to(change, standing, cleaned, words, error)


async def interrupted(stack: Running, change: Change) -> Outcome:
    """How the stack stands after a change was broken off, and what to do about it."""
    try:
        standing = await look(stack, named=change.services)
    except AgentError as fault:
        error = Interrupted(f"It was interrupted; how the stack stands is not known: {fault.message}").info
        return _told(change, error, exit_code=Interrupted.exit_code)
    there = standing.there
    if there:
        are, them = ("is", "it") if len(there) == 1 else ("are", "them")
        message = f"It was interrupted; {plural(len(there), 'container')} of the stack {are} there"
        hint = f"`stack down` removes {them}; `stack up` goes on."
    else:
        message, hint = "It was interrupted; no container of the stack is there", ""
    error = Interrupted(message, hint=hint).info
    outcome = _came_to(change, standing, (), {}, error)
    return msgspec.structs.replace(outcome, exit=Interrupted.exit_code)


def _came_to(
    change: Change,
    standing: Standing,
    cleaned: tuple[Cleaned, ...],
    words: dict[str, list[str]],
    error: ErrorInfo | None,
) -> Outcome:
    lines = [*_freed(cleaned), *([] if change.what == "clean" and error is None else table(standing))]
    for name, said in words.items():
        lines += ["", f"The last words of {one_line(name)}:", *(f"  {line}" for line in said)]
    found: dict[str, Any] = {"command": "\n".join(change.commands), **data(standing)}
    if change.what == "clean":
        found["freed"] = [msgspec.to_builtins(each) for each in cleaned]
    if words:
        found["logs"] = words
    short = _freed(cleaned)[-1] if cleaned else summary(standing)
    return Outcome(
        text="\n".join(lines), summary=short, data=found, error=error, exit=1 if error is not None else 0
    )


def _freed(cleaned: tuple[Cleaned, ...]) -> list[str]:
    if not cleaned:
        return []
    told = [each.bytes for each in cleaned if each.bytes is not None]
    lines = [f"{_size(each.bytes)} of {each.what}" for each in cleaned]
    return [*lines, f"{human_size(sum(told))} freed; volumes stay."]


def _size(size: int | None) -> str:
    return "an untold size" if size is None else human_size(size)


async def _last_words(stack: Running, standing: Standing, mask: Mask) -> dict[str, list[str]]:
    """The last lines of the services that something is wrong with."""
    found: dict[str, list[str]] = {}
    for service in standing.troubled[:_MOST_TROUBLED]:
        asked = Asked(what="logs", names=(service.name,), lines=_LAST_WORDS)
        async with aclosing(logs(stack, asked, mask=mask)) as lines:
            last = deque([line_of_text(line) async for line in lines], maxlen=_LAST_WORDS)
        found[service.name] = list(last) or ["(it said nothing)"]
    return found


def _masked(error: ErrorInfo, mask: Mask) -> ErrorInfo:
    return ErrorInfo(error.code, mask(error.message), error.hint)


def _unknown(change: Change, fault: AgentError, mask: Mask) -> Outcome:
    return _told(change, _masked(fault.info, mask), exit_code=fault.exit_code)


def _told(change: Change, error: ErrorInfo, *, exit_code: int = 1) -> Outcome:
    return Outcome(
        text="",
        summary=one_line(error.message),
        data={"command": "\n".join(change.commands), "services": []},
        error=error,
        exit=exit_code,
    )
