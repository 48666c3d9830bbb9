"""What a project says of itself for agents: `AGENTS.md` at its root and in the folders that matter.

Where the root has none, the first of `FALLBACKS` is taken in its place. They are the project's data: they go
into the prompt under a title that says so, are cut to their share of the window, and grant nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from agent_core.agent.budget import Mentioned
from agent_core.config import Settings
from agent_core.errors import ToolError, WorkspaceError
from agent_core.masking import masker
from agent_core.workspace import Workspace

NAME = "AGENTS.md"
FALLBACKS = ("CLAUDE.md", ".github/copilot-instructions.md")
_MOST_FILES = 6
_MOST_BYTES = 32 * 1024
_MOST_SET = 4000


def candidates(paths: Iterable[str]) -> tuple[str, ...]:
    """Where instructions that apply to these files may lie, the nearest last; the root's always are."""
    folders = {parent for path in paths for parent in PurePosixPath(path).parents}
    inner = {
        folder for folder in folders if folder.parts and ".." not in folder.parts and folder.parts != ("/",)
    }
    nested = sorted(inner, key=lambda folder: (len(folder.parts), folder))
    return (NAME, *((folder / NAME).as_posix() for folder in nested))


def set_instructions(settings: Settings) -> tuple[Mentioned, ...]:
    """Those of the setting `instructions`; they come before the project's."""
    text = masker(settings)(settings.instructions.strip()[:_MOST_SET])
    return (Mentioned("the setting instructions", text),) if text else ()


def read_instructions(
    workspace: Workspace,
    paths: Iterable[str] = (),
    *,
    mask: Callable[[str], str],
) -> tuple[Mentioned, ...]:
    """The instructions that are there, the nearest last; reads files: call it in a thread.

    Args:
        workspace: Whose.
        paths: Files that the task is about, as seen from the root.
        mask: Hides secrets.

    What leads out of the workspace, cannot be read or holds nothing is left out.
    """
    found: list[Mentioned] = []
    for name in candidates(paths):
        names = (name, *FALLBACKS) if name == NAME else (name,)
        item = next((item for item in (_read(workspace, one, mask) for one in names) if item), None)
        if item is not None:
            found.append(item)
    return (*found[:1], *found[1:][1 - _MOST_FILES :])


def _read(workspace: Workspace, name: str, mask: Callable[[str], str]) -> Mentioned | None:
    try:
        if not os.path.isfile(workspace.resolve(name)):  # noqa: PTH113
            return None
        part = workspace.read_text(name, max_bytes=_MOST_BYTES)
    except (ToolError, WorkspaceError):
        return None
    text = "\n".join(part.lines).strip()
    return Mentioned(name, mask(text)) if text else None
