"""Whether Python's tests run the workspace's own code, or what is installed beside it under the same name.

A project with its packages below `src/` that is not installed as editable is tested as it was installed once:
its tests pass whatever is changed. So what a change verifies depends on where its packages are imported from.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Sequence
from pathlib import Path

from agent_core.files import STATE_LIMIT, read_bounded
from agent_core.verify.api import Report, Verifier
from agent_core.workspace import Workspace

_ASK = (
    "import importlib.util as u, json, sys\n"
    "found = {}\n"
    "for name in sys.argv[1:]:\n"
    "    try:\n"
    "        spec = u.find_spec(name)\n"
    "    except Exception:\n"
    "        spec = None\n"
    "    if spec is not None:\n"
    "        found[name] = spec.origin or next(iter(spec.submodule_search_locations or ()), '')\n"
    "print('imported:' + json.dumps(found))\n"
)
_MARK = "imported:"
_SETTINGS = ("pyproject.toml", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg")


def asking(verifier: Verifier, paths: Sequence[str], workspace: Workspace) -> Verifier | None:
    """A program that tells where the packages of some changed files are imported from.

    None where that does not matter, or pytest is told itself where to import from (`pythonpath`).
    """
    if verifier.tool not in ("pytest", "unittest") or "-m" not in verifier.argv:
        return None
    base = workspace.root / verifier.cwd
    names = sorted({name for path in paths if (name := _package(path, workspace.root))})
    if not names or any("pythonpath" in _text(base / name) for name in _SETTINGS):
        return None
    python = verifier.argv[: verifier.argv.index("-m")]
    return Verifier(
        name="imports",
        kind="run_tests",
        argv=(*python, "-c", _ASK, *names),
        env=verifier.env,
        cwd=verifier.cwd,
        tool="",
    )


def foreign(report: Report, roots: Iterable[Path]) -> dict[str, str]:
    """The packages that come from elsewhere than from below one of the roots, and where from."""
    told = next((line for line in report.tail.splitlines() if line.startswith(_MARK)), "")
    try:
        found: dict[str, str] = json.loads(told.removeprefix(_MARK)) if told else {}
    except ValueError:
        return {}
    inside = tuple(f"{root}/" for root in roots)
    return {
        name: origin
        for name, origin in found.items()
        if origin.startswith("/")
        and (not origin.startswith(inside) or "/site-packages/" in origin or "/dist-packages/" in origin)
    }


def _package(path: str, root: Path) -> str:
    """The outermost package, or the module, that a file belongs to; "" for tests and what is no Python."""
    folder, name = posixpath.split(path)
    if not name.endswith(".py") or name.startswith("test_") or name in ("conftest.py", "setup.py"):
        return ""
    outermost = "" if name == "__init__.py" else name.removesuffix(".py")
    while folder and (root / folder / "__init__.py").is_file():
        folder, outermost = posixpath.split(folder)
    return outermost if outermost.isidentifier() else ""


def _text(path: Path) -> str:
    try:
        return read_bounded(path, STATE_LIMIT, follow=False).decode("utf-8", "replace")
    except OSError:
        return ""
