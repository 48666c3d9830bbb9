"""Which servers of the Model Context Protocol are named here, and by whom.

[mcp_servers.github]                    in the user's config.toml: is started when it is needed
command = "github-mcp-server"
args = ["stdio"]
env = { GITHUB_TOKEN = "${GITHUB_TOKEN}" }

The same in the workspace's `.dspy_tui/config.toml`, and `{"mcpServers": {…}}` in its `.mcp.json`, as other
assistants have it, come from whoever wrote the repository: nothing of them is started before a person allowed
exactly what stands there. `${NAME}` and `${NAME:-otherwise}` stand for variables of the environment; a value
of `env` and `headers` that is `$(command)` is what the command says.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import msgspec

from agent_core.config_sources import MCP_TABLE
from agent_core.errors import AgentError
from agent_core.files import read_bounded
from agent_core.folders import lies_in_workspace
from agent_core.masking import mask_secrets
from agent_core.text import one_line, shorten
from agent_core.workspace import Workspace

TABLE = MCP_TABLE
"""The table of a config.toml."""
FILE = ".mcp.json"
BETWEEN = "__"
"""Between the server's name and its tool's."""
_LIMIT = 1 << 20
_MOST = 64
"""Servers of one file."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,23}")
_LOCAL = ("localhost", "127.0.0.1", "::1")
Source = Literal["user", "workspace"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A server as it is written: a program, or an address. `disabled` ones are never started."""

    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    url: str = ""
    headers: dict[str, str] = {}
    type: str = ""
    disabled: bool = False


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A server under its name. `source` says whether its user wrote it; `where` is the file."""

    name: str
    entry: Entry
    source: Source
    where: str

    @property
    def content(self) -> str:
        """What a permission to start it is about: changes with everything that is written of it."""
        written = json.dumps(msgspec.to_builtins(self.entry), sort_keys=True)
        return hashlib.sha256(f"{self.name}\0{written}".encode()).hexdigest()[:16]

    @property
    def is_remote(self) -> bool:
        """Whether what is sent to it leaves this machine."""
        return bool(self.entry.url) and (urlsplit(self.entry.url).hostname or "") not in _LOCAL

    @property
    def described(self) -> str:
        """What would be started or spoken to, on one line, secrets masked and no variable filled in."""
        entry = self.entry
        line = entry.url or shlex.join((entry.command, *entry.args))
        more = [f"{name}={value}" for name, value in (*entry.env.items(), *entry.headers.items())]
        told = line + (f"  (with {', '.join(more)})" if more else "")
        return one_line(mask_secrets(told))


class Found(msgspec.Struct, frozen=True):
    """The servers by name, and what was wrong with others."""

    servers: dict[str, Named]
    problems: tuple[str, ...] = ()


def read_servers(workspace: Workspace, user_file: Path) -> Found:
    """Every server that is named here; of two with one name the user's counts. Reads files: for a thread."""
    servers: dict[str, Named] = {}
    problems: list[str] = []
    for path, source in _files(workspace, user_file):
        try:
            if source == "workspace":
                workspace.resolve(workspace.relative(path))  # a link may lead elsewhere
            table = _table(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (AgentError, OSError, ValueError, RecursionError) as error:
            problems.append(f"{_shown(path, workspace)}: {_reason(error)}; its servers are left out")
            continue
        for name, written in list(table.items())[:_MOST]:
            try:
                entry = _entry(name, written)
                if name in servers:
                    raise ValueError(f"another one is called so, in {servers[name].where}")
            except ValueError as error:
                problems.append(
                    f"{_shown(path, workspace)}: the server {_quoted(name)} is left out: {_reason(error)}"
                )
                continue
            servers[name] = Named(name=name, entry=entry, source=source, where=_shown(path, workspace))
    return Found(servers, tuple(problems))


def signature(workspace: Workspace, user_file: Path) -> tuple[Any, ...]:
    """Changes when one of the files does; cheap."""
    seen: list[Any] = []
    for path, _ in _files(workspace, user_file):
        try:
            stat = path.stat()
            seen.append((stat.st_mtime_ns, stat.st_size, stat.st_ino))
        except OSError:
            seen.append(None)
    return tuple(seen)


def _files(workspace: Workspace, user_file: Path) -> tuple[tuple[Path, Source], ...]:
    own = workspace.own.state_dir / "config.toml"
    users: Source = "workspace" if lies_in_workspace(user_file, workspace.root) else "user"
    return ((user_file, users), (own, "workspace"), (workspace.root / FILE, "workspace"))


def _table(path: Path) -> dict[str, Any]:
    content = read_bounded(path, _LIMIT + 1)
    if len(content) > _LIMIT:
        raise ValueError("larger than 1 MB")
    text = content.decode("utf-8-sig")
    if path.suffix == ".json":
        whole: Any = json.loads(text or "{}")
        name = "mcpServers"
    else:
        import tomllib

        whole, name = tomllib.loads(text), TABLE
    if not isinstance(whole, dict):
        raise ValueError("it is no table")
    found: Any = cast("dict[str, Any]", whole).get(name, {})
    if not isinstance(found, dict):
        raise ValueError("the servers are no table of names")
    return cast("dict[str, Any]", found)


def _entry(name: str, written: Any) -> Entry:
    """Raises ValueError, which says what is wrong and nothing of the values."""
    if not _NAME.fullmatch(name):
        raise ValueError("a name is small letters, digits and -, 24 at most")
    try:
        entry = msgspec.convert(written, Entry)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    if bool(entry.command) == bool(entry.url):
        raise ValueError("it needs a `command` or a `url`")
    if entry.url and urlsplit(entry.url).scheme not in ("http", "https"):
        raise ValueError("its `url` is none of http or https")
    if entry.type == "sse":
        raise ValueError("its type is sse, which the protocol gave up; only http is spoken")
    return entry


def _shown(path: Path, workspace: Workspace) -> str:
    return path.relative_to(workspace.root).as_posix() if path.is_relative_to(workspace.root) else str(path)


def _quoted(name: str) -> str:
    return repr(shorten(one_line(name), 40))


def _reason(error: Exception) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return shorten(one_line(mask_secrets(said)), 160) or type(error).__name__


class Filled(msgspec.Struct, frozen=True):
    """An entry with its variables filled in, and the values among them that are nobody else's business."""

    entry: Entry
    secrets: tuple[str, ...]


_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}")
_COMMAND = re.compile(r"\$\((.+)\)", re.DOTALL)
_PRIVATE = re.compile(r"(?i)key|token|secret|passw|auth|cookie|credential")


def commands_in(entry: Entry) -> dict[str, list[str]]:
    """The values that commands say, by what stands there; raises ValueError where one is no command."""
    values = (*entry.env.values(), *entry.headers.values())
    return {value: shlex.split(match[1]) for value in values if (match := _COMMAND.fullmatch(value.strip()))}


def filled(entry: Entry, env: Mapping[str, str], said: Mapping[str, str]) -> Filled:
    """Fill in what is left to variables and commands.

    Args:
        entry: As it is written.
        env: The environment.
        said: What the commands of `commands_in` said.

    Raises:
        ValueError: A variable is not set.
    """
    secrets: dict[str, None] = {}

    def variable(match: re.Match[str]) -> str:
        value = env.get(match[1]) or match[2]
        if value is None:
            raise ValueError(f"the environment has no {match[1]}")
        if env.get(match[1]) and _PRIVATE.search(match[1]):
            secrets[value] = None
        return value

    def text(value: str) -> str:
        return _VARIABLE.sub(variable, value)

    def private(name: str, value: str) -> str:
        whole = said[value] if value in said else text(value)
        if value in said or value != whole or _PRIVATE.search(name):
            secrets[whole] = None
        return whole

    whole = Entry(
        command=text(entry.command),
        args=tuple(text(arg) for arg in entry.args),
        env={name: private(name, value) for name, value in entry.env.items()},
        url=text(entry.url),
        headers={name: private(name, value) for name, value in entry.headers.items()},
    )
    return Filled(whole, tuple(value for value in secrets if value))
