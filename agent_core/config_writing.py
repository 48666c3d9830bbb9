"""Write a setting into a configuration file, and take it out again; all else in the file stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from agent_core.config import MASK, Config, default_user_file, workspace_file
from agent_core.config_sources import SCHEMA, Field, fields, masked_setting, nearest, parsed
from agent_core.errors import ConfigError
from agent_core.files import locked, read_bounded, write_atomic
from agent_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent_core.workspace import Workspace

Where = Literal["user", "workspace"]
_LIMIT = 1 << 20


class Target:
    """One of the two files.

    Args:
        where: Whose it is.
        workspace: The workspace, for its file.
        env: Where the user's folders are; this process's environment by default.
    """

    def __init__(self, where: Where, workspace: Workspace, env: Mapping[str, str] | None = None) -> None:
        self.where: Where = where
        self.path = default_user_file(env) if where == "user" else workspace_file(workspace.root)
        self._workspace = workspace

    def prepare(self) -> None:
        """Make the file's folder. Raises `WorkspaceError` and OSError."""
        if self.where == "workspace":
            self._workspace.own.ensure_state_dir()
        else:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def settable(name: str, where: Where) -> Field:
    """A setting that may stand in that file. Raises `ConfigError` saying where it belongs instead."""
    field = fields().get(name)
    if field is None:
        raise ConfigError(
            f"There is no setting {one_line(name)!r}{nearest(name)}", hint="`config show` lists all of them."
        )
    if field.env_only or field.secret:
        key = "" if field.env_only else "`auth login` keeps a key in the system's keyring"
        variable = f"the variable {field.env} has it" if field.env else ""
        raise ConfigError(
            f"{name} is not kept in a file: it is a secret", hint="; ".join(filter(None, (key, variable)))
        )
    if field.user_only and where == "workspace":
        raise ConfigError(
            f"{name} cannot be set by a workspace, only by its user",
            hint="Whoever writes the repository must not choose it; set it in the user's file.",
        )
    return field


def set_value(target: Target, name: str, text: str) -> Any:
    """Write a setting, spelled as for a flag, and return its value; it takes a moment, and is not for a loop.

    A value of None, which is "unset" where a setting may have none, takes it out.

    Raises:
        ConfigError: The value does not fit, it does not belong there, or the file cannot be used.
        WorkspaceError: The workspace's folder for it cannot be made.
    """
    field = settable(name, target.where)
    if MASK in text:
        raise ConfigError(f"{name}: dots that stand for a secret are no value", hint="Type all of it.")
    value = parsed(field, text)
    if value is None:
        take_out(target, name)
        return None

    def change(document: dict[str, Any]) -> None:
        document[name] = list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value

    _rewrite(target, change)
    return value


def written(target: Target, name: str) -> str | None:
    """What a file says of a setting, spelled as for a flag; None where it does not, or cannot be read."""
    import tomllib

    from agent_core.config_said import spelled

    try:
        table = tomllib.loads(
            read_bounded(target.path, _LIMIT, follow=target.where == "user").decode("utf-8-sig")
        )
    except (OSError, ValueError, RecursionError):
        return None
    return spelled(table[name]) if name in table else None


def take_out(target: Target, name: str) -> bool:
    """Take a setting out of a file; whether it stood there. Raises as `set_value` does."""
    settable(name, target.where)
    found = False

    def change(document: dict[str, Any]) -> None:
        nonlocal found
        found = document.pop(name, None) is not None

    _rewrite(target, change, new=False)
    return found


def _rewrite(target: Target, change: Callable[[dict[str, Any]], None], *, new: bool = True) -> None:
    """Change a file as a whole; a `new` one is made where there is none."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    path, own = target.path, target.where == "user"
    try:
        if not new and not path.exists():
            return
        target.prepare()
        # A repository must not have us write into a file elsewhere; a user may well link to their own.
        path = path.resolve() if own else path
        with locked(path):
            try:
                content = read_bounded(path, _LIMIT + 1, follow=own)
            except FileNotFoundError:
                content = b""
            if len(content) > _LIMIT:
                raise ConfigError(f"{one_line(str(path))} is larger than 1 MB", hint="Make it smaller first.")
            document = tomlkit.parse(content.decode("utf-8-sig"))
            plain = cast("dict[str, Any]", document)  # keeps what stands around the values
            _check_version(path, plain.get("schema", SCHEMA))
            change(plain)
            changed = tomlkit.dumps(document).encode()
            if changed != content:
                mode = path.stat().st_mode & 0o777 if content else 0o600 if own else 0o644
                write_atomic(path, changed, mode=mode, exact=bool(content))
    except (TOMLKitError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"{one_line(str(path))} is broken ({one_line(str(error))})",
            hint="Mend it first; nothing was written.",
        ) from None
    except (OSError, RuntimeError) as error:  # the latter for links that lead in a circle
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ConfigError(
            f"{one_line(str(path))} cannot be written ({reason})",
            hint="Check its rights and its folder's.",
        ) from None


def _check_version(path: Path, schema: Any) -> None:
    if not isinstance(schema, int) or schema > SCHEMA:
        raise ConfigError(
            f"{one_line(str(path))} is for a newer version of dspy-tui",
            hint="Update dspy-tui; nothing was written.",
        )


def overruled(config: Config, name: str, where: Where) -> str:
    """What hides a value that is written there, such as "the variable OLLAMA_MODEL"; "" for nothing."""
    if fields()[name].adds_up:
        return ""
    origin = config.origins[name]
    match origin.kind:
        case "flag":
            return f"the flag {origin.detail}"
        case "environment":
            return f"the variable {origin.detail}"
        case "workspace file" if where == "user":
            return f"the workspace's file {origin.detail}"
        case _:
            return ""


def changed(target: Target, name: str, text: str | None) -> str:
    """Write a setting, or with None take it out; what was done, in a line. Raises as these do, and blocks."""
    import msgspec

    file = one_line(str(target.path))
    if text is None:
        return f"{name} {'taken out of' if take_out(target, name) else 'is not in'} {file}"
    value = masked_setting(name, set_value(target, name, text))
    shown = "unset" if value is None else one_line(msgspec.json.encode(value).decode())
    return f"{name} = {shown} in {file}"
