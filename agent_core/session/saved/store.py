"""The sessions of a workspace: listing, finding, forking, renaming, deleting, and letting go of old ones.

The files are the truth; `index.json` beside them only keeps what a list says of each until its file changes,
and is made anew when it is missing or broken. Everything here blocks; call it in a thread.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from agent_core.errors import AgentError, ToolError, UsageError
from agent_core.files import BusyError, append_line, load_state, open_regular, write_atomic
from agent_core.session.saved.model import Head, Loaded, Renamed, SavedSession, new_id
from agent_core.session.saved.reading import load, read_head, summarise
from agent_core.text import one_line, plural, shorten
from agent_core.workspace import Workspace

FOLDER = "sessions"
MOST, MOST_BYTES = 200, 256 * 1024 * 1024
"""How many sessions are kept and how large they may be together, before the oldest go."""
_SCHEMA = 1
_LONGEST_NAME = 80
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
_HOW = "`sessions` lists them."


class _Known(msgspec.Struct):
    """What was said of a file of this size and time."""

    stamp: tuple[int, int]
    saved: SavedSession


class _Index(msgspec.Struct):
    schema: int = _SCHEMA
    sessions: dict[str, _Known] = {}


class SavedSessions:
    """What lies in the workspace's folder of sessions; nothing is made before something is saved."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._folder = workspace.state_dir / FOLDER
        self.warnings: tuple[str, ...] = ()
        """What could not be read when they were listed last."""

    @property
    def root(self) -> Path:
        """The workspace whose they are."""
        return self._workspace.root

    def ensure_folder(self) -> Path:
        """The folder, made where there is none; raises `WorkspaceError`."""
        return self._workspace.ensure_state_dir(FOLDER)

    def path_of(self, session_id: str) -> Path:
        """Where a session lies."""
        return self._folder / f"{session_id}.jsonl"

    # Listing and finding

    def list(self) -> list[SavedSession]:
        """All of them, the newest first; what is no session is named in `warnings`."""
        known = self._read_index()
        found: dict[str, _Known] = {}
        warnings: list[str] = []
        for path in self._files():
            try:
                state = path.lstat()
                stamp = (state.st_size, state.st_mtime_ns)
                kept = known.get(path.stem)
                is_known = kept is not None and kept.stamp == stamp and kept.saved.id == path.stem
                found[path.stem] = kept if kept and is_known else _Known(stamp, summarise(path))
            except FileNotFoundError:
                continue
            except (OSError, AgentError) as error:
                is_ours = isinstance(error, AgentError)
                warnings.append(
                    error.message if is_ours else f"{path.name}: {error.strerror or 'no regular file'}"
                )
        self.warnings = tuple(warnings)
        if found != known:
            self._write_index(found)
        return sorted((item.saved for item in found.values()), key=lambda saved: saved.updated, reverse=True)

    def find(self, what: str, *, current: str = "") -> SavedSession:
        """The session that is meant: `last`, its name, its id, or the beginning of either.

        `current` is the id of the one that is open here: `last` is the one before it.

        Raises:
            UsageError: There is none, or there are several.
        """
        sessions = self.list()
        wanted = what.strip()
        others = [saved for saved in sessions if saved.id != current]
        if wanted in ("", "last") and others:
            return others[0]
        if not sessions or wanted in ("", "last"):
            raise UsageError("There is no saved session here", hint="Each is saved from its first turn on.")
        for fits in (_is, _begins):
            near = [saved for saved in sessions if fits(saved, wanted)]
            if len(near) == 1:
                return near[0]
            if near:
                names = ", ".join(one_line(saved.id) for saved in near[:4])
                raise UsageError(f"{shorten(one_line(wanted), 40)!r} may be several: {names}", hint=_HOW)
        raise UsageError(f"There is no session {shorten(one_line(wanted), 40)!r}", hint=_HOW)

    def named(self, name: str) -> SavedSession | None:
        """The newest session that is called exactly so."""
        return next((saved for saved in self.list() if saved.name == name), None)

    def load(self, session_id: str) -> Loaded:
        """Read a session; raises `ToolError` when it cannot be."""
        try:
            return load(self.path_of(session_id))
        except OSError as error:
            raise ToolError(f"The session {session_id} cannot be read: {error.strerror}", hint=_HOW) from None

    def is_open(self, session_id: str) -> bool:
        """Whether a program has the session open, this one included."""
        try:
            fd = open_regular(self.path_of(session_id), follow=False)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(fd)
        return False

    # Changing

    def fork(self, session_id: str, name: str = "") -> SavedSession:
        """A copy under another id; raises `ToolError`, OSError. The original may be open."""
        source = self.path_of(session_id)
        try:
            old = read_head(source)
            body = source.read_bytes()
        except OSError as error:
            raise ToolError(f"The session {session_id} cannot be read: {error.strerror}", hint=_HOW) from None
        now = time.time()
        head = Head(id=new_id(now), at=now, name=checked(name), branch=old.branch, forked_from=old.id)
        rest = body[: body.rfind(b"\n") + 1].partition(b"\n")[2]
        path = self.path_of(head.id)
        self.ensure_folder()
        kept = b"".join(
            line for line in rest.splitlines(keepends=True) if b'"session_renamed"' not in line[:40]
        )
        write_atomic(path, msgspec.json.encode(head) + b"\n" + kept, mode=0o600, durable=False)
        return summarise(path)

    def rename(self, session_id: str, name: str) -> None:
        """Call a session that is not open so; raises `BusyError`, `UsageError`, OSError."""
        self._free(session_id)
        line = msgspec.json.encode(Renamed(at=time.time(), name=checked(name)))
        append_line(self.path_of(session_id), line, mode=0o600)

    def delete(self, session_id: str) -> None:
        """Delete a session that is not open; raises `BusyError`, OSError."""
        self._free(session_id)
        self.path_of(session_id).unlink(missing_ok=True)

    def _free(self, session_id: str) -> None:
        if self.is_open(session_id):
            raise BusyError(f"The session {session_id} is open in another program", hint="Close it there.")

    def prune(self) -> int:
        """Let the oldest go where there are too many or they are too large; returns how many.

        Those without a name go first; one that is open stays.
        """
        sessions = self.list()
        count, size, gone = len(sessions), sum(saved.size for saved in sessions), 0
        for saved in sorted(sessions, key=lambda saved: (bool(saved.name), saved.updated)):
            if count <= MOST and size <= MOST_BYTES:
                break
            with suppress(OSError, BusyError):
                self.delete(saved.id)
                count, size, gone = count - 1, size - saved.size, gone + 1
        return gone

    # Files

    def _files(self) -> list[Path]:
        if self._folder.is_symlink() or self._workspace.state_dir.is_symlink():
            return []  # a repository may bring one along
        try:
            return [path for path in self._folder.glob("*.jsonl") if _ID.fullmatch(path.stem)]
        except OSError:
            return []

    def _read_index(self) -> dict[str, _Known]:
        index, _ = load_state(self._folder / "index.json", _Index)
        return index.sessions if index is not None and index.schema == _SCHEMA else {}

    def _write_index(self, found: dict[str, _Known]) -> None:
        with suppress(OSError):  # it is made anew from the files
            data = msgspec.json.encode(_Index(sessions=found))
            write_atomic(self._folder / "index.json", data, mode=0o600, durable=False)


def checked(name: str) -> str:
    """The name as it is kept; raises `UsageError` for one that could be taken for something else."""
    name = one_line(name)
    if len(name) > _LONGEST_NAME:
        raise UsageError(f"A name has at most {plural(_LONGEST_NAME, 'character')}")
    if name == "last" or _ID.fullmatch(name) or name.startswith("-"):
        raise UsageError(f"{name!r} cannot be a session's name", hint="Choose another.")
    return name


def _is(saved: SavedSession, wanted: str) -> bool:
    return wanted in (saved.id, saved.name)


def _begins(saved: SavedSession, wanted: str) -> bool:
    name = saved.name.lower()
    return saved.id.startswith(wanted) or (bool(name) and name.startswith(wanted.lower()))
