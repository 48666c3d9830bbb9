"""The endpoints whose keys lie in the keyring: names and addresses, never keys.

The keyring itself cannot be listed, and is not asked about an endpoint that is not noted here: a start costs
nothing, and no desktop asks for a password, where nobody stored anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from agent_core.files import load_state, update_state
from agent_core.folders import user_config_dir

_Change = Callable[[dict[str, str]], dict[str, str]]


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """The file: base URLs by host, as `host_of` names them."""

    schema: int = 1
    endpoints: dict[str, str] = {}


def known_endpoints(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Base URLs by host; empty where nothing was stored. Reads a file."""
    found, _ = load_state(_path(env), Endpoints, aside=False)
    return dict(found.endpoints) if found else {}


def unreadable(env: Mapping[str, str] | None = None) -> str:
    """Why it is not known whose keys lie there (the file is broken, or newer), else "". Reads a file."""
    _, warning = load_state(_path(env), Endpoints, aside=False)
    return warning


def note_endpoint(host: str, url: str, env: Mapping[str, str] | None = None) -> str:
    """Its key lies in the keyring from now on; raises OSError. Returns what to say: a broken file was kept
    aside."""
    return _change(env, lambda endpoints: {**endpoints, host: url})


def forget_endpoint(host: str, env: Mapping[str, str] | None = None) -> None:
    """It does not any more; raises OSError."""
    _change(env, lambda endpoints: {name: url for name, url in endpoints.items() if name != host})


def _change(env: Mapping[str, str] | None, change: _Change) -> str:
    path = _path(env)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _, warning = update_state(
        path, Endpoints, lambda old: Endpoints(endpoints=change(old.endpoints if old else {}))
    )
    return warning


def _path(env: Mapping[str, str] | None) -> Path:
    return user_config_dir(env) / "keyring.json"
