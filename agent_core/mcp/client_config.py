"""Which servers of the Model Context Protocol are named here, and by whom.

[mcp_servers.github]                    in the user's config.toml: is started when it is needed
command = "github-mcp-server"
args = ["stdio"]
env = { GITHUB_TOKEN = "${GITHUB_TOKEN}" }

The same in the workspace's `.dspy_tui/config.toml`, and `{"mcpServers": {…}}` in its `.mcp.json`, as other
assistants have it, come from whoever wrote the repository: nothing of them is started before a person allowed
exactly what stands there, which is shown whole, and nothing of it is given a secret of this program.
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
from agent_core.mcp.client_entry import Entry, filled_text, refuse_ours
from agent_core.text import one_line, pictured, shorten
from agent_core.workspace import Workspace

TABLE = MCP_TABLE
"""The table of a config.toml."""
FILE = ".mcp.json"
_LIMIT = 1 << 20
_MOST = 64
"""Servers of one file."""
_LONGEST_NAME = 24
_NAME = re.compile(r"[a-z][a-z0-9-]{0,23}")
LONGEST = 2_000
"""Characters of what a workspace's server is started with: what is longer nobody would read."""
_LOCAL = ("localhost", "127.0.0.1", "::1")
Source = Literal["user", "workspace"]


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A server under its name. `source` says whether its user wrote it; `where` is the file.

    `host` is that of its address, variables filled in; "" for a program.
    """

    name: str
    entry: Entry
    source: Source
    where: str
    host: str = ""

    @property
    def content(self) -> str:
        """What a permission to start it is about: changes with everything that is written of it."""
        written = json.dumps(msgspec.to_builtins(self.entry), sort_keys=True)
        return hashlib.sha256(f"{self.name}\0{written}".encode()).hexdigest()[:16]

    @property
    def is_remote(self) -> bool:
        """Whether what is sent to it leaves this machine."""
        return bool(self.entry.url) and self.host not in _LOCAL

    @property
    def described(self) -> str:
        """What would be started or spoken to, on one line, and no variable filled in.

        Of a user's own, secrets are masked. What a workspace names is what a person is asked about: it is
        shown as it is, as what looks like a secret may be code; but for single words as values.
        """
        return both_ends(self.written, LONGEST)

    @property
    def written(self) -> str:
        """The same, however long."""
        entry = self.entry
        line = entry.url or shlex.join((entry.command, *entry.args))
        values = (*entry.env.items(), *entry.headers.items())
        if self.source == "user":
            told = mask_secrets(_told(line, entry.cwd, [f"{name}={value}" for name, value in values]))
        else:
            told = _told(line, entry.cwd, [_value(name, value) for name, value in values])
        return one_line(pictured(told.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")))


def _told(line: str, cwd: str, values: list[str]) -> str:
    more = [*([f"in {shlex.quote(cwd)}"] if cwd else []), *([f"with {', '.join(values)}"] if values else [])]
    return line + (f"  ({'; '.join(more)})" if more else "")


def _value(name: str, value: str) -> str:
    """A variable or header of a workspace's server: masked where it is a word or two, and no command."""
    told = f"{name}={shlex.quote(value)}"
    return told if "$(" in value or len(value.split()) > 2 else mask_secrets(told)


def both_ends(text: str, most: int) -> str:
    """The text, without its middle where it is longer."""
    half = max(most - 40, 40) // 2
    if len(text) <= most:
        return text
    return f"{text[:half]} … {len(text) - 2 * half:,} characters more … {text[-half:]}"


class Found(msgspec.Struct, frozen=True):
    """The servers by name, what was wrong with others, and what is otherwise than it was written."""

    servers: dict[str, Named]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_servers(workspace: Workspace, user_file: Path, env: Mapping[str, str]) -> Found:
    """Every server that is named here; of two with one name the user's counts. Reads files: for a thread."""
    servers: dict[str, Named] = {}
    problems: list[str] = []
    notes: list[str] = []
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
        shown = _shown(path, workspace)
        for called, written in list(table.items())[:_MOST]:
            try:
                named = _named(called, written, source=source, where=shown, env=env)
                if named.name in servers:
                    raise ValueError(f"another one is called so, in {servers[named.name].where}")
            except ValueError as error:
                problems.append(f"{shown}: the server {_quoted(called)} is left out: {_reason(error)}")
                continue
            servers[named.name] = named
            if named.name != called:
                notes.append(f"{shown}: the server {_quoted(called)} is called {named.name} here")
            if strange := sorted(set(written) - {*Entry.__struct_fields__}):
                keys = shorten(", ".join(one_line(key) for key in strange), 160)
                notes.append(
                    f"{shown}: of the server {named.name} this is not known here, and left out: {keys}"
                )
    return Found(servers, tuple(problems), tuple(notes))


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


def _named(called: str, written: Any, *, source: Source, where: str, env: Mapping[str, str]) -> Named:
    """Raises ValueError, which says what is wrong and nothing of the values."""
    name = called if _NAME.fullmatch(called) else _alias(called)
    try:
        entry = msgspec.convert(written, Entry)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    if bool(entry.command) == bool(entry.url):
        raise ValueError("it needs a `command` or a `url`")
    if entry.type == "sse":
        raise ValueError("its type is sse, which the protocol gave up; only http is spoken")
    if source == "workspace":
        refuse_ours(entry)
    host = _host(entry.url, env) if entry.url else ""
    named = Named(name=name, entry=entry, source=source, where=where, host=host)
    if source == "workspace" and (long := len(named.written)) > LONGEST:
        raise ValueError(f"nobody could read what would be started: {long:,} characters, {LONGEST:,} at most")
    return named


def _alias(called: str) -> str:
    """A name that can be typed, for one that other assistants have; raises ValueError."""
    name = re.sub(r"[^a-z0-9]+", "-", called.lower()).strip("-")
    name = (name if name[:1].isalpha() else f"mcp-{name}")[:_LONGEST_NAME].rstrip("-")
    if not re.search(r"[a-z0-9]", called.lower()) or not _NAME.fullmatch(name):
        raise ValueError(f"a name is small letters, digits and -, {_LONGEST_NAME} at most")
    return name


def _host(url: str, env: Mapping[str, str]) -> str:
    """The host of an address; "" where a variable is missing, which its start tells. Raises ValueError."""
    try:
        whole = filled_text(url, env)
    except ValueError:
        return ""
    try:
        parts = urlsplit(whole)
        host = parts.hostname or ""
    except ValueError:
        raise ValueError("its `url` is no address") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("its `url` is none of http or https")
    if not host or re.search(r"[\s\\\x00-\x1f]", whole):
        raise ValueError("its `url` is no address")
    return host


def _shown(path: Path, workspace: Workspace) -> str:
    return path.relative_to(workspace.root).as_posix() if path.is_relative_to(workspace.root) else str(path)


def _quoted(name: str) -> str:
    return repr(shorten(one_line(name), 40))


def _reason(error: Exception) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return shorten(one_line(mask_secrets(said)), 160) or type(error).__name__
