"""The origins of settings, laid over one another from the least to the most important."""

from __future__ import annotations

import math
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

import msgspec

from agent_core.config import MASK, Config, Origin, OriginKind, Settings
from agent_core.errors import ConfigError
from agent_core.files import read_bounded
from agent_core.text import one_line

MCP_TABLE = "mcp_servers"
"""The table of servers of the Model Context Protocol: `mcp/client_config.py` reads it, `mcp` lists them."""
UNUSABLE = ""
"""The one name in a table of settings that is there and cannot be used; its value says why."""
_NEEDED = ("kafka_security",)
"""Settings that are not left out where they are wrong: without them, things would be done less safely."""
_SECRET = "(?i)passw|secret|token"
_SECRET_NAME = f"{_SECRET}|api_?key$|api_?key[^a-z]"
_DENY = "deny"
_KEY_COMMAND = "api_key_command"
_LIMIT = 1 << 20
SCHEMA = 1
"""The version of the files; one that says none is of it."""
_BOOLS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


class Field(msgspec.Struct, frozen=True):
    """A setting as its annotation describes it."""

    name: str
    type: Any
    description: str
    env: str
    secret: bool
    user_only: bool
    env_only: bool
    no_flag: bool
    adds_up: bool
    rules: bool


@cache
def fields() -> dict[str, Field]:
    """All settings by name, in the order of the table."""
    found: dict[str, Field] = {}
    for name, annotated in get_type_hints(Settings, include_extras=True).items():
        kind, meta = get_args(annotated)
        assert isinstance(meta, msgspec.Meta) and meta.extra is not None
        # What msgspec checks is the annotation as a whole: the type with its bounds.
        found[name] = Field(name, (kind, annotated), meta.description or "", **meta.extra)
    return found


