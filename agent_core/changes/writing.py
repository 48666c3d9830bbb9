"""Changes brought to the disk: all of them or none, and each file old or new whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from agent_core.changes.model import FileChange
from agent_core.changes.replacing import Replacing
from agent_core.changes.targets import Targets
from agent_core.errors import ChangeRefused
from agent_core.text import one_line
from agent_core.workspace import Workspace


async def write_changes(workspace: Workspace, changes: Sequence[FileChange]) -> tuple[str, ...]:
    """Write the changes; the paths that were written, in their order.

    All files are compared with what they were when the changes were made, then everything new is written
    beside its target, then one file after the other is replaced. What fails on the way is taken back. A file
    keeps its mode and owner; a symbolic link inside the workspace stays, and its target changes. A
    cancellation waits until the work is done or taken back.

    Raises:
        ChangeRefused: Nothing was written: a path leaves the workspace, a file changed since, cannot be
        written,
            or there is no space.
    """
    work = asyncio.ensure_future(asyncio.to_thread(write_changes_now, workspace, changes))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


def write_changes_now(workspace: Workspace, changes: Sequence[FileChange]) -> tuple[str, ...]:
    """The same in the calling thread, which it blocks."""
    wanted = [change for change in changes if change.before != change.after]
    with Targets(workspace) as targets:
        problems: list[str] = []
        found = [targets.find(change, problems) for change in wanted]
        if not problems:
            same = [target.key for target in found if target is not None]
            if len(set(same)) < len(same):
                problems.append("Two changes are of the same file.")
        if problems:
            raise ChangeRefused(
                " ".join(problems), hint="Nothing was written. Look at the files, then make the change anew."
            )
        replacing = Replacing()
        try:
            replacing.prepare(target for target in found if target is not None)
            replacing.carry_out()
        except OSError as error:
            reason = error.strerror or str(error)
            where = one_line(replacing.current)
            raise ChangeRefused(
                f"{where} cannot be written ({reason})",
                hint="Nothing was written." if replacing.taken_back else replacing.left,
            ) from None
        finally:
            replacing.clean_up()
    return tuple(change.path for change in wanted)
