"""A server as it is written, and the same with its variables and commands filled in.

`${NAME}` and `${NAME:-otherwise}` stand for variables of the environment; a value of `env` and `headers` that
is `$(command)` is what the command says.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

import msgspec

from agent_core.config_sources import fields


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A server as it is written: a program, or an address. `disabled` ones are never started."""

    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    cwd: str = ""
    url: str = ""
    headers: dict[str, str] = {}
    type: str = ""
    disabled: bool = False


class Filled(msgspec.Struct, frozen=True):
    """An entry with its variables filled in, and the values among them that are nobody else's business."""

    entry: Entry
    secrets: tuple[str, ...]


_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}")
_COMMAND = re.compile(r"\$\((.+)\)", re.DOTALL)
_PRIVATE = re.compile(r"(?i)key|token|secret|passw|auth|cookie|credential")


def ours() -> dict[str, str]:
    """The variables that hold secrets of this program, and the settings that they are for."""
    return {field.env: field.name for field in fields().values() if field.secret and field.env}


def refuse_ours(entry: Entry) -> None:
    """Raises ValueError where an entry asks for a secret of this program."""
    secret = ours()
    written = (entry.command, *entry.args, entry.cwd, entry.url, *entry.env.values(), *entry.headers.values())
    for text in written:
        asked = [match[1] for match in _VARIABLE.finditer(text)]
        if is_command(text):
            asked += re.findall(r"\w+", text)
        if name := next((name for name in asked if name in secret), ""):
            raise ValueError(
                f"it asks for {name}, a secret of dspy-tui (setting {secret[name]}), which nothing that a"
                " workspace names is given"
            )


def is_command(value: str) -> bool:
    """Whether a value is what a command says."""
    return _COMMAND.fullmatch(value.strip()) is not None


def commands_in(entry: Entry) -> dict[str, list[str]]:
    """The values that commands say, by what stands there; raises ValueError where one is no command."""
    values = (*entry.env.values(), *entry.headers.values())
    return {value: shlex.split(match[1]) for value in values if (match := _COMMAND.fullmatch(value.strip()))}


def filled_text(text: str, env: Mapping[str, str]) -> str:
    """The text with its variables filled in; raises ValueError where one is not set."""
    return _VARIABLE.sub(lambda match: _value(match, env), text)


def _value(match: re.Match[str], env: Mapping[str, str]) -> str:
    value = env.get(match[1]) or match[2]
    if value is None:
        raise ValueError(f"the environment has no {match[1]}")
    return value


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

    def text(value: str) -> str:
        for match in _VARIABLE.finditer(value):
            if env.get(match[1]) and _PRIVATE.search(match[1]):
                secrets[env[match[1]]] = None
        return filled_text(value, env)

    def private(name: str, value: str) -> str:
        whole = said[value] if value in said else text(value)
        if value in said or value != whole or _PRIVATE.search(name):
            secrets[whole] = None
        return whole

    whole = Entry(
        command=text(entry.command),
        args=tuple(text(arg) for arg in entry.args),
        env={name: private(name, value) for name, value in entry.env.items()},
        cwd=text(entry.cwd),
        url=text(entry.url),
        headers={name: private(name, value) for name, value in entry.headers.items()},
    )
    return Filled(whole, tuple(value for value in secrets if value))
