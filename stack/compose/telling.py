"""What `stack init` says: which database it took, what it wrote, what to do next; and the same as JSON."""

from __future__ import annotations

import shlex
import sysconfig
from pathlib import Path
from typing import Any

from agent_core.text import one_line, plural
from stack.compose.options import OUT_DIR
from stack.compose.settling import checkout
from stack.compose.writing import Plan

_SCRIPT = "fix_workspace_perms.sh"
"""Lies in `scripts/` of a checkout, and where the commands are once the package is installed."""


def told(plan: Plan) -> str:
    """The end of it, for people."""
    options = plan.options
    where = one_line(str(options.out_dir))
    first = f"Nothing to change in {where}." if plan.empty else f"Written to {where}:"
    source = "a copy of this checkout" if options.install_source == "local" else options.pip_spec
    rows = (
        ("workspace", str(options.workspace)),
        ("logs", str(options.logs)),
        ("database", options.database.said),
        ("installs", source + (f", from the wheels of {options.wheelhouse}" if options.wheelhouse else "")),
    )
    lines = [first, *(f"  {line}" for line in plan.lines()), ""]
    lines += [f"{name:<10} {one_line(value)}" for name, value in rows]
    lines += [f"note: {note}" for note in plan.notes]
    return "\n".join([*lines, "", "Next:", *(f"  {step}" for step in next_steps(plan))])


def next_steps(plan: Plan) -> list[str]:
    """The commands that start it."""
    options = plan.options
    workspace, folder = shlex.quote(str(options.workspace)), shlex.quote(str(options.out_dir))
    where = "" if options.out_dir == options.workspace / OUT_DIR else f" --out-dir {folder}"
    return [
        f"sudo {permit(workspace)}   # lets the containers (group 10001) write there",
        f"dspy-tui stack up --build --workspace {workspace}{where}   # or compose in {folder}",
        f"dspy-tui stack doctor --workspace {workspace}{where}   # where something is missing",
    ]


def permit(workspace: str) -> str:
    """The command that lets the containers write there; `workspace` is quoted for a shell.

    It is named with its folder: sudo has a path of its own.
    """
    root = checkout()
    folder = root / "scripts" if root is not None else Path(sysconfig.get_path("scripts"))
    return f"{shlex.quote(str(folder / _SCRIPT))} {workspace}"


def summary(plan: Plan) -> str:
    """One line."""
    if plan.empty:
        return "nothing to change"
    return f"{plural(len(plan.files), 'file')} written to {one_line(str(plan.options.out_dir))}"


def data(plan: Plan) -> dict[str, Any]:
    """The same for programs."""
    options = plan.options
    return {
        "out_dir": str(options.out_dir),
        "workspace": str(options.workspace),
        "logs": str(options.logs),
        "install_source": options.install_source,
        "pip_spec": options.pip_spec if options.install_source == "pip" else "",
        "wheelhouse": str(options.wheelhouse or ""),
        "database": options.database.said,
        "gpu": options.gpu,
        "written": [file.name for file in plan.files],
        "copied": {copy.target.name: copy.total for copy in plan.copies},
        "notes": list(plan.notes),
        "next": next_steps(plan),
    }
