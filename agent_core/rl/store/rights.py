"""Who may read and write what is learnt: the owner of the workspace, and the stack's containers where it was
given to their group (`scripts/fix_workspace_perms.sh`); never anybody else.

A program that is in that group only, or keeps its own state elsewhere, is a *guest*: what it made would be a
file that the owner cannot use. So it makes and replaces none, and adds to the log alone, which has all that
the state lacks.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from agent_core.errors import WorkspaceError
from agent_core.workspace import Workspace

SHARED_GROUP = 10001
"""As which group the stack's containers run."""
_SHARED = stat.S_ISGID | stat.S_IRWXG


def mode_in(folder: Path) -> int:
    """The rights of a file of ours that is made in a folder; raises OSError."""
    return 0o660 if _is_shared(folder.stat()) else 0o600


def is_guest(workspace: Workspace) -> bool:
    """Whether this program is a guest in the workspace; raises OSError."""
    found = workspace.root.stat()
    return not _is_own(found) and (workspace.elsewhere is not None or _is_shared(found))


def owners_folder(workspace: Workspace, sub: str) -> Path:
    """A folder in the state that all programs of the workspace share, made.

    Raises:
        WorkspaceError: It cannot be made, or this program is a guest, whose files its owner could not use.
        OSError: The workspace is gone.
    """
    if is_guest(workspace):
        raise WorkspaceError(
            f"{workspace.own.state_dir.name}/{sub} is the workspace's owner's to change",
            hint="Run it outside of the stack's containers, as the owner of the workspace.",
        )
    return workspace.own.ensure_state_dir(sub)


def may_keep(root: Path) -> bool:
    """Whether what this program keeps in the workspace is of use to its owner; raises OSError."""
    found = root.stat()
    return _is_shared(found) or _is_own(found)


def _is_own(folder: os.stat_result) -> bool:
    return os.geteuid() in (0, folder.st_uid)


def _is_shared(folder: os.stat_result) -> bool:
    return folder.st_gid == SHARED_GROUP and folder.st_mode & _SHARED == _SHARED
