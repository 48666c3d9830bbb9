"""The file that a check was detected from: where people look for what is wrong with the check itself."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from agent_core.config import workspace_file
from agent_core.verify.api import Verifier


def origin_file(verifier: Verifier, root: Path) -> str:
    """It, relative to the root; "" where it is none in there."""
    if verifier.ecosystem == "configured":
        path = workspace_file(root).relative_to(root).as_posix()
    else:
        name = re.split(r"[\s,;]", verifier.origin, maxsplit=1)[0]
        path = posixpath.normpath(posixpath.join(verifier.cwd, name)) if name else ""
    inside = bool(path) and not path.startswith(("/", ".."))
    return path if inside and (root / path).is_file() else ""