class Layers:
    """Settings as far as they are known; each call lays one origin over the earlier ones."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._origins: dict[str, Origin] = {}
        self._warnings: list[str] = []
        self._doubts: list[str] = []

    def config(self) -> Config:
        """The result."""
        origins = {name: self._origins.get(name, Origin()) for name in Settings.__struct_fields__}
        settings = Settings(**self._values)
        warnings, doubts = tuple(self._warnings), tuple(self._doubts)
        return Config(settings=settings, origins=origins, warnings=warnings, doubts=doubts)

    def file(self, path: Path, kind: OriginKind, *, own: bool = False) -> None:
        """A TOML file; what is wrong in it is named and left out, and the file stays as it is.

        Where that may be a rule of `deny`, it is a doubt: one that does not parse, and the whole of the
        user's `own` file. The latter is also looked at for a key that others can read.
        """
        table = self._table(path, own=own)
        if own and any(_holds_secret(name, fields().get(name)) for name in table) and _others_read(path):
            self._warn(path, f"it holds a key, and others can read it: `chmod 600 {shlex.quote(str(path))}`")
        if own and kind == "workspace file" and table:
            self._warn(path, "it lies in the workspace, so that it counts as the workspace's")
        for name, value in table.items():
            if _denies_below(value):
                self._doubt(path, f"{_DENY} stands below [{one_line(name)}]; it belongs above every table")
            if name == MCP_TABLE:
                continue
            field = fields().get(name)
            if kind == "workspace file" and _holds_secret(name, field):
                self._refuse_secret(path, name)
            elif field is None:
                near = nearest(name)
                what = f"unknown setting {one_line(name)!r}{near}"
                if _DENY in near:
                    self._doubt(path, what)
                else:
                    self._warn(path, f"{what}; left out")
            elif field.user_only and kind == "workspace file":
                self._warn(path, f"{name} cannot be set by a workspace, only by its user; left out")
            elif field.env_only:
                self._warn(path, f"{name} is taken from the variable {field.env} alone; left out")
            elif name == _DENY:
                self._deny(path, field, value, Origin(kind, str(path)))
            else:
                origin = Origin(kind, str(path))
                try:
                    self._set(field, _checked(field, value, strict=True), origin)
                except ConfigError as error:
                    self._leave_out(field, f"{one_line(str(path))}: {error.message}", origin)

    def _refuse_secret(self, path: Path, name: str) -> None:
        """A repository's file is read by everybody who has the repository; and it may not choose our keys."""
        self._warn(
            path,
            f"{one_line(name)[:60]} is refused: no key or password is taken from a file of the workspace. "
            "Remove it there; `dspy-tui auth login` keeps a key in the keyring",
        )

    def _deny(self, path: Path, field: Field, value: Any, origin: Origin) -> None:
        """The rules that parse hold; each that does not is a doubt."""
        kept: list[str] = []
        for rule in cast("list[Any]", value) if isinstance(value, list) else [None]:
            try:
                kept += _checked(field, value if rule is None else [rule], strict=True)
            except ConfigError as error:
                self._doubt(path, error.message)
        self._set(field, tuple(kept), origin)

    def _table(self, path: Path, *, own: bool) -> dict[str, Any]:
        unread = self._doubt if own else partial(self._warn, after="; its settings are left out")
        try:
            content = read_bounded(path, _LIMIT + 1)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            unread(path, f"cannot be read ({reason})")
            return {}
        if len(content) > _LIMIT:
            unread(path, "larger than 1 MB")
            return {}
        import tomllib

        try:
            table = tomllib.loads(content.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            unread(path, f"broken ({error})")
            return {}
        schema = table.pop("schema", SCHEMA)
        if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
            self._warn(path, "schema is no version; left out")
        elif schema > SCHEMA:
            unread(path, f"for a newer version of dspy-tui (schema {schema})")
            return {}
        return table

    def environment(self, env: Mapping[str, str]) -> None:
        """Environment variables; an empty one counts as unset."""
        self._use_ollama(env)
        for field in fields().values():
            text = env.get(field.env) if field.env else None
            if not text:
                continue
            origin = Origin("environment", field.env)
            try:
                value = parsed(field, text)
            except ConfigError as error:
                self._leave_out(field, f"environment variable {field.env}: {error.message}", origin)
                continue
            earlier = self._origins.get(field.name)
            if field.name == "provider" and earlier and earlier.detail == "USE_OLLAMA" and value != "ollama":
                self._warnings.append(f"{field.env}={value} and USE_OLLAMA=true disagree; {field.env} wins")
            self._set(field, value, origin)

    def _use_ollama(self, env: Mapping[str, str]) -> None:
        text = env.get("USE_OLLAMA", "").strip()
        wanted = _BOOLS.get(text.lower()) if text else False
        if wanted is None:
            self._warnings.append(
                f"environment variable USE_OLLAMA: {one_line(text)!r} is neither true nor false; left out"
            )
        elif wanted:
            self._set(fields()["provider"], "ollama", Origin("environment", "USE_OLLAMA"))

    def flags(self, flags: Mapping[str, str]) -> None:
        """Command-line flags; raises `ConfigError`."""
        for name, text in flags.items():
            field = fields().get(name.replace("-", "_"))
            if field is None:
                message = f"unknown setting {one_line(name)!r}{nearest(name)}"
                raise ConfigError(message, hint="`dspy-tui config show` lists all of them.")
            if field.env_only or field.no_flag:
                raise ConfigError(
                    f"{field.name} is no flag: everybody could read it in the list of processes",
                    hint=f"Set the environment variable {field.env}.",
                )
            value = parsed(field, text)
            shown = _shown(field, value if _is_table(field.type[0]) else text)
            self._set(field, value, Origin("flag", f"{field.name}={shown}"))

    def _set(self, field: Field, value: Any, origin: Origin) -> None:
        if field.adds_up:
            value = tuple(dict.fromkeys((*self._values.get(field.name, ()), *value)))
        self._values[field.name] = value
        self._origins[field.name] = origin

    def _leave_out(self, field: Field, why: str, origin: Origin) -> None:
        if field.name in _NEEDED:
            self._set(field, {UNUSABLE: why}, origin)
            self._warnings.append(f"{why}; what needs it is not done")
        else:
            self._warnings.append(f"{why}; left out")

    def _warn(self, path: Path, what: str, *, after: str = "") -> None:
        self._warnings.append(f"{one_line(str(path))}: {what}{after}")

    def _doubt(self, path: Path, what: str) -> None:
        """What is left out may be a rule of `deny`."""
        self._doubts.append(f"{one_line(str(path))}: {what}")
        self._warn(path, f"{what}; left out, and until it is mended no rule allows anything: everything asks")


def _denies_below(value: Any, depth: int = 2) -> bool:
    """Whether rules stand in a table, such as at the end of a file: they were meant for all of it."""
    if not isinstance(value, dict) or not depth:
        return False
    table = cast("dict[str, Any]", value)
    return isinstance(table.get(_DENY), list) or any(
        _denies_below(each, depth - 1) for each in table.values()
    )


def _others_read(path: Path) -> bool:
    try:
        return os.name == "posix" and path.stat().st_mode & 0o044 != 0
    except OSError:
        return False


def _holds_secret(name: str, field: Field | None) -> bool:
    if field is not None:
        return field.secret
    return re.search(_SECRET_NAME, name) is not None


def nearest(name: str) -> str:
    """A setting with a name like that, to be put behind an error; "" for none."""
    from difflib import get_close_matches

    near = get_close_matches(name.lower(), fields(), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def parsed(field: Field, text: str) -> Any:
    """The value that a flag or a variable spells."""
    kind = field.type[0]
    text = text.strip()
    value: Any = text
    if _is_bool(kind):
        lowered = text.lower()
        value = None if lowered in ("unset", "none", "default", "") else _BOOLS.get(lowered, text)
    elif _is_table(kind):
        value = _table(field, text)
    elif _is_list(kind) and text.startswith("["):
        value = _listed(field, text)
    elif _is_list(kind):
        value = [part.strip() for part in text.split(",") if part.strip()]
    return _checked(field, value, strict=False)


def _is_bool(kind: Any) -> bool:
    return kind is bool or bool in get_args(kind)


def _is_list(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) is tuple


def _is_table(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) is dict


def _listed(field: Field, text: str) -> list[str]:
    try:
        return msgspec.json.decode(text, type=list[str])
    except (ValueError, RecursionError):
        hint = 'It is A,B,C or, such as for commas in one, JSON: ["A", "B"].'
        raise ConfigError(f"{field.name} begins as JSON and is no list of texts", hint=hint) from None


_TABLE = 'It is NAME=VALUE,NAME=VALUE or, such as for commas in values, JSON: {"NAME": "VALUE"}.'


def _table(field: Field, text: str) -> dict[str, Any]:
    """What a flag or a variable says of a table. Errors quote nothing of it: it may have secrets."""
    if text.startswith("{"):
        try:
            return msgspec.json.decode(text, type=dict[str, Any])
        except (ValueError, RecursionError):
            raise ConfigError(f"{field.name} begins as JSON and is none", hint=_TABLE) from None
    parts = [part.partition("=") for part in text.split(",") if part.strip()]
    for number, (name, equals, _) in enumerate(parts, 1):
        if not (equals and name.strip()):
            what = f"part {number} of {len(parts)}" if len(parts) > 1 else "its value"
            raise ConfigError(f"{field.name}: {what} is not NAME=VALUE", hint=_TABLE)
    found = {name.strip(): value.strip() for name, _, value in parts}
    if len(found) < len(parts):
        raise ConfigError(f"{field.name} says something twice", hint=_TABLE)
    return found


def _checked(field: Field, value: Any, *, strict: bool) -> Any:
    """The value if it fits the setting; raises `ConfigError`, which never shows a secret."""
    if _is_table(field.type[0]):
        value = _fitting(field, value)
    try:
        fitting: Any = msgspec.convert(value, field.type[1], strict=strict)
    except msgspec.ValidationError as error:
        shown = _shown(field, value)
        kinds = get_args(field.type[0]) if get_origin(field.type[0]) is Literal else ()
        hint = f"It is one of {', '.join(kinds)}." if kinds else ""
        raise ConfigError(f"{field.name}: {shown} does not fit ({_reason(error)})", hint=hint) from None
    if field.rules:
        _check_rules(field.name, fitting)
    if isinstance(fitting, float) and not math.isfinite(fitting):
        raise ConfigError(f"{field.name}: {value} is not a number")
    if isinstance(fitting, str) and not fitting.isprintable():
        raise ConfigError(f"{field.name}: control characters do not belong into it")
    return fitting


def _fitting(field: Field, value: Any) -> dict[str, str]:
    """A table of texts; true and false are texts, too."""
    said = cast("dict[str, Any]", value) if isinstance(value, dict) else {UNUSABLE: value}
    found = {name: str(each).lower() if isinstance(each, bool) else each for name, each in said.items()}
    if UNUSABLE in found or not all(isinstance(each, str) for each in found.values()):
        raise ConfigError(f"{field.name} is no table of names and texts", hint=_TABLE)
    return found


def _check_rules(name: str, rules: tuple[str, ...]) -> None:
    from agent_core.permissions import parse_rule

    for rule in rules:
        try:
            parse_rule(rule)
        except ConfigError as error:
            raise ConfigError(f"{name}: {error.message}", hint=error.hint) from None


def _shown(field: Field, value: Any) -> str:
    if field.secret:
        return MASK
    shown = masked_setting(field.name, value)
    return one_line(shown if isinstance(shown, str) else repr(shown))[:200]


def masked_setting(name: str, value: Any) -> Any:
    """A setting's value as it may be shown: of the command that says a key only its program."""
    if name == _KEY_COMMAND and isinstance(value, str) and value:
        from agent_core.credentials.command import words_of
        from agent_core.errors import AgentError

        try:
            program, *more = words_of(value)
        except AgentError:
            return MASK
        return f"{masked(program)} …" if more else masked(program)
    return masked(value)


def masked(value: Any) -> Any:
    """A setting's value with what looks like a secret in any of its texts replaced by dots."""
    from agent_core.masking import mask_secrets

    if isinstance(value, str):
        return mask_secrets(value)
    if isinstance(value, list | tuple):
        return [masked(item) for item in cast("Sequence[Any]", value)]
    if isinstance(value, dict):
        named = cast("dict[Any, Any]", value).items()
        return {name: MASK if re.search(_SECRET, str(name)) else masked(item) for name, item in named}
    return value


def _reason(error: msgspec.ValidationError) -> str:
    text: str = masked(str(error)).replace("`", "")
    return text[:1].lower() + text[1:]
