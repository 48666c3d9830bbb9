"""From what was typed to `StackOptions`: defaults, folders, and clear refusals."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from agent_core.errors import PathRefused, UsageError
from agent_core.text import one_line
from agent_core.workspace import Workspace
from stack.compose.options import OUT_DIR, PIP_SPEC, InstallSource, StackOptions, database_of

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_PASSWORD = re.compile(r"://[^/@\s:]*:[^/@\s]+@")
_WHEELS = (
    "Such a folder is made on a machine with a network: pip wheel --wheel-dir DIR 'hatchling>=1.25'"
    " 'pandas>=2.2,<3' 'protobuf>=5' dspy-code (or the checkout's folder). Where containers have no"
    " network, the jars of Spark's Kafka connector belong there, too."
)
_LOGS = "logs"


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """The options as they were typed; "" where one was not given."""

    workspace: str = ""
    logs: str = ""
    out_dir: str = ""
    install_source: InstallSource | None = None
    pip_spec: str = ""
    db: str = ""
    wheelhouse: str = ""
    gpu: bool = False


def settle(typed: Typed, *, here: Path, configured: str) -> StackOptions:
    """The options, checked; nothing is written.

    Args:
        typed: What was typed.
        here: What relative folders start from; of the output folder, the workspace.
        configured: The setting `index_uri`, "" where it is not set.

    Raises:
        UsageError: A value makes no sense, or two contradict each other.
        WorkspaceError: The workspace cannot be used.
        PathRefused: A relative output folder leaves the workspace, or a symbolic link lies in its way.
    """
    workspace = Workspace.open(here / _plain(typed.workspace or ".", "--workspace")).root
    out_dir = _out_dir(workspace, _plain(typed.out_dir or OUT_DIR, "--out-dir"))
    source = typed.install_source or ("local" if checkout() else "pip")
    if source == "local":
        if typed.pip_spec:
            raise UsageError(
                "--pip-spec belongs to --install-source pip",
                hint="Leave one of them out: local copies a checkout.",
            )
        if checkout() is None:
            raise UsageError(
                "--install-source local copies a checkout, and this program was not started from one",
                hint="Use --install-source pip, with --pip-spec for another version.",
            )
    wheelhouse = _wheelhouse(here, typed.wheelhouse)
    logs = _logs(workspace, here, typed.logs)
    database = database_of(_uri(typed.db or "auto"), _uri(configured), here=here)
    for path in (str(workspace), str(logs), database.mount):
        _plain(path, "the folders")
    return StackOptions(
        workspace=workspace,
        logs=logs,
        out_dir=out_dir,
        install_source=source,
        pip_spec=_pip_spec(typed.pip_spec or PIP_SPEC),
        wheelhouse=wheelhouse,
        database=database,
        gpu=typed.gpu,
    )


def checkout() -> Path | None:
    """The checkout that this program runs from; None for an installed package."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").is_file() else None


def _plain(path: str, option: str) -> str:
    """The path, where a compose file can hold it: text without line breaks and control characters."""
    if _CONTROL.search(path):
        raise UsageError(
            f"{option}: {one_line(path)!r} holds a line break, a control character or bytes that are no text",
            hint="Docker's files cannot hold such a path; rename the folder.",
        )
    return str(Path(path).expanduser())


def _out_dir(workspace: Path, typed: str) -> Path:
    """Where to write. A link on the way to it could lead anywhere, so there may be none in the workspace."""
    path = Path(os.path.normpath(workspace / typed))
    inside = path.is_relative_to(workspace)
    if not inside and not Path(typed).is_absolute():
        raise PathRefused(
            f"--out-dir {one_line(typed)} leaves the workspace",
            hint="A folder elsewhere is given by its whole path, from / on.",
        )
    if path == workspace:
        raise UsageError("--out-dir is the workspace itself", hint=f"Such as --out-dir {OUT_DIR}.")
    for part in (path, *path.parents):
        if part == workspace or (not inside and part != path):
            break
        if part.is_symlink():
            raise PathRefused(
                f"{one_line(str(part))} is a symbolic link", hint="Name the folder it leads to."
            )
        if part.exists() and not part.is_dir():
            raise UsageError(f"{one_line(str(part))} is not a folder")
    return path


def _logs(workspace: Path, here: Path, typed: str) -> Path:
    """The folder of logs: `logs` in the workspace, which is made where it is missing; a named one exists."""
    if not typed:
        folder = workspace / _LOGS
        if os.path.lexists(folder) and not folder.is_dir():
            raise UsageError(f"{one_line(str(folder))} is not a folder", hint="Name another with --logs DIR.")
        return folder
    folder = Path(os.path.normpath(here / _plain(typed, "--logs")))
    if not folder.is_dir():
        raise UsageError(f"--logs {one_line(typed)} is no folder", hint="Make it first, or name another.")
    return folder


def _wheelhouse(here: Path, typed: str) -> Path | None:
    if not typed:
        return None
    folder = Path(os.path.normpath(here / _plain(typed, "--wheelhouse")))
    if not folder.is_dir():
        raise UsageError(f"--wheelhouse {one_line(typed)} is no folder", hint=_WHEELS)
    if not any(folder.glob("*.whl")):
        raise UsageError(f"--wheelhouse {one_line(typed)} holds no wheels", hint=_WHEELS)
    return folder


def _pip_spec(spec: str) -> str:
    if spec.startswith("-") or _CONTROL.search(spec) or not spec.strip():
        raise UsageError(
            f"--pip-spec {one_line(spec)!r} names no package", hint="Such as dspy-code==0.1.0, or a URL."
        )
    if _PASSWORD.search(spec):
        raise UsageError(
            "--pip-spec holds a password, which would stand in the compose file",
            hint="Fetch the wheel yourself and give its folder with --wheelhouse.",
        )
    return spec


def _uri(uri: str) -> str:
    if _CONTROL.search(uri) or "'" in uri:
        raise UsageError("the database's URI holds a quote or a control character", hint="Write ' as %27.")
    return uri
