"""The workspace: its root, the jail, ignore rules, listing, and reading text safely."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from agent_core.errors import PathRefused, ToolError, WorkspaceError
from agent_core.files import NotRegularError, open_regular
from agent_core.ignore import FolderRules, IgnoreRules
from agent_core.reading import MAX_BYTES, TextPart, read_part
from agent_core.text import one_line

__all__ = ["STATE_FOLDER", "STATE_VARIABLE", "Entry", "IgnoreRules", "TextPart", "Workspace"]

_IGNORED = b"*\n!/commands/\n!/commands/*.md\n!/hooks.toml\n!/hooks/\n!/hooks/*\n"
"""What git leaves alone of the state folder: everything but the commands and hooks that people write."""
STATE_FOLDER = ".dspy_tui"
STATE_VARIABLE = "DSPY_TUI_WORKSPACE_STATE"
"""Names where a program keeps its state instead that runs as another user than the workspace's owner."""


class Entry(msgspec.Struct, frozen=True):
    """One entry of a folder.

    `path` is relative to the root, posix. A link counts as a folder (`is_dir`) when it leads to one inside
    the workspace. `size` is in bytes; both numbers are 0 for what vanished or leads nowhere.
    """

    path: str
    name: str
    is_dir: bool
    is_link: bool
    size: int
    mtime_ns: int
    ignored: bool


class Workspace(msgspec.Struct, frozen=True):
    """One folder and everything below it; an immutable view that holds nothing open.

    Paths go in as people and models write them (relative to the root, or absolute) and come out relative to
    the root, posix, `.` for the root itself.

    Args:
        root: The folder.
        elsewhere: Where this program keeps its state of it; None for the folder's own `.dspy_tui`.
    """

    root: Path
    elsewhere: Path | None = None

    @classmethod
    def open(cls, root: str | Path) -> Workspace:
        """The workspace at a folder; writes nothing.

        Raises:
            WorkspaceError: The folder is missing, is not a folder, or cannot be read; or as `at`.
        """
        shown = one_line(str(root))
        try:
            resolved = os.path.realpath(Path(root).expanduser(), strict=True)
            with os.scandir(resolved) as entries:
                next(entries, None)
            Path(resolved, "..").stat()  # listing is one right, going in another
        except FileNotFoundError:
            raise WorkspaceError(f"{shown} does not exist", hint="Name an existing folder.") from None
        except NotADirectoryError:
            raise WorkspaceError(f"{shown} is not a folder", hint="Name the folder that holds it.") from None
        except PermissionError:
            raise WorkspaceError(f"{shown} cannot be read", hint="Check the folder's permissions.") from None
        except (OSError, ValueError, RuntimeError) as error:
            raise WorkspaceError(
                f"{shown} cannot be opened ({error})", hint="Name an existing folder."
            ) from None
        return cls.at(Path(resolved))

    @classmethod
    def at(cls, root: Path) -> Workspace:
        """The same without a look at the folder. Raises `WorkspaceError` for a `STATE_VARIABLE` that is no
        whole path."""
        elsewhere = Path(named) if (named := os.environ.get(STATE_VARIABLE)) else None
        if elsewhere and not elsewhere.is_absolute():
            raise WorkspaceError(f"{STATE_VARIABLE} is no whole path", hint="Begin it with a slash.")
        return cls(root, elsewhere)

    @property
    def own(self) -> Workspace:
        """The same with the state that all of its programs share: its name, what was learnt, prompts."""
        return Workspace(self.root)

    @property
    def state_dir(self) -> Path:
        """Where the state lies that this program keeps; it need not exist."""
        return self.elsewhere or self.root / STATE_FOLDER

    def ensure_state_dir(self, sub: str = "") -> Path:
        """Make the state folder (and a folder `sub` in it) and return it.

        Raises:
            WorkspaceError: It cannot be made, or a symbolic link lies in its place (a repository could bring
                one along and have us write elsewhere).
        """
        folder = self.state_dir
        try:
            _make_folder(folder)
            with suppress(FileExistsError):
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
                fd = os.open(folder / ".gitignore", flags, 0o644)
                try:
                    os.write(fd, _IGNORED)
                finally:
                    os.close(fd)
            for part in Path(sub).parts:
                folder = folder / part
                _make_folder(folder)
        except OSError as error:
            reason = error.strerror or str(error)
            raise WorkspaceError(
                f"{folder} cannot be used ({reason})", hint="Check what lies there."
            ) from None
        return folder

    def resolve(self, path: str) -> Path:
        """Where the path leads, with every symbolic link followed; it need not exist.

        Raises:
            PathRefused: That is outside the workspace, or the path is none.
        """
        root = str(self.root)
        try:
            resolved = os.path.realpath(self.root / path)
        except (ValueError, OSError):
            raise PathRefused(f"{one_line(path)!r} is not a path") from None
        if resolved != root and not resolved.startswith(root.rstrip("/") + "/"):
            raise PathRefused(
                f"{one_line(path)} is outside the workspace",
                hint="Only files inside the workspace can be used; open the other folder as a workspace.",
            )
        return Path(resolved)

    def relative(self, path: Path) -> str:
        """The path as seen from the root, posix. Raises `PathRefused` when it lies outside."""
        if not path.is_absolute():
            return path.as_posix()
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            raise PathRefused(f"{one_line(str(path))} is outside the workspace") from None

    def rules(self) -> IgnoreRules:
        """The ignore rules as they are on disk now."""
        return IgnoreRules(self.root)

    def list_dir(self, path: str = ".", *, include_ignored: bool = False) -> list[Entry]:
        """The entries of a folder, folders first, then by name.

        Raises:
            PathRefused: The path leaves the workspace.
            ToolError: It is missing, not a folder, or cannot be read.
        """
        resolved = self.resolve(path)
        folder = self.relative(resolved)
        rules, inside_ignored = self.rules().for_folder(folder)
        prefix = "" if folder == "." else folder + "/"
        found: list[Entry] = []
        with _as_tool_error(path), os.scandir(resolved) as entries:
            for entry in entries:
                listed = self._entry(entry, prefix, rules, inside_ignored)
                if include_ignored or not listed.ignored:
                    found.append(listed)
        found.sort(key=lambda entry: (not entry.is_dir, entry.name.casefold(), entry.name))
        return found

    def _entry(self, entry: os.DirEntry[str], prefix: str, rules: FolderRules, inside_ignored: bool) -> Entry:
        is_link = entry.is_symlink()
        is_dir = self._is_inner_folder(entry) if is_link else _is_dir(entry)
        size = mtime_ns = 0
        with suppress(OSError):
            status = entry.stat(follow_symlinks=False)
            size, mtime_ns = status.st_size, status.st_mtime_ns
        return Entry(
            path=prefix + entry.name,
            name=entry.name,
            is_dir=is_dir,
            is_link=is_link,
            size=size,
            mtime_ns=mtime_ns,
            ignored=inside_ignored or rules.ignored(entry.name, is_dir and not is_link),
        )

    def _is_inner_folder(self, entry: os.DirEntry[str]) -> bool:
        try:
            return self.resolve(entry.path).is_dir()
        except (PathRefused, OSError):
            return False

    def walk(self, path: str = ".", *, include_ignored: bool = False) -> Iterator[str]:
        """The paths of all regular files below a folder, each folder's files by name, then its subfolders.

        Links are not followed, so it ends; what cannot be read or vanishes meanwhile is passed over. Raises
        `PathRefused` when the path leaves the workspace.
        """
        resolved = self.resolve(path)
        folder = self.relative(resolved)
        rules, inside_ignored = self.rules().for_folder(folder)
        if inside_ignored and not include_ignored:
            return
        yield from _walk(
            str(resolved), "" if folder == "." else folder + "/", None if include_ignored else rules
        )

    def read_text(
        self, path: str, *, start: int = 1, end: int | None = None, max_bytes: int = MAX_BYTES
    ) -> TextPart:
        """Lines `start` to `end` of a file, bounded in memory and time whatever the file is.

        Binary, enormous and undecodable files come back in part, with a note.

        Raises:
            PathRefused: The path leaves the workspace.
            ToolError: It is missing, not a regular file, or cannot be read.
        """
        resolved = self.resolve(path)
        with _as_tool_error(path):
            fd = open_regular(resolved, follow=False)
            try:
                return read_part(fd, start=max(start, 1), end=end, max_bytes=max_bytes)
            finally:
                os.close(fd)


