"""The origins of settings, laid over one another from the least to the most important."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast, get_args, get_type_hints

import msgspec

from agent_core.config import MASK, Config, Origin, OriginKind, Settings
from agent_core.errors import ConfigError
from agent_core.files import read_bounded
from agent_core.text import one_line

_LIMIT = 1 << 20
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

    def config(self) -> Config:
        """The result."""
        origins = {name: self._origins.get(name, Origin()) for name in Settings.__struct_fields__}
        settings = Settings(**self._values)
        return Config(settings=settings, origins=origins, warnings=tuple(self._warnings))

    def file(self, path: Path, kind: OriginKind) -> None:
        """A TOML file; what is wrong in it is named and left out, and the file stays as it is."""
        table = self._table(path)
        for name, value in table.items():
            field = fields().get(name)
            if field is None:
                near = _nearest(name)
                self._warn(path, f"unknown setting {one_line(name)!r}{near}; left out")
            elif field.user_only and kind == "workspace file":
                self._warn(path, f"{name} cannot be set by a workspace, only by its user; left out")
            else:
                try:
                    self._set(field, _checked(field, value, strict=True), Origin(kind, str(path)))
                except ConfigError as error:
                    self._warn(path, f"{error.message}; left out")

    def _table(self, path: Path) -> dict[str, Any]:
        try:
            content = read_bounded(path, _LIMIT + 1)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            self._warn(path, f"cannot be read ({reason}); its settings are left out")
            return {}
        if len(content) > _LIMIT:
            self._warn(path, "larger than 1 MB; its settings are left out")
            return {}
        import tomllib

        try:
            return tomllib.loads(content.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            self._warn(path, f"broken ({error}); its settings are left out until it is repaired")
            return {}

    def environment(self, env: Mapping[str, str]) -> None:
        """Environment variables; an empty one counts as unset."""
        self._use_ollama(env)
        for field in fields().values():
            text = env.get(field.env) if field.env else None
            if not text:
                continue
            try:
                value = _parsed(field, text)
            except ConfigError as error:
                self._warnings.append(f"environment variable {field.env}: {error.message}; left out")
                continue
            earlier = self._origins.get(field.name)
            if field.name == "provider" and earlier and earlier.detail == "USE_OLLAMA" and value != "ollama":
                self._warnings.append(f"{field.env}={value} and USE_OLLAMA=true disagree; {field.env} wins")
            self._set(field, value, Origin("environment", field.env))

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
                message = f"unknown setting {one_line(name)!r}{_nearest(name)}"
                raise ConfigError(message, hint="`dspy-tui config show` lists all of them.")
            self._set(field, _parsed(field, text), Origin("flag", f"{field.name}={_shown(field, text)}"))

    def _set(self, field: Field, value: Any, origin: Origin) -> None:
        if field.adds_up:
            value = tuple(dict.fromkeys((*self._values.get(field.name, ()), *value)))
        self._values[field.name] = value
        self._origins[field.name] = origin

    def _warn(self, path: Path, what: str) -> None:
        self._warnings.append(f"{one_line(str(path))}: {what}")


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, fields(), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _parsed(field: Field, text: str) -> Any:
    """The value that a flag or a variable spells."""
    kind = field.type[0]
    text = text.strip()
    value: Any = text
    if _is_bool(kind):
        lowered = text.lower()
        value = None if lowered in ("unset", "none", "default", "") else _BOOLS.get(lowered, text)
    elif _is_table(kind):
        value = _pairs(field, text)
    elif _is_list(kind):
        value = [part.strip() for part in text.split(",") if part.strip()]
    return _checked(field, value, strict=False)


def _is_bool(kind: Any) -> bool:
    return kind is bool or bool in get_args(kind)


def _is_list(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) is tuple


def _is_table(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) is dict


def _pairs(field: Field, text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not all(equals for _, equals, _ in pairs):
        raise ConfigError(f"{field.name}: {one_line(text)!r} is not NAME=VALUE,NAME=VALUE")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _checked(field: Field, value: Any, *, strict: bool) -> Any:
    """The value if it fits the setting; raises `ConfigError`, which never shows a secret."""
    try:
        fitting: Any = msgspec.convert(value, field.type[1], strict=strict)
    except msgspec.ValidationError as error:
        shown = _shown(field, value)
        raise ConfigError(f"{field.name}: {shown} does not fit ({_reason(error)})") from None
    if field.rules:
        _check_rules(field.name, fitting)
    if isinstance(fitting, float) and not math.isfinite(fitting):
        raise ConfigError(f"{field.name}: {value} is not a number")
    if isinstance(fitting, str) and not fitting.isprintable():
        raise ConfigError(f"{field.name}: control characters do not belong into it")
    return fitting


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
    shown = masked(value)
    return one_line(shown if isinstance(shown, str) else repr(shown))[:200]


def masked(value: Any) -> Any:
    """A setting's value with what looks like a secret in any of its texts replaced by dots."""
    from agent_core.masking import mask_secrets

    if isinstance(value, str):
        return mask_secrets(value)
    if isinstance(value, list | tuple):
        return [masked(item) for item in cast("Sequence[Any]", value)]
    if isinstance(value, dict):
        return {name: masked(item) for name, item in cast("dict[Any, Any]", value).items()}
    return value


def _reason(error: msgspec.ValidationError) -> str:
    text: str = masked(str(error)).replace("`", "")
    return text[:1].lower() + text[1:]
