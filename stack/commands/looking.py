"""What only looks at the stack: how it stands, and whether this machine is fit for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agent_core.config import Settings
from agent_core.doctor.saying import lines_of
from agent_core.errors import ErrorInfo
from agent_core.text import plural
from stack.commands.outcome import Outcome
from stack.commands.secrets import stack_masker
from stack.commands.standing import data, look, summary, table
from stack.running import Running


async def ps(stack: Running) -> Outcome:
    """How the services stand, and what they use; raises `StackFault`."""
    standing = await look(stack, measured=True)
    return Outcome(text="\n".join(table(standing)), summary=summary(standing), data=data(standing))


async def topics(settings: Settings, names: Sequence[str]) -> Outcome:
    """The topics of the bus, and who reads them; raises `UsageError`, `ConfigError`, `BusFault`."""
    from stack.topics import measured, topics_data, topics_summary, topics_text

    reading = await measured(settings, names)
    return Outcome(text=topics_text(reading), summary=topics_summary(reading), data=topics_data(reading))


async def doctor(root: Path, settings: Settings) -> Outcome:
    """Every check with its next step; trouble makes it a failure."""
    from stack.doctor import run_checks

    mask = await asyncio.to_thread(stack_masker, settings, root / settings.stack_dir)
    checks = [
        msgspec.structs.replace(check, detail=mask(check.detail))
        for check in await run_checks(root, settings=settings)
    ]
    count = Counter(check.verdict for check in checks)
    said = f"{count['ok']} of {plural(len(checks), 'check')} well"
    said += f", {plural(count['warn'], 'warning')}" if count["warn"] else ""
    error = None
    if count["fail"]:
        trouble = f"trouble with {', '.join(check.name for check in checks if check.verdict == 'fail')}"
        said += f", {trouble}"
        error = ErrorInfo("stack", f"There is {trouble}", "Each has its next step.")
    return Outcome(
        text="\n".join(lines_of(checks)),
        summary=said,
        data={"checks": [msgspec.to_builtins(check) for check in checks]},
        error=error,
        exit=1 if error is not None else 0,
    )
