"""Edits against the files of a workspace on disk."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from agent_core.changes.text import MOST_BYTES, Unfit
from agent_core.edits.model import Parsed, Resolved
from agent_core.edits.parse import parse_edits
from agent_core.edits.resolve import resolve
from agent_core.errors import PathRefused
from agent_core.files import NotRegularError, read_bounded
from agent_core.text import human_size, one_line
from agent_core.workspace import Workspace


def parse_in(workspace: Workspace, reply: str, *, default: str = "") -> Parsed:
    """What the reply asks for; `default` is the file of edits that name none. Reads the disk."""
    return parse_edits(reply, known=lambda path: _is_file(workspace, path), default=default)


def resolve_in(workspace: Workspace, parsed: Parsed) -> Resolved:
    """What the edits come to with the files as they are now. Reads the disk, so it belongs into a thread."""
    return resolve(
        parsed,
        read=lambda path: _read(workspace, path),
        files=workspace.walk,
        root=str(workspace.root),
        executable=lambda path: _is_executable(workspace, path),
    )


def _is_file(workspace: Workspace, path: str) -> bool:
    try:
        return len(path) < 4096 and workspace.resolve(path).is_file()
    except (PathRefused, OSError):
        return False


def _is_executable(workspace: Workspace, path: str) -> bool:
    with suppress(OSError):
        return bool(os.stat(workspace.root / path).st_mode & stat.S_IXUSR)  # noqa: PTH116
    return False


def _read(workspace: Workspace, path: str) -> bytes | None:
    try:
        content = read_bounded(workspace.resolve(path), MOST_BYTES + 1, follow=False)
    except PathRefused as refused:
        raise Unfit("outside", refused.message + ".") from None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except NotRegularError as error:
        kind = str(error).partition(" is ")[2]
        raise Unfit("binary", f"{one_line(path)} is {kind}.") from None
    except OSError as error:
        raise Unfit("no-file", f"{one_line(path)} cannot be read ({error.strerror or error}).") from None
    if len(content) > MOST_BYTES:
        raise Unfit(
            "too-large",
            f"{one_line(path)} has more than {human_size(MOST_BYTES)}; such files are not edited.",
        )
    return content
