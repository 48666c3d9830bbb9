"""What `stack init` is told, and what follows from it."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Literal

import msgspec

from agent_core.errors import UsageError
from agent_core.masking import mask_secrets
from agent_core.text import one_line

InstallSource = Literal["pip", "local"]
OUT_DIR = "docker/lightweight"
PIP_SPEC = "dspy-code"
INDEX_VOLUME = "index"
INDEX_PATH = "/index"
"""Where the containers find the LanceDB index, if it is mounted."""
SCRATCH = "/tmp"
"""A folder in memory in every container of ours."""


def key_of(workspace: Path) -> str:
    """Tells the stacks of a machine apart: the folder's name, and some of a hash of its whole path."""
    slug = re.sub(r"[^a-z0-9]+", "-", workspace.name.lower()).strip("-")[:24].rstrip("-") or "workspace"
    return f"{slug}-{hashlib.sha256(str(workspace).encode()).hexdigest()[:6]}"


class Database(msgspec.Struct, frozen=True):
    """Where the containers keep the LanceDB index.

    Args:
        uri: What the programs are given as DSPY_TUI_DB_URI.
        mount: What is mounted at `INDEX_PATH`: the volume, a folder of this machine; "" for nothing.
        said: Which was taken, in words.
    """

    uri: str
    mount: str
    said: str


class StackOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options, checked.

    Args:
        workspace: The folder that the agent works on.
        logs: The folder whose files the log shipper reads.
        out_dir: Where the files are written.
        install_source: Whether our image installs a released package, or a copy of this checkout.
        pip_spec: What is installed from a package index.
        wheelhouse: A folder of wheels to build from without a network; None for the index.
        database: Where the index is.
        gpu: Whether Ollama gets the host's GPUs.
    """

    workspace: Path
    logs: Path
    out_dir: Path
    install_source: InstallSource = "pip"
    pip_spec: str = PIP_SPEC
    wheelhouse: Path | None = None
    database: Database
    gpu: bool = False


def database_of(choice: str, configured: str, *, here: Path) -> Database:
    """What `--db` means.

    Args:
        choice: auto, none, or a LanceDB URI: a folder of this machine, or an address such as s3://….
        configured: The setting `index_uri` (`DSPY_TUI_DB_URI`), "" where it is not set.
        here: What a relative folder starts from.

    Raises:
        UsageError: It names a folder that is not there.
    """
    if choice == "none":
        return Database(f"{SCRATCH}/index", "", "none: each container has its own, gone when it ends")
    if choice == "auto" and not configured:
        return Database(INDEX_PATH, INDEX_VOLUME, f"the volume {INDEX_VOLUME} (DSPY_TUI_DB_URI is not set)")
    uri, origin = (configured, "DSPY_TUI_DB_URI") if choice == "auto" else (choice, "--db")
    if "://" in uri:
        return Database(uri, "", f"{mask_secrets(uri)} ({origin})")
    folder = Path(os.path.normpath(here / Path(uri).expanduser()))
    if not folder.is_dir():
        raise UsageError(
            f"the folder of the database ({origin}) is not there: {one_line(str(folder))}",
            hint="Make it, and give group 10001 its rights: fix_workspace_perms.sh DIR.",
        )
    return Database(INDEX_PATH, str(folder), f"the folder {folder} ({origin})")
