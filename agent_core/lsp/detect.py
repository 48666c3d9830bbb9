"""Which language servers are installed: in the project's own folders first, then on PATH. Nothing is run."""

from __future__ import annotations

import os
import posixpath
import shlex
from collections.abc import Mapping
from pathlib import Path

from agent_core.config import Settings
from agent_core.lsp.api import ServerSpec
from agent_core.verify.interpreters import interpreters
from agent_core.verify.project import Project
from agent_core.workspace import Workspace

LANGUAGES = ("python", "typescript", "rust", "go")
_SUFFIXES: Mapping[str, str] = {
    ".py": "python", ".pyi": "python", ".rs": "rust", ".go": "go",
    **dict.fromkeys((".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"), "typescript"),
}  # fmt: skip
_PYRIGHT, _BASED = "pyright-langserver", "basedpyright-langserver"
_TYPESCRIPT = "typescript-language-server"
_USUAL: Mapping[str, str] = {
    "python": _PYRIGHT, "typescript": _TYPESCRIPT, "rust": "rust-analyzer", "go": "gopls",
}  # fmt: skip
_NATIVE_FROM = 7
"""TypeScript is its own language server from this version on."""


def language_of(path: str) -> str:
    """Of which of the languages the file is; "" for others."""
    return _SUFFIXES.get(posixpath.splitext(path)[1].lower(), "")


def find_server(
    language: str,
    workspace: Workspace,
    settings: Settings,
    *,
    folder: str = ".",
    env: Mapping[str, str] | None = None,
) -> ServerSpec:
    """The server that is used for a language, for files below a folder; `found` is False where there is none.

    Looks at the disk.
    """
    environment = os.environ if env is None else env
    usual = _USUAL[language]
    command = settings.lsp_commands.get(language, "").strip()
    if not settings.lsp or command == "off":
        which = "lsp" if not settings.lsp else f"lsp_commands, {language}"
        return ServerSpec(
            language=language, name=usual, argv=(usual,), found=False, off=True, why=f"by the setting {which}"
        )
    project = Project(workspace.root, folder, path=environment.get("PATH", os.defpath))
    if command:
        return _configured(language, command, project)
    for words in _candidates(language, project, environment):
        if spec := _spec(language, words, project):
            return spec
    return ServerSpec(
        language=language, name=usual, argv=(usual,), found=False, why=f"{usual} is not installed"
    )


def _configured(language: str, command: str, project: Project) -> ServerSpec:
    try:
        words = tuple(shlex.split(command))
    except ValueError:
        words = ()
    spec = _spec(language, words, project) if words else None
    if spec is not None:
        return spec
    why = f"{words[0] if words else command} is not installed (setting lsp_commands)"
    return ServerSpec(
        language=language, name=_USUAL[language], argv=words or (command,), found=False, why=why
    )


def _candidates(language: str, project: Project, env: Mapping[str, str]) -> list[tuple[str, ...]]:
    if language == "python":
        return _python(project, env)
    if language == "typescript":
        return _typescript(project)
    if language == "rust":
        return [("rust-analyzer",)] if _has_rust_analyzer(project, env) else []
    return [("gopls",)]


def _python(project: Project, env: Mapping[str, str]) -> list[tuple[str, ...]]:
    based = "basedpyright" in (project.pyproject.get("tool") or {})
    names = (_BASED, _PYRIGHT) if based else (_PYRIGHT, _BASED)
    own = [each for each in interpreters(project, env) if each.prefix is not None]
    scripts = [each.script(name) for each in own for name in names]
    return [(script, "--stdio") for script in scripts if script] + [(name, "--stdio") for name in names]


def _typescript(project: Project) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for folder in project.up():
        modules = folder / "node_modules"
        version = Project(
            project.root, (modules / "typescript").relative_to(project.root).as_posix(), path=""
        )
        if _major(version.package.get("version")) >= _NATIVE_FROM:
            found.append((str(modules / ".bin" / "tsc"), "--lsp", "--stdio"))
        found.append((str(modules / ".bin" / _TYPESCRIPT), "--stdio"))
    return [*found, (_TYPESCRIPT, "--stdio")]


def _major(version: object) -> int:
    first = version.partition(".")[0] if isinstance(version, str) else ""
    return int(first) if first.isascii() and first.isdigit() and len(first) < 4 else 0


def _has_rust_analyzer(project: Project, env: Mapping[str, str]) -> bool:
    """Whether it is there: rustup lays a program of that name where none is installed."""
    program = project.program("rust-analyzer")
    if not program or Path(os.path.realpath(program)).name != "rustup":
        return bool(program)
    home = Path(env.get("RUSTUP_HOME") or f"{env.get('HOME', '')}/.rustup")
    return any(home.glob("toolchains/*/bin/rust-analyzer"))


def _spec(language: str, words: tuple[str, ...], project: Project) -> ServerSpec | None:
    """The server that these words start; None where the program is not there."""
    program = words[0]
    path = Path(program) if os.sep in program else None
    if path is None:
        installed = project.program(program)
        inside = bool(installed) and Path(installed).is_relative_to(project.root)
    else:
        path = path if path.is_absolute() else project.root / path
        installed = path.is_file() and os.access(path, os.X_OK)
        inside = path.is_relative_to(project.root)
        program = path.relative_to(project.root).as_posix() if inside else str(path)
    if not installed:
        return None
    return ServerSpec(language=language, name=Path(program).name, argv=(program, *words[1:]), inside=inside)
