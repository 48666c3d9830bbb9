"""Which files `stack init` makes of the options, how they differ from what is there, and writing them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agent_core.errors import PathRefused, ToolError
from agent_core.files import NotRegularError, read_bounded, write_atomic
from agent_core.text import one_line, plural, printable
from stack.beginning import begin
from stack.compose import copying, monitoring
from stack.compose.copying import Copy
from stack.compose.dockerfile import SOURCE, WHEELHOUSE, dockerfile
from stack.compose.dotenv import Adding
from stack.compose.options import StackOptions
from stack.compose.render import compose_file
from stack.compose.services import stack_of
from stack.compose.settling import checkout

COMPOSE = "docker-compose.yml"
ENV = ".env"
OVERRIDE = "docker-compose.override.yml"
_IGNORED = f"""# The secrets of this stack, and copies that its images are built from.
{ENV}
/{SOURCE}/
/{WHEELHOUSE}/
"""
_CONTEXT = f"""# Only what the images are built from is sent to the builder.
*
!{SOURCE}
!{WHEELHOUSE}
**/.env
"""
_YOURS = """\
# Yours: what stands here is laid over docker-compose.yml. `dspy-tui stack init` never touches it again.
# Such as:
#   services:
#     dspy-worker:
#       deploy: {replicas: 3}
services: {}
"""


class FilePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One file: its name below the folder, its content, and the diff to what is there.

    `present`: there is one already. A file that is as it should be is not planned.
    """

    name: str
    content: str
    mode: int = 0o644
    present: bool = False
    diff: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would be written. `notes` say what of the user's is kept although the options say otherwise."""

    options: StackOptions
    files: tuple[FilePlan, ...]
    copies: tuple[Copy, ...]
    folders: tuple[Path, ...]
    notes: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether everything is as it should be."""
        return not self.files and not self.folders and all(copy.fresh for copy in self.copies)

    @property
    def subject(self) -> str:
        """What rules of permission look at: the folder, as seen from the workspace where it is in it."""
        options = self.options
        inside = options.out_dir.is_relative_to(options.workspace)
        return str(options.out_dir.relative_to(options.workspace) if inside else options.out_dir)

    @property
    def changed(self) -> tuple[str, ...]:
        """The files that are there and would change."""
        found = [file.name for file in self.files if file.present]
        found += [copy.target.name + "/" for copy in self.copies if not copy.fresh and copy.target.exists()]
        return tuple(found)

    @property
    def diff(self) -> str:
        """Every change of a file that is there, as unified diffs; without the values of `.env`."""
        return "".join(file.diff for file in self.files if file.present)

    def lines(self) -> list[str]:
        """What would be done, one line each."""
        found = [f"{'change' if file.present else 'new'}  {file.name}" for file in self.files]
        for copy in self.copies:
            if not copy.fresh:
                files = plural(len(copy.stale) + len(copy.gone), "file")
                found.append(f"copy  {copy.target.name}/: {files} of {copy.total}")
        return [*found, *(f"new  {folder}/" for folder in self.folders)]


def plan(options: StackOptions) -> Plan:
    """Look what there is, and what would be written; raises `PathRefused` and `ToolError`, writes nothing."""
    folder = options.out_dir
    wanted = {
        ".gitignore": _IGNORED,
        ".ignore": _IGNORED,  # ripgrep looks into .gitignore in a repository only
        ".dockerignore": _CONTEXT,
        "Dockerfile": dockerfile(options),
        **monitoring.files(),
        COMPOSE: compose_file(stack_of(options)),
    }
    present_env = _read(folder, ENV)
    adding = Adding(options, present_env)
    files = [file for name, content in wanted.items() if (file := _file(folder, name, content))]
    if adding.text != present_env:
        added = ", ".join(adding.added)
        diff = f"--- {ENV}\n+++ {ENV}\n(adds {added}; what is there stays)\n"
        # Right after .gitignore, so that git never sees it.
        env = FilePlan(name=ENV, content=adding.text, mode=0o600, present=present_env is not None, diff=diff)
        files.insert(1 if files and files[0].name == ".gitignore" else 0, env)
    if _read(folder, OVERRIDE) is None:
        files.append(FilePlan(name=OVERRIDE, content=_YOURS))
    return Plan(
        options=options,
        files=tuple(files),
        copies=tuple(_copies(options)),
        folders=() if options.logs.is_dir() else (options.logs,),
        notes=tuple(
            f"{ENV} keeps its own {name}, which is not what the options say; change it there if you mean it"
            for name in adding.differing
        ),
    )


def write(planned: Plan) -> None:
    """Write what was planned: each file as a whole, the compose file after what it needs; and make the
    workspace's own state.

    Raises:
        PathRefused: A symbolic link lies in the way.
        ToolError: Something cannot be written; what was written until then stays.
    """
    folder = planned.options.out_dir
    try:
        _plain_folder(folder).mkdir(parents=True, exist_ok=True)
        for made in planned.folders:
            made.mkdir(parents=True, exist_ok=True)
        for copy in planned.copies:
            _plain_folder(copy.target).mkdir(exist_ok=True)
            copying.make(copy)
        for file in planned.files:
            target = folder / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            _check_way(folder, target)
            if target.parent != folder:  # users of other images read it, whatever the umask here
                _open_to_all(folder, target.parent)
            write_atomic(target, file.content.encode("utf-8", "surrogateescape"), mode=file.mode)
            target.chmod(file.mode)
    except OSError as error:
        where = one_line(str(error.filename or folder))
        raise ToolError(
            f"{where} cannot be written: {error.strerror or error}", hint="Check the folder's permissions."
        ) from None
    begin(planned.options.workspace)


def _copies(options: StackOptions) -> Sequence[Copy]:
    found: list[Copy] = []
    root = checkout()
    try:
        if options.install_source == "local" and root is not None:
            found.append(copying.copy_of_checkout(root, _own_folder(options.out_dir / SOURCE)))
        if options.wheelhouse is not None:
            target = _own_folder(options.out_dir / WHEELHOUSE)
            found.append(copying.copy_of_wheels(options.wheelhouse, target))
    except OSError as error:
        raise ToolError(f"{one_line(str(error.filename))} cannot be read: {error.strerror}") from None
    return found


def _file(folder: Path, name: str, content: str) -> FilePlan | None:
    """What becomes of one file; None where it is as it should be."""
    present = _read(folder, name)
    if present == content:
        return None
    if present is None:
        return FilePlan(name=name, content=content)
    lines = difflib.unified_diff(
        present.splitlines(keepends=True), content.splitlines(keepends=True), name, f"{name} (new)"
    )
    diff = "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
    return FilePlan(name=name, content=content, present=True, diff=printable(diff))


def _read(folder: Path, name: str) -> str | None:
    """The text of a file in the folder; None where there is none. Raises `PathRefused` and `ToolError`."""
    path = folder / name
    _check_way(folder, path)
    try:
        return read_bounded(path, follow=False).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    except NotRegularError as error:
        raise ToolError(one_line(str(error)), hint="Move it away, or choose another --out-dir.") from None
    except OSError as error:
        raise ToolError(f"{one_line(str(path))} cannot be read: {error.strerror}") from None


def _check_place(path: Path) -> None:
    if path.is_symlink():
        raise PathRefused(
            f"{one_line(str(path))} is a symbolic link, which could lead anywhere",
            hint="Move it away, or choose another --out-dir.",
        )


def _plain_folder(path: Path) -> Path:
    """The folder, where it is one or nothing is there."""
    _check_place(path)
    if os.path.lexists(path) and not path.is_dir():
        raise ToolError(
            f"{one_line(str(path))} is not a folder", hint="Move it away, or choose another --out-dir."
        )
    return path


def _own_folder(path: Path) -> Path:
    """A folder whose content is ours to remove; raises `ToolError` where somebody else filled it."""
    if copying.is_foreign(_plain_folder(path)):
        raise ToolError(
            f"{one_line(str(path))} is there and was not made by stack init",
            hint="Move it away, or choose another --out-dir.",
        )
    return path


def _open_to_all(folder: Path, below: Path) -> None:
    """Let every user enter the folders between both."""
    while below != folder:
        below.chmod(0o755)
        below = below.parent


def _check_way(folder: Path, path: Path) -> None:
    """Refuse a link anywhere from the folder to the file."""
    while path != folder.parent:
        _check_place(path)
        path = path.parent
