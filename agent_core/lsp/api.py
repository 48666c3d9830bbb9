"""The vocabulary of language servers: which one, how it stands, what it says of a text."""

from __future__ import annotations

import shlex
from typing import Literal

import msgspec

from agent_core.lsp.positions import Encoding, Spot

ServerState = Literal["idle", "starting", "ready", "ended", "missing", "off"]
"""`idle`: not started, or resting; `ended`: given up for this session; `off`: by the settings."""


class ServerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A language server that is installed, or would be used if it were.

    `language` is python, typescript, rust or go; `argv` is run in the workspace's root. `inside` says that
    the program lies in the workspace. `found` is False where it is not installed; `why` says so in words.
    """

    language: str
    name: str
    argv: tuple[str, ...]
    inside: bool = False
    found: bool = True
    off: bool = False
    why: str = ""

    @property
    def line(self) -> str:
        """The line that is run, as a person would type it: what permission rules look at."""
        return shlex.join(self.argv)


class ServerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a server stands. `detail` says why it was given up, or what it is doing; `pid` is 0 without one."""

    language: str
    name: str
    command: str
    state: ServerState
    detail: str = ""
    pid: int = 0
    sandboxed: bool = False


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One diagnostic: its place as the server counts; severity 1 is an error, 2 a warning, 3 a note."""

    spot: Spot
    message: str
    severity: int
    code: str = ""


class Abilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says that it can do.

    `pulls`: it is asked for diagnostics; otherwise it tells. `asks_tsserver`: the program behind it can be
    asked in its own protocol.
    """

    encoding: Encoding = "utf-16"
    pulls: bool = False
    asks_tsserver: bool = False
    defines: bool = False
    refers: bool = False
    name: str = ""


class Where(msgspec.Struct, frozen=True):
    """A place in a file that a server names."""

    uri: str
    spot: Spot


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the workspace: `path` relative to its root, line and column from 1."""

    path: str
    line: int
    column: int
