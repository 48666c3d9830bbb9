"""A proposed file in the person's own editor, before it is written."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path, PurePosixPath


def edited(path: str, text: str) -> str | None:
    """The text as the person leaves it; None where there is no editor, or it failed."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    if not command:
        return None
    with tempfile.TemporaryDirectory(prefix="dspy-tui-") as folder:
        file = Path(folder) / PurePosixPath(path).name
        file.write_text(text, encoding="utf-8", errors="surrogateescape")
        try:
            done = subprocess.run([*command, str(file)], check=False)
            return file.read_text("utf-8", "surrogateescape") if done.returncode == 0 else None
        except OSError:
            return None
