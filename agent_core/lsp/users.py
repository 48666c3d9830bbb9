"""Which files import a changed one: a change of types is seen where they are used."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from agent_core.capture import capture
from agent_core.errors import AgentError
from agent_core.lsp.detect import language_of
from agent_core.ripgrep import find_ripgrep
from agent_core.workspace import Workspace

_WITHIN_S = 3.0
_MOST_BYTES = 1 << 20
_IMPORTS = r"\b(?:import|from|require|use|mod|export)\b"
_NAMED_BY_FOLDER = frozenset({"__init__", "index", "mod", "lib", "main"})


async def users_of(paths: Iterable[str], workspace: Workspace, *, most: int) -> list[str]:
    """Files of the same language with a line that imports a module of one of these names, by path.

    The nearest ones first, at most so many; none where that cannot be told in time.
    """
    changed = sorted(set(paths))
    names = {name for path in changed if (name := _module(path))}
    if not names:
        return []
    words = "|".join(sorted(map(re.escape, names)))
    try:
        argv = [
            find_ripgrep(), "--no-config", "--files-with-matches", "--null", "--no-messages",
            f"--regexp={_IMPORTS}.*\\b(?:{words})\\b",
        ]  # fmt: skip
        answer = await capture(argv, cwd=workspace.root, timeout=_WITHIN_S, limit=_MOST_BYTES)
    except (AgentError, OSError, TimeoutError):
        return []
    found = {each.removeprefix("./") for each in answer.out.decode("utf-8", "surrogateescape").split("\0")}
    languages = {language_of(path) for path in changed}
    wanted = [path for path in found if path and path not in changed and language_of(path) in languages]
    return sorted(wanted, key=lambda path: (_distance(path, changed), path))[:most]


def _module(path: str) -> str:
    """What a file is imported as: its name, or its folder's where it stands for that."""
    stem = posixpath.basename(path).partition(".")[0]
    return posixpath.basename(posixpath.dirname(path)) if stem in _NAMED_BY_FOLDER else stem


def _distance(path: str, changed: Iterable[str]) -> int:
    """How many folders lie between a file and the nearest changed one."""
    here = path.split("/")[:-1]
    return min(_between(here, other.split("/")[:-1]) for other in changed)


def _between(here: list[str], there: list[str]) -> int:
    shared = 0
    for one, other in zip(here, there, strict=False):
        if one != other:
            break
        shared += 1
    return len(here) + len(there) - 2 * shared
