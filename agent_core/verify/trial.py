"""Trying a change out: a copy of the workspace in which checks run before anything is written for real.

    async with Trial(workspace, sandbox=sandbox) as trial:
        await trial.apply(changes)
        reports = await trial.check(verifiers)      # what the change brought
        await trial.reset()

The copy holds uncommitted and untracked files and reaches the folders of dependencies that ignore rules hide
(`layout.py` says how). With a sandbox it lies, for what runs in there, at the workspace's own path, so that
environments and editable installs work as they are; without one Python is led to it (`editable.py`).
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from types import TracebackType

from agent_core.changes.model import FileChange
from agent_core.errors import PathRefused, ToolError
from agent_core.folders import user_state_dir
from agent_core.text import human_size, one_line, plural
from agent_core.verify.api import Report, Verifier
from agent_core.verify.baselines import Baselines, fingerprint
from agent_core.verify.copying import Copier, Stopped, link_shared, make_places
from agent_core.verify.editable import lead_to_copy
from agent_core.verify.layout import Layout, layout_of
from agent_core.verify.output import Mask
from agent_core.verify.restoring import Restorer
from agent_core.verify.running import Progress, Seat, run_verifier, silent
from agent_core.verify.sandbox import Sandbox
from agent_core.verify.stale import OwnFolder
from agent_core.verify.subtract import subtract
from agent_core.workspace import Workspace

_MOST_BYTES = 4 << 30
_MOST_FILES = 400_000
_SPARE = 512 << 20
_TOLD_EVERY = 5_000


class Trial:
    """A copy of a workspace for as long as the block lasts.

    Args:
        workspace: What is copied.
        sandbox: Where checks run; None runs them as the user's own.
        timeout: Seconds that each check may take.
        progress: Is told what is being copied.
        baselines: Reports of unchanged workspaces, shared by the trials of a session.
        mask: Replaces secrets in texts.
        parent: The folder that copies are made in; one in the user's state folder by default.
        most_bytes: The largest workspace that is copied.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        sandbox: Sandbox | None = None,
        timeout: float = 600.0,
        progress: Progress = silent,
        baselines: Baselines | None = None,
        mask: Mask | None = None,
        parent: Path | None = None,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._mask = mask or str
        self._workspace, self._sandbox, self._timeout = workspace, sandbox, timeout
        self._progress, self._most_bytes = progress, most_bytes
        self._baselines = baselines if baselines is not None else Baselines()
        self._parent = parent or user_state_dir() / "trials"
        self._stop = Event()
        self._own: OwnFolder | None = None
        self._seat: Seat | None = None
        self._restorer: Restorer | None = None
        self._applied: dict[str, FileChange] = {}
        self._print = ""
        self.notes: tuple[str, ...] = ()
        """What is not in the copy, in words."""

    @property
    def root(self) -> Path:
        """The copy."""
        return self._seated.root

    @property
    def _seated(self) -> Seat:
        assert self._seat is not None, "inside of the block only"
        return self._seat

    async def __aenter__(self) -> Trial:
        """Make the copy.

        Raises:
            ToolError: The workspace is too large, or there is no room for its copy.
        """
        try:
            await _in_thread(self._make, self._teller(), self._stop)
        except BaseException as error:
            await asyncio.shield(asyncio.to_thread(self._remove))
            if isinstance(error, OSError):
                raise ToolError(f"The workspace cannot be copied: {error.strerror or error}") from None
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.shield(asyncio.to_thread(self._remove))

    async def apply(self, changes: Sequence[FileChange]) -> None:
        """Make changes in the copy; raises `PathRefused` for what does not lie in it, and `ToolError`."""
        await asyncio.to_thread(self._apply, changes)

    async def reset(self) -> None:
        """Make the copy what it was: without the changes, and without what checks left in it."""
        self._applied.clear()
        await asyncio.to_thread(self._restoring.restore)

    async def run(
        self,
        verifiers: Sequence[Verifier],
        *,
        progress: Progress = silent,
        timeout: float | None = None,  # noqa: ASYNC109 - a bound of the program's time, which ends as a report
    ) -> tuple[Report, ...]:
        """Run checks in the copy as it is, one after the other."""
        return tuple([await self._run(verifier, progress, timeout) for verifier in verifiers])

    async def baseline(
        self, verifiers: Sequence[Verifier], *, progress: Progress = silent
    ) -> tuple[Report, ...]:
        """What the checks say of the unchanged workspace; asked once for each state of it."""
        missing = [each for each in verifiers if self._baselines.get(self._print, each) is None]
        if missing:
            applied = list(self._applied.values())
            await self.reset()
            try:
                for verifier in missing:
                    self._baselines.put(self._print, verifier, await self._run(verifier, progress))
            finally:
                await asyncio.to_thread(self._restoring.restore)
                await self.apply(applied)
        found = [self._baselines.get(self._print, verifier) for verifier in verifiers]
        return tuple(report for report in found if report is not None)

    async def check(
        self,
        verifiers: Sequence[Verifier],
        *,
        progress: Progress = silent,
        timeout: float | None = None,  # noqa: ASYNC109 - as above
    ) -> tuple[Report, ...]:
        """Run checks in the copy as it is, and leave out what they find in the unchanged workspace too.

        The unchanged one is only looked at for checks that find something now, or took all their time.
        `timeout` are the seconds that each may take now, where those are fewer than usual.
        """
        after = await self.run(verifiers, progress=progress, timeout=timeout)
        ended = ("failed", "timed-out") if timeout is None else ("failed",)
        faulty = [
            each
            for each, report in zip(verifiers, after, strict=True)
            if report.findings
            or report.state in ended
            or (report.state == "broken" and report.kind == "lint")
        ]
        before = dict(zip(faulty, await self.baseline(faulty, progress=progress), strict=True))
        return tuple(
            subtract(before[verifier], report) if verifier in before else report
            for verifier, report in zip(verifiers, after, strict=True)
        )

    async def _run(self, verifier: Verifier, progress: Progress, limit: float | None = None) -> Report:
        return await run_verifier(
            verifier,
            root=self._workspace.root,
            timeout=self._timeout if limit is None else min(limit, self._timeout),
            progress=progress,
            sandbox=self._sandbox,
            seat=self._seated,
            mask=self._mask,
        )

    @property
    def _restoring(self) -> Restorer:
        assert self._restorer is not None, "inside of the block only"
        return self._restorer

    def _teller(self) -> Callable[[str], None]:
        loop = asyncio.get_running_loop()

        def tell(text: str) -> None:
            loop.call_soon_threadsafe(self._progress, text)

        return tell

    def _make(self, tell: Callable[[str], None]) -> None:
        layout = layout_of(self._workspace)
        self._own = OwnFolder(self._parent)
        self._check_size(layout)
        copy = self._own.path / (self._workspace.root.name or "workspace")
        copy.mkdir()
        tell(f"Copying {plural(len(layout.files), 'file')}, {human_size(layout.size)}\n")
        copier = Copier(self._workspace.root, copy, self._stop)
        lost = copier.copy(layout, _every(_TOLD_EVERY, len(layout.files), tell))
        env: dict[str, str] = {}
        home: Path | None = None
        if self._sandbox is None:
            link_shared(self._workspace.root, copy, layout.shared)
            shim = self._own.path / "python"
            env = lead_to_copy(shim, workspace=self._workspace.root, copy=copy, env=os.environ)
        else:
            scratch = make_places(self._workspace.root, copy, layout.shared)
            self._sandbox = self._sandbox.with_shared(layout.shared, scratch)
            home = self._own.path / "home"
            home.mkdir()
        self._seat = Seat(root=copy, stands_for=self._workspace.root, env=env, home=home)
        self._restorer = Restorer(copy, layout, copier)
        self._print = fingerprint(self._workspace.root, layout, sandboxed=self._sandbox is not None)
        self.notes = tuple(_notes(layout, lost))

    def _check_size(self, layout: Layout) -> None:
        if layout.size > self._most_bytes or len(layout.files) > _MOST_FILES:
            raise ToolError(
                f"The workspace is too large to be copied: {plural(len(layout.files), 'file')}, "
                f"{human_size(layout.size)}; at most {human_size(self._most_bytes)} are",
                hint="Have large files that are no source code ignored (.gitignore): they are not copied.",
            )
        assert self._own is not None
        free = shutil.disk_usage(self._own.path).free
        if layout.size + _SPARE > free:
            raise ToolError(
                f"There is no room for a copy of the workspace: it takes {human_size(layout.size)}, "
                f"and {human_size(free)} are free in {self._parent}",
                hint="Free some space.",
            )

    def _apply(self, changes: Sequence[FileChange]) -> None:
        places = [(change, self._place(change.path)) for change in changes]
        for change, place in places:
            self._applied[change.path] = change
            try:
                self._restoring.write(change.path, place, change.after, executable=change.executable)
            except OSError as error:
                raise ToolError(
                    f"{one_line(change.path)} cannot be changed in the copy: {error.strerror or error}"
                ) from None

    def _place(self, path: str) -> Path:
        root = self._seated.root
        place = Path(os.path.realpath(root / path))
        if place == root or not place.is_relative_to(root):
            raise PathRefused(f"{one_line(path)} does not lie in the copy of the workspace")
        return place

    def _remove(self) -> None:
        self._stop.set()
        if self._own is not None:
            self._own.remove()
            self._own = None


async def _in_thread(
    work: Callable[[Callable[[str], None]], None], tell: Callable[[str], None], stop: Event
) -> None:
    """Do the work in a thread; when that is cancelled, have it stop, and wait until it has."""
    task = asyncio.create_task(asyncio.to_thread(work, tell))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.gather(task, return_exceptions=True)
        raise
    except Stopped:
        raise asyncio.CancelledError from None


def _every(step: int, total: int, tell: Callable[[str], None]) -> Callable[[int], None]:
    told = 0

    def progress(done: int) -> None:
        nonlocal told
        if done - told >= step:
            told = done
            tell(f"{done:,} of {total:,} files copied\n")

    return progress


def _notes(layout: Layout, lost: Sequence[str]) -> list[str]:
    notes = [f"not in the copy: {name} (a large cache)" for name in layout.left_out]
    if lost:
        notes.append(f"not in the copy: {plural(len(lost), 'unreadable file')}, such as {one_line(lost[0])}")
    return notes
