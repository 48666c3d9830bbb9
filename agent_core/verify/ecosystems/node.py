"""The checks of a JavaScript or TypeScript project: its scripts, and the programs of its node_modules."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from agent_core.shellwords import simple
from agent_core.verify.api import Kind, Verifier
from agent_core.verify.project import Project, table

_SCRIPTS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("run_tests", ("test", "tests", "test:unit")),
    ("lint", ("lint",)),
    ("lint", ("typecheck", "type-check", "check-types", "tsc")),
    ("build", ("build", "compile")),
)
_RUNNERS: Mapping[str, tuple[str, Kind, tuple[str, ...]]] = {
    "vitest": ("vitest", "run_tests", ("run",)),
    "jest": ("jest", "run_tests", ()),
    "mocha": ("mocha", "run_tests", ()),
    "eslint": ("eslint", "lint", (".",)),
    "tsc": ("typescript", "lint", ("--noEmit",)),
}
"""Programs by name: the package that brings it, its kind, and the words that it is run with by itself."""
_CONFIGURED = {
    "vitest": r"(?:vitest|vite)\.config\.[cm]?[jt]s",
    "jest": r"jest\.config\.(?:[cm]?[jt]s|json)",
    "mocha": r"\.mocharc\.(?:[cm]?js|ya?ml|jsonc?)",
    "eslint": r"eslint\.config\.[cm]?[jt]s|\.eslintrc(?:\.(?:[cm]?js|ya?ml|json))?",
    "tsc": r"tsconfig\.json",
}
_NO_TEST = "no test specified"
_LOCKS = (
    ("pnpm-lock.yaml", "pnpm"),
    ("yarn.lock", "yarn"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
    ("package-lock.json", "npm"),
)


def find(project: Project, _env: Mapping[str, str]) -> Iterator[Verifier]:
    """The scripts test, lint, typecheck and build; then vitest, jest, mocha, eslint and tsc without a script.

    A script that is nothing but a call of one of these programs is run as that call, so that the program can
    be asked for output that is made for programs.
    """
    if not project.has("package.json"):
        return
    scripts = {
        name: text for name, text in table(project.package, "scripts").items() if isinstance(text, str)
    }
    direct: set[str] = set()
    for kind, names in _SCRIPTS:
        name = next((name for name in names if _is_real(scripts.get(name, ""))), "")
        if name:
            verifier = _script(project, kind, name, scripts)
            direct.add(verifier.name)
            yield verifier
    for name in _RUNNERS:
        sign = _sign(project, name)
        if name not in direct and sign:
            yield _runner(project, name, sign)


def _is_real(script: str) -> bool:
    return bool(script.strip()) and _NO_TEST not in script


def _script(project: Project, kind: Kind, name: str, scripts: Mapping[str, str]) -> Verifier:
    text = scripts[name].strip()
    origin = f"package.json, script {name}: {text[:200]}"
    words = shlex.split(text) if simple(text) else []
    hooked = f"pre{name}" in scripts or f"post{name}" in scripts
    if words and words[0] in _RUNNERS and not hooked and (program := _local(project, words[0])):
        rest = words[1:]
        if words[0] == "vitest" and not {"run", "related", "bench", "--run"} & set(rest):
            rest = ["run", *rest]
        return Verifier(
            name=words[0],
            kind=kind,
            argv=(project.spelled(program), *rest),
            cwd=project.folder,
            executes=words[0] != "tsc",
            origin=origin,
            ecosystem="node",
            tool=words[0],
        )
    manager = _manager(project)
    return Verifier(
        name=f"{manager}-{name}",
        kind=kind,
        argv=(manager, "run", name),
        cwd=project.folder,
        origin=origin,
        ecosystem="node",
        found=bool(project.program(manager)),
    )


def _runner(project: Project, name: str, sign: str) -> Verifier:
    _, kind, words = _RUNNERS[name]
    program = _local(project, name)
    return Verifier(
        name=name,
        kind=kind,
        argv=(project.spelled(program) if program else f"node_modules/.bin/{name}", *words),
        cwd=project.folder,
        executes=name != "tsc",
        origin=sign,
        ecosystem="node",
        tool=name,
        found=program is not None,
    )


def _sign(project: Project, name: str) -> str:
    """What says that the project uses the program: its configuration, or that the project depends on it."""
    pattern = re.compile(_CONFIGURED[name])
    for other in sorted(project.names):
        if pattern.fullmatch(other) and (name != "vitest" or _depends(project, name) or other[:4] != "vite."):
            return other
    if name == "tsc":
        return ""
    key = {"eslint": "eslintConfig"}.get(name, name)
    if isinstance(project.package.get(key), dict):
        return f"package.json, {key}"
    return f"package.json depends on {name}" if name != "eslint" and _depends(project, name) else ""


def _depends(project: Project, name: str) -> bool:
    package = _RUNNERS[name][0]
    return any(package in table(project.package, kind) for kind in ("dependencies", "devDependencies"))


def _local(project: Project, name: str) -> Path | None:
    """The program in the nearest node_modules, up to the workspace's root; None without one."""
    for folder in project.up():
        program = folder / "node_modules" / ".bin" / name
        if os.access(program, os.X_OK):
            return program
    return None


def _manager(project: Project) -> str:
    named = project.package.get("packageManager")
    if isinstance(named, str) and (word := named.partition("@")[0]) in ("npm", "pnpm", "yarn", "bun"):
        return word
    for folder in project.up():
        for lock, manager in _LOCKS:
            if (folder / lock).is_file():
                return manager
    return "npm"
