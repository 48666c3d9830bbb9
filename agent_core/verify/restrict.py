"""A check with further words, or for a part of the project: what a person adds to `run_tests` or `lint`."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agent_core.verify.api import Verifier

_WHOLE = frozenset({"ruff", "eslint", "mypy"})
"""Tools whose `.` stands for the whole project, and gives way to paths."""
_APPENDED = frozenset({"pytest", "flake8", "pyright", "jest", "vitest", "mocha"}) | _WHOLE


def restricted(verifier: Verifier, paths: Sequence[str], words: Sequence[str], *, root: Path) -> Verifier:
    """The check for these paths (relative to the root) and with these further words.

    Tools that take no paths (cargo, make, scripts) only get the words: the paths have chosen the project.
    """
    own = [os.path.relpath(root / path, root / verifier.cwd) for path in paths]
    argv = [*verifier.argv]
    if verifier.tool == "unittest" and own:
        argv = [*argv[: argv.index("unittest") + 1], *own]
    elif verifier.tool in ("go", "go-test") and own:
        argv = [word for word in argv if word != "./..."] + _packages(own, root / verifier.cwd)
    elif verifier.tool in _APPENDED and own and not _needs_shell(verifier):
        argv = [word for word in argv if not (word == "." and verifier.tool in _WHOLE)] + own
    return msgspec.structs.replace(verifier, argv=(*argv, *_separated(verifier, words)))


def _packages(paths: Sequence[str], base: Path) -> list[str]:
    folders = [f"{path}/..." if (base / path).is_dir() else posixpath.dirname(path) for path in paths]
    return list(dict.fromkeys(f"./{folder}" if folder else "." for folder in folders))


def _separated(verifier: Verifier, words: Sequence[str]) -> list[str]:
    """The words as the program passes them on: npm and cargo do so behind a `--`."""
    if not words:
        return []
    through = verifier.argv[:1] == ("npm",) or verifier.name == "cargo-test"
    return ["--", *words] if through and "--" not in words else [*words]


def _needs_shell(verifier: Verifier) -> bool:
    return verifier.argv[:2] == ("sh", "-c")
