"""The hooks that are set: in `hooks.toml` of the user's configuration, and of the workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import msgspec

from agent_core.errors import AgentError
from agent_core.files import read_bounded
from agent_core.folders import user_config_dir
from agent_core.hooks.model import Failing, Hook, HookEntry, HookEvent
from agent_core.text import one_line, shorten
from agent_core.workspace import Workspace

NAME = "hooks.toml"
_LIMIT = 256 << 10
_PROGRAM_LIMIT = 16 << 20
_MOST = 50
_VALID = {"on": get_args(HookEvent), "on_failure": get_args(Failing)}


class HookFile(msgspec.Struct, frozen=True):
    """A file of hooks. `digest` stands for its content, and that of the workspace's files that it runs;
    `trouble` says what is wrong with it, and then it has no hooks; `trusted`, that it is the user's own."""

    path: str
    hooks: tuple[Hook, ...] = ()
    digest: str = ""
    trouble: str = ""
    trusted: bool = False


def user_file(env: Mapping[str, str] | None = None) -> Path:
    """The user's."""
    return user_config_dir(env) / NAME


def workspace_file(workspace: Workspace) -> Path:
    """The workspace's."""
    return workspace.own.state_dir / NAME


def read_user(env: Mapping[str, str] | None = None) -> HookFile | None:
    """The user's hooks; None where there is no such file."""
    path = user_file(env)
    try:
        content = read_bounded(path, _LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        return HookFile(str(path), trouble=_why(error), trusted=True)
    return msgspec.structs.replace(_read(str(path), content, trusted=True), trusted=True)


def read_workspace(workspace: Workspace, path: Path | None = None) -> HookFile | None:
    """The workspace's hooks, or those of another file in it; None where there is no such file."""
    path = path or workspace_file(workspace)
    shown = str(path)
    try:
        shown = workspace.relative(path)
        workspace.resolve(shown)  # a link may lead elsewhere
        content = read_bounded(path, _LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except AgentError as error:
        return HookFile(shown, trouble=error.message)
    except (OSError, ValueError) as error:
        return HookFile(shown, trouble=_why(error))
    found = _read(shown, content, trusted=False)
    try:
        return msgspec.structs.replace(found, digest=_digest(workspace, content, found.hooks))
    except (OSError, ValueError) as error:
        return HookFile(shown, trouble=f"what it runs cannot be read: {_why(error)}")


def _read(source: str, content: bytes, *, trusted: bool) -> HookFile:
    import tomllib

    if len(content) > _LIMIT:
        return HookFile(source, trouble=f"it is larger than {_LIMIT >> 10} KiB")
    try:
        table = tomllib.loads(content.decode("utf-8-sig"))
        given: Any = table.pop("hook", [])
        if table:
            return HookFile(
                source, trouble=f"it has {shorten(one_line(', '.join(table)), 80)} beside [[hook]]"
            )
        entries = [_entry(each, number) for number, each in enumerate(msgspec.convert(given, list[Any]), 1)]
    except (ValueError, RecursionError) as error:  # what TOML and msgspec raise are such
        return HookFile(source, trouble=shorten(one_line(str(error)), 200))
    if len(entries) > _MOST:
        return HookFile(source, trouble=f"it has more than {_MOST} hooks")
    names = [entry.name for entry in entries]
    if len(set(names)) < len(names):
        return HookFile(source, trouble="two of its hooks have one name")
    return HookFile(source, tuple(_hook(entry, source, trusted=trusted) for entry in entries))


def _entry(given: Any, number: int) -> HookEntry:
    """A hook as it is written; raises ValueError, which names it."""
    try:
        return msgspec.convert(given, HookEntry)
    except msgspec.ValidationError as error:
        name: Any = msgspec.convert(given, dict[str, Any]).get("name") if isinstance(given, dict) else None
        called = f"the hook {one_line(name)}" if isinstance(name, str) and name else f"hook number {number}"
        said = str(error).replace("`$.", "`")
        valid = next((words for field, words in _VALID.items() if said.endswith(f"`{field}`")), ())
        one_of = f": there is {', '.join(valid)}" if valid else ""
        raise ValueError(f"{shorten(called, 80)}: {said}{one_of}") from None


def _hook(entry: HookEntry, source: str, *, trusted: bool) -> Hook:
    return Hook(
        name=entry.name,
        on=entry.on,
        argv=entry.run,
        tools=entry.tools,
        timeout=entry.timeout,
        on_failure=entry.on_failure or ("refuse" if entry.on == "before_tool" else "allow"),
        source=source,
        trusted=trusted,
    )


def _digest(workspace: Workspace, content: bytes, hooks: Sequence[Hook]) -> str:
    """Of the file and of every file of the workspace that one of its commands names."""
    digest = sha256(content)
    words = dict.fromkeys(word for hook in hooks for word in hook.argv)
    for word in words:
        try:
            path = workspace.resolve(word)
        except (AgentError, ValueError):
            continue
        if path.is_file():
            program = read_bounded(path, _PROGRAM_LIMIT + 1)
            if len(program) > _PROGRAM_LIMIT:
                raise ValueError(f"{one_line(word)} is larger than {_PROGRAM_LIMIT >> 20} MiB")
            digest.update(sha256(word.encode("utf-8", "replace") + b"\0" + program).digest())
    return digest.hexdigest()[:32]


def _why(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or one_line(str(error))
