"""Checks of the stack's files."""

from __future__ import annotations

import asyncio
import os
import shlex
import stat
from pathlib import Path

from agent_core.doctor.check import Check
from agent_core.errors import StackFault
from agent_core.text import one_line
from stack.compose.writing import COMPOSE, ENV, OVERRIDE
from stack.running import Running

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


async def check_files(stack: Running) -> Check:
    """Compose understands the files; where it does not, whether the user's own is at fault."""
    where = one_line(str(stack.folder))
    over = stack.folder / OVERRIDE
    has_override = await asyncio.to_thread(over.is_file)
    try:
        await stack.compose.check()
    except StackFault as fault:
        if has_override and await _is_well_without(stack):
            step = f"Mend {one_line(str(over))}: without it the stack is well."
            return Check("files", "fail", f"{OVERRIDE}: {fault.message}", step)
        return Check("files", "fail", fault.message, fault.hint)
    laid_over = f", {OVERRIDE} laid over it" if has_override else ""
    return Check("files", "ok", f"{COMPOSE} in {where}{laid_over}")


async def _is_well_without(stack: Running) -> bool:
    try:
        await stack.compose.check(files=(COMPOSE,))
    except StackFault:
        return False
    return True


async def check_env_file(folder: Path) -> Check:
    """The file of secrets is there, and nobody else may read it."""
    return await asyncio.to_thread(_env_file, folder / ENV)


def _env_file(path: Path) -> Check:
    shown = one_line(str(path))
    try:
        status = path.stat()
    except OSError as error:
        return Check(ENV, "warn", f"{shown}: {error.strerror}", "`stack init` writes it anew.")
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OTHERS:
        return Check(
            ENV, "fail", f"others may read its secrets (mode {mode:04o})", f"chmod 600 {shlex.quote(shown)}"
        )
    if not os.access(path, os.R_OK):
        return Check(
            ENV, "fail", f"you may not read it (mode {mode:04o})", f"It is owned by {status.st_uid}."
        )
    return Check(ENV, "ok", f"only you can read it (mode {mode:04o})")