class _as_tool_error:  # noqa: N801 - reads as the statement it is
    """Turn the system's refusals into `ToolError`s that name the path."""

    def __init__(self, path: str) -> None:
        self._path = one_line(path)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if not isinstance(error, OSError):
            return
        if isinstance(error, FileNotFoundError):
            reason = "does not exist"
        elif isinstance(error, NotADirectoryError):
            reason = "is not a folder"
        elif isinstance(error, PermissionError):
            reason = "cannot be read (permission denied)"
        elif isinstance(error, NotRegularError):
            reason = str(error).partition(" is ")[2]
            reason = f"is {reason}"
        else:
            reason = f"cannot be read ({error.strerror or error})"
        raise ToolError(f"{self._path} {reason}") from None


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _make_folder(folder: Path) -> None:
    with suppress(FileExistsError):
        folder.mkdir()
    if folder.is_symlink():
        raise OSError(0, "it is a symbolic link")
    if not folder.is_dir():
        raise OSError(0, "it is not a folder")


def _walk(folder: str, prefix: str, rules: FolderRules | None) -> Iterator[str]:
    waiting: list[tuple[str, str, FolderRules | None]] = [(folder, prefix, rules)]
    while waiting:
        folder, prefix, rules = waiting.pop()
        files: list[str] = []
        folders: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
                    elif entry.is_file(follow_symlinks=False):
                        files.append(entry.name)
        except OSError:
            continue
        for name in sorted(files):
            if rules is None or not rules.ignored(name, False):
                yield prefix + name
        for name in sorted(folders, reverse=True):
            if rules is None:
                waiting.append((f"{folder}/{name}", f"{prefix}{name}/", None))
            elif not rules.ignored(name, True):
                waiting.append((f"{folder}/{name}", f"{prefix}{name}/", rules.enter(name)))
