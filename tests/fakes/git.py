"""The real git, without the configuration of whoever runs the tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_WHO = {f"GIT_{kind}_{what}": "t" for kind in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
_PLAIN = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def git(folder: Path, *words: str, check: bool = True, stdin: bytes | None = None) -> bytes:
    """Run it in a folder; what it prints. Raises CalledProcessError when it fails, unless `check` is off."""
    command = ["git", "-c", "init.defaultBranch=main", *words]
    env = os.environ | _WHO | _PLAIN
    done = subprocess.run(command, cwd=folder, env=env, input=stdin, capture_output=True, check=check)
    return done.stdout
