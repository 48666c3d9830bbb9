"""Where this user's configuration and state lie."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

APP = "dspy-tui"


def user_config_dir(env: Mapping[str, str] | None = None) -> Path:
    """The platform's folder for this program's configuration; it need not exist."""
    return _folder("XDG_CONFIG_HOME", ".config", "user_config_dir", os.environ if env is None else env)


def user_state_dir(env: Mapping[str, str] | None = None) -> Path:
    """The platform's folder for what this program remembers of the user's; it need not exist."""
    return _folder("XDG_STATE_HOME", ".local/state", "user_state_dir", os.environ if env is None else env)


def lies_in_workspace(path: Path, root: Path | None, env: Mapping[str, str] | None = None) -> bool:
    """Whether a file of the user's is one that the workspace may have brought along.

    That is so where it lies in the workspace, but not where the workspace holds the whole home folder.
    """
    if root is None:
        return False
    given = os.environ if env is None else env
    place, home = root.resolve(), Path(given.get("HOME") or _home()).resolve()
    return (path.is_relative_to(root) or path.resolve().is_relative_to(place)) and not home.is_relative_to(
        place
    )


def _folder(variable: str, below_home: str, name: str, env: Mapping[str, str]) -> Path:
    if configured := env.get(variable):
        folder = Path(configured)
        if folder.is_absolute():  # the XDG standard has others ignored
            return folder / APP
    if sys.platform != "linux":
        import platformdirs  # not on Linux: its import costs as much as a whole start

        return Path(getattr(platformdirs, name)(APP, appauthor=False))
    home = env.get("HOME", "")
    return Path(home or _home()) / below_home / APP


def _home() -> str:
    return str(Path("~").expanduser())
