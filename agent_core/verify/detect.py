"""Which checks a workspace has.

What is found is listed as a whole; `chosen` says what is run of it:

    configured      `test_cmd`, `lint_cmd`, `build_cmd` of the settings, alone for their kind
    python          tests: pytest, unittest; linter: ruff, flake8; types: mypy, pyright
    node            tests: the script, vitest, jest, mocha; linter: the script, eslint; types: tsc
    rust            cargo test; cargo clippy; cargo check
    go              go test; go vet; go build
    make            the targets test, lint (check), build (all): only where nothing above is of their kind
    plugins         what installed plugins find, beside all of these

Of each ecosystem the first of its tests, its linters, its type checkers and its builds is run; one whose
program is not installed only when there is no other.
"""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from agent_core.config import Settings
from agent_core.plugins.installed import plugins_of
from agent_core.shellwords import simple
from agent_core.verify.api import Kind, Verifier
from agent_core.verify.ecosystems import golang, makefile, node, python, rust
from agent_core.verify.findings.tools import tool_of
from agent_core.verify.project import Project
from agent_core.workspace import Workspace

KINDS: tuple[Kind, ...] = ("run_tests", "lint", "build")
_FINDERS: Mapping[str, Callable[[Project, Mapping[str, str]], Iterator[Verifier]]] = {
    "python": python.find,
    "node": node.find,
    "rust": rust.find,
    "go": golang.find,
    "make": makefile.find,
}
_TYPES = frozenset({"mypy", "pyright", "tsc"})
_TYPE_SCRIPTS = ("typecheck", "type-check", "check-types", "-tsc")
_SUFFIXES = {
    "python": frozenset({".py", ".pyi", ".pyx", ".ipynb"}),
    "node": frozenset({".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".vue", ".svelte"}),
    "rust": frozenset({".rs"}),
    "go": frozenset({".go"}),
}
_SET = re.compile(r"[A-Za-z_]\w*=")
_DEPTH = 2
_MOST_FOLDERS = 400


def detect(
    workspace: Workspace,
    settings: Settings,
    *,
    paths: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
) -> tuple[Verifier, ...]:
    """Every check that the workspace has, in the order of preference. Reads files only; runs nothing.

    Args:
        workspace: Where to look.
        settings: Commands that are configured.
        paths: Files that a change is about: the nearest project above each that has a kind of check counts
            for that kind. Without any it is the root; where that is no project, those up to two levels down.
        env: The environment; this process's by default.
    """
    environment = os.environ if env is None else env
    found = [*_configured(settings)]
    folders = list(dict.fromkeys(posixpath.dirname(path) or "." for path in paths)) or ["."]
    for folder in folders:
        found += _nearest(workspace, folder, environment)
    if not found and not paths:
        for folder in _below(workspace):
            found += _here(workspace, folder, environment)
    found += _of_plugins(workspace, settings, environment, {each.name for each in found})
    return tuple(dict.fromkeys(found))


def _of_plugins(
    workspace: Workspace, settings: Settings, env: Mapping[str, str], taken: set[str]
) -> Iterator[Verifier]:
    plugins = plugins_of(settings)
    if not plugins.points("verifiers"):
        return
    from agent_core.plugins.verifiers import plugin_checks

    yield from plugin_checks(_project(workspace, ".", env), plugins, taken)


def chosen(
    verifiers: Iterable[Verifier], kind: Kind | None = None, *, paths: Sequence[str] = ()
) -> tuple[Verifier, ...]:
    """Those that are run, see the head of this file.

    `kind` restricts them to one kind; `paths` to the ecosystems of these files, as far as their names tell.
    """
    listed = [verifier for verifier in verifiers if _concerns(verifier, paths)]
    picked: list[Verifier] = []
    for each in KINDS if kind is None else (kind,):
        of_kind = [verifier for verifier in listed if verifier.kind == each]
        added = [verifier for verifier in of_kind if verifier.ecosystem.startswith("plugin:")]
        of_kind = [verifier for verifier in of_kind if verifier not in added]
        configured = [verifier for verifier in of_kind if verifier.ecosystem == "configured"]
        made = [verifier for verifier in of_kind if verifier.ecosystem != "make"]
        candidates = configured[:1] or made or of_kind
        firsts: dict[tuple[str, str, bool], Verifier] = {}
        for verifier in sorted(candidates, key=lambda verifier: not verifier.found):
            firsts.setdefault((verifier.ecosystem, verifier.cwd, _is_type_checker(verifier)), verifier)
        picked += sorted(firsts.values(), key=candidates.index)
        picked += [verifier for verifier in added if verifier.found or not picked]
    return tuple(picked)


def _concerns(verifier: Verifier, paths: Sequence[str]) -> bool:
    """Whether one of the files may be the business of the check: files of no known kind are everybody's."""
    own = _SUFFIXES.get(verifier.ecosystem)
    if own is None or not paths:
        return True
    others = frozenset[str]().union(*_SUFFIXES.values()) - own
    return any(posixpath.splitext(path)[1].lower() not in others for path in paths)


def _is_type_checker(verifier: Verifier) -> bool:
    return verifier.name in _TYPES or verifier.name.endswith(_TYPE_SCRIPTS)


def _configured(settings: Settings) -> Iterator[Verifier]:
    commands = (settings.test_cmd, settings.lint_cmd, settings.build_cmd)
    for kind, setting, command in zip(KINDS, ("test_cmd", "lint_cmd", "build_cmd"), commands, strict=True):
        if command.strip():
            env, argv = shell_words(command.strip())
            yield Verifier(
                name=setting,
                kind=kind,
                argv=argv,
                env=env,
                origin=f"setting {setting}",
                ecosystem="configured",
                tool=tool_of(argv),
            )


def shell_words(command: str) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """A configured command as the variables set before it and an argument list.

    What needs a shell is given to one.
    """
    if simple(command) and not any(char in command for char in "*?[~"):
        try:
            words = shlex.split(command)
        except ValueError:
            words = []
        count = next((number for number, word in enumerate(words) if not _SET.match(word)), len(words))
        env = tuple((name, value) for name, _, value in (word.partition("=") for word in words[:count]))
        if count < len(words) and "=" not in words[count]:
            return env, tuple(words[count:])
    return (), ("sh", "-c", command)


def command_line(verifier: Verifier) -> str:
    """The line that is run, as a person would type it: what permission rules look at."""
    if len(verifier.argv) == 3 and verifier.argv[:2] == ("sh", "-c"):
        return verifier.argv[2]
    env = [f"{name}={shlex.quote(value)}" for name, value in verifier.env]
    return " ".join([*env, shlex.join(verifier.argv)])


def _nearest(workspace: Workspace, folder: str, env: Mapping[str, str]) -> Iterator[Verifier]:
    """For each ecosystem and kind, what the nearest folder has, from this one up to the root."""
    for name, find in _FINDERS.items():
        kinds: set[Kind] = set()
        for above in _up(folder):
            here = list(find(_project(workspace, above, env), env))
            yield from (verifier for verifier in here if verifier.kind not in kinds)
            kinds |= {verifier.kind for verifier in here}
            if here and name in ("rust", "go"):
                break


def _here(workspace: Workspace, folder: str, env: Mapping[str, str]) -> Iterator[Verifier]:
    for find in _FINDERS.values():
        yield from find(_project(workspace, folder, env), env)


def _project(workspace: Workspace, folder: str, env: Mapping[str, str]) -> Project:
    return Project(workspace.root, folder, path=env.get("PATH", os.defpath))


def _up(folder: str) -> Iterator[str]:
    yield folder
    while folder != ".":
        folder = posixpath.dirname(folder) or "."
        yield folder


def _below(workspace: Workspace) -> Iterator[str]:
    """The folders up to two levels down that are not ignored, by name."""
    waiting = [(".", 0)]
    seen = 0
    rules = workspace.rules()
    while waiting and seen < _MOST_FOLDERS:
        folder, depth = waiting.pop(0)
        seen += 1
        if folder != ".":
            yield folder
        if depth < _DEPTH:
            prefix = "" if folder == "." else f"{folder}/"
            waiting += [
                (path, depth + 1)
                for name in _folders(workspace.root / folder)
                if not rules.ignored(path := prefix + name, True)
            ]


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
