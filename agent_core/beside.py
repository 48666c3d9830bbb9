"""Files that lie beside others until they are put in their place; what a kill leaves is removed later."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from typing import Literal

_LEFT_OVER = re.compile(r"^\..{1,200}\.(\d{1,10})-[0-9a-f]{8}\.dspy-tui-(?:new|old)$")
_OLD_S = 60.0


def name_beside(name: str, what: Literal["new", "old"]) -> str:
    """A name in the same folder that nothing else has, for the new content of a file or its old one."""
    stem = os.fsdecode(os.fsencode(name)[:180])
    return f".{stem}.{os.getpid()}-{os.urandom(4).hex()}.dspy-tui-{what}"


def remove_left_over(folder: int) -> None:
    """Remove what a killed run of this program left in an open folder."""
    with suppress(OSError):
        for name in os.listdir(folder):
            match = _LEFT_OVER.match(name)
            if match and not _alive(int(match[1])):
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if time.time() - status.st_ctime > _OLD_S:
                    os.unlink(name, dir_fd=folder)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
