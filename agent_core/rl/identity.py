"""By what a workspace is known on the bus: a number of its own, drawn once and kept in its state.

It says nothing of the workspace, is the same under every path that the folder is mounted at, and another one
in each copy that somebody clones.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from agent_core.errors import WorkspaceError
from agent_core.files import read_bounded, write_all
from agent_core.rl.store.rights import is_guest
from agent_core.workspace import Workspace

_FILE = "id"
_SHAPE = re.compile(rb"[0-9a-f]{32}\n?")


class NotBegun(WorkspaceError):
    """The owner of the workspace has shared nothing yet."""

    code = "not-begun"


def identity(workspace: Workspace) -> str:
    """The workspace's; drawn where it has none.

    Raises:
        NotBegun: It has none, and this program is a guest (`rights.py`), who keeps none.
        WorkspaceError: It cannot be read, or not be kept.
    """
    own = workspace.own
    path = own.state_dir / _FILE
    try:
        with suppress(FileNotFoundError):
            return _read(path)
        if is_guest(workspace):
            raise NotBegun(
                f"Nothing is shared of this workspace yet: there is no {own.state_dir.name}/{_FILE}",
                hint="The first session of its owner that finds this bus makes it.",
            )
        _draw(path := own.ensure_state_dir() / _FILE)
        return _read(path)
    except (OSError, ValueError) as error:
        reason = error.strerror or error if isinstance(error, OSError) else error
        raise WorkspaceError(
            f"{own.state_dir.name}/{_FILE} cannot be used: {reason}",
            hint="Remove it; another one is drawn then.",
        ) from None


def _read(path: Path) -> str:
    content = read_bounded(path, 64, follow=False)
    if not _SHAPE.fullmatch(content):
        raise ValueError("it is not 32 hexadecimal digits")
    return content.decode().strip()


def _draw(path: Path) -> None:
    """Make the file, whole, unless another program does so at the same time."""
    own = path.with_name(f"{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    fd = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        try:
            write_all(fd, os.urandom(16).hex().encode() + b"\n")
        finally:
            os.close(fd)
        with suppress(FileExistsError):
            path.hardlink_to(own)
    finally:
        own.unlink()
