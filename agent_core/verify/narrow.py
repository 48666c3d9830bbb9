"""The part of a check that concerns some files: what is run first, because it answers soonest.

    pytest    the changed test files, those called after a changed module (test_x.py, x_test.py),
              and those that import one
    jest      --findRelatedTests with the changed files
    vitest    related --run with the changed files
    go        the packages of the changed files
    ruff, flake8, eslint    the changed files

Anything else has no narrower form. A narrow run that passes proves little: the whole check follows.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from agent_core.files import read_bounded
from agent_core.verify.api import Verifier
from agent_core.workspace import Workspace

_MOST_TESTS = 20
_MOST_READ = 2000
_LIMIT = 256 * 1024
_TEST = re.compile(r"test_\w+\.py|\w+_test\.py")
_SCRIPTS = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")


def narrowed(verifier: Verifier, paths: Sequence[str], *, workspace: Workspace) -> Verifier | None:
    """The check restricted to these files (relative to the root); None where that makes no sense.

    Reads the project's tests, so it belongs into a thread.
    """
    narrow = _NARROW.get(verifier.tool)
    if narrow is None or verifier.ecosystem == "configured":
        return None
    prefix = "" if verifier.cwd == "." else f"{verifier.cwd}/"
    inside = [path.removeprefix(prefix) for path in paths if path.startswith(prefix)]
    argv = narrow(verifier, inside, workspace.root / verifier.cwd, workspace) if inside else None
    return msgspec.structs.replace(verifier, argv=argv) if argv else None


Narrow = Callable[[Verifier, Sequence[str], Path, Workspace], "tuple[str, ...] | None"]


def _pytest(
    verifier: Verifier, paths: Sequence[str], base: Path, workspace: Workspace
) -> tuple[str, ...] | None:
    changed = [path for path in paths if path.endswith(".py")]
    tests = {
        path for path in changed if _TEST.fullmatch(posixpath.basename(path)) and (base / path).is_file()
    }
    modules = [path for path in changed if path not in tests and not path.endswith("conftest.py")]
    if modules:
        tests |= set(_tests_of(modules, base, workspace, verifier.cwd))
    if not tests or len(tests) > _MOST_TESTS:
        return None
    return (*verifier.argv, *sorted(tests))


def _tests_of(modules: Sequence[str], base: Path, workspace: Workspace, cwd: str) -> list[str]:
    stems = {posixpath.basename(path)[:-3] for path in modules} - {"__init__"}
    imports = _import_pattern(modules)
    prefix = "" if cwd == "." else f"{cwd}/"
    named: list[str] = []
    importing: list[str] = []
    read = 0
    for path in workspace.walk(cwd):
        name = posixpath.basename(path)
        if not _TEST.fullmatch(name):
            continue
        own = path.removeprefix(prefix)
        if name.removeprefix("test_")[:-3] in stems or name[:-3].removesuffix("_test") in stems:
            named.append(own)
        elif read < _MOST_READ:
            read += 1
            if imports.search(_text(base / own)):
                importing.append(own)
    return named if len(named) + len(importing) > _MOST_TESTS else [*named, *importing]


def _import_pattern(modules: Sequence[str]) -> re.Pattern[str]:
    """Imports of the modules by any of their dotted names, seen from any folder on the way down."""
    ways: set[str] = set()
    for path in modules:
        parts = path[:-3].split("/")
        if parts[-1] == "__init__":
            parts.pop()
        for start in range(len(parts)):
            if len(parts) - start < 2 and start > 0 and parts[start - 1] != "src":
                continue  # the bare name of a module in a package could be anybody's
            dotted = re.escape(".".join(parts[start:]))
            ways.add(rf"(?:import|from)\s+{dotted}\b")
            if len(parts) - start > 1:
                package, last = re.escape(".".join(parts[start:-1])), re.escape(parts[-1])
                ways.add(rf"from\s+{package}\s+import\s+(?:\([^)]*|[^\n]*)\b{last}\b")
    return re.compile(rf"^\s*(?:{'|'.join(sorted(ways)) or '(?!)'})", re.M)


def _text(path: Path) -> str:
    try:
        return read_bounded(path, _LIMIT).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""


def _go(verifier: Verifier, paths: Sequence[str], base: Path, _: Workspace) -> tuple[str, ...] | None:
    folders = sorted({posixpath.dirname(path) for path in paths if path.endswith(".go")})
    packages = [f"./{folder}" if folder else "." for folder in folders if any((base / folder).glob("*.go"))]
    if not packages or "./..." not in verifier.argv:
        return None
    return (*(word for word in verifier.argv if word != "./..."), *packages)


def _scripts(paths: Sequence[str], base: Path) -> list[str]:
    return [path for path in paths if path.endswith(_SCRIPTS) and (base / path).is_file()]


def _jest(verifier: Verifier, paths: Sequence[str], base: Path, _: Workspace) -> tuple[str, ...] | None:
    files = _scripts(paths, base)
    return (*verifier.argv, "--passWithNoTests", "--findRelatedTests", *files) if files else None


def _vitest(verifier: Verifier, paths: Sequence[str], base: Path, _: Workspace) -> tuple[str, ...] | None:
    files = _scripts(paths, base)
    if not files or "run" not in verifier.argv:
        return None
    rest = [word for word in verifier.argv[1:] if word != "run"]
    return (verifier.argv[0], "related", "--run", "--passWithNoTests", *rest, *files)


def _eslint(verifier: Verifier, paths: Sequence[str], base: Path, _: Workspace) -> tuple[str, ...] | None:
    files = _scripts(paths, base)
    if not files or "." not in verifier.argv:
        return None
    return (*(word for word in verifier.argv if word != "."), "--no-warn-ignored", *files)


def _python_files(
    verifier: Verifier, paths: Sequence[str], base: Path, _: Workspace
) -> tuple[str, ...] | None:
    files = [path for path in paths if path.endswith((".py", ".pyi")) and (base / path).is_file()]
    if not files:
        return None
    forced = ("--force-exclude",) if verifier.tool == "ruff" else ()
    return (*(word for word in verifier.argv if word != "."), *forced, *files)


_NARROW: Mapping[str, Narrow] = {
    "pytest": _pytest,
    "go-test": _go,
    "go": _go,
    "jest": _jest,
    "vitest": _vitest,
    "eslint": _eslint,
    "ruff": _python_files,
    "flake8": _python_files,
}
