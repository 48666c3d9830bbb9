"""Whether something may be done to the stack, on the command line: rules, and a question before a loss."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from agent_core.errors import PermissionRefused
from agent_core.output import Writer
from agent_core.permissions import Permissions
from agent_core.text import one_line
from stack.commands.changing import Change


def permitting(rules: Permissions, writer: Writer) -> Callable[[Change], None]:
    """What returns when a change may be done: it says what services get of this machine, each thing once,
    and asks where something is lost; raises `PermissionRefused`."""
    told: set[str] = set()

    def permit(change: Change) -> None:
        verdicts = {rules.decide("run", line) for line in change.commands}
        if "deny" in verdicts:
            raise PermissionRefused(
                f"A rule denies run {' and '.join(map(repr, change.commands))}",
                hint="See `dspy-tui config show`, setting deny.",
            )
        for line in change.reaches:
            if line not in told:
                told.add(line)
                writer.diagnose(f"! {one_line(line)}")
        if change.loses and verdicts != {"allow"}:
            _ask(change, writer)

    return permit


def _ask(change: Change, writer: Writer) -> None:
    if not (os.isatty(0) and os.isatty(2)):
        raise PermissionRefused(
            f"stack {change.what} asks first, and nobody can be asked here: it takes away {change.loses}",
            hint="Grant it with --allow run. Nothing was done.",
        )
    for line in change.commands:
        writer.diagnose(f"$ {line}")
    writer.err(f"This takes away {change.loses}. Go on? [y/N] ")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise PermissionRefused("You refused it", hint="Nothing was done.")
