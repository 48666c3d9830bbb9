"""Which Python a project runs with: an environment of its own before any other."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent_core.verify.project import Project, table

_OWN = (".venv", "venv", "env", ".conda", ".env")
_POETRY_NAME = re.compile(r'[ $`!*@"\\\r\n\t]')


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python: the word that runs it, its environment (None for one from PATH), where it was found."""

    word: str
    prefix: Path | None
    origin: str

    def has(self, module: str) -> bool | None:
        """Whether the environment holds the module; None where that cannot be told without running it."""
        if self.prefix is None:
            return None
        for library in (*self.prefix.glob("lib/python3*/site-packages"), self.prefix / "Lib/site-packages"):
            if (library / module).is_dir() or (library / f"{module}.py").is_file():
                return True
            if any(library.glob(f"{module}-*.dist-info")):  # installed as editable, it lies elsewhere
                return True
        return False

    def script(self, name: str) -> str:
        """The path of a program of the environment; "" when it has none of this name."""
        if self.prefix is not None:
            for folder in ("bin", "Scripts"):
                program = self.prefix / folder / name
                if program.is_file() and os.access(program, os.X_OK):
                    return str(program)
        return ""


def interpreters(project: Project, env: Mapping[str, str]) -> list[Interpreter]:
    """The project's interpreters, the most likely first; empty where no Python is installed.

    The order: `.venv`, `venv`, `env`, `.conda` in the project's folder and above it within the workspace, the
    environment that poetry keeps for it, the environment that is active (VIRTUAL_ENV, CONDA_PREFIX), and the
    `python3` or `python` of PATH. uv and pipenv with PIPENV_VENV_IN_PROJECT use `.venv`.
    """
    found = [
        Interpreter(_spelled(project, prefix, program), prefix, origin)
        for prefix, origin in _prefixes(project, env)
        if (program := _python_in(prefix)) is not None
    ]
    name = next((name for name in ("python3", "python") if project.program(name)), "")
    if name:
        found.append(Interpreter(name, None, f"{name} on PATH"))
    return found


def _prefixes(project: Project, env: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    for folder in project.up():
        for name in _OWN:
            yield folder / name, name if folder == project.base else f"{name} of {folder.name}"
    for folder in project.up():
        yield from ((prefix, "poetry's environment") for prefix in _poetry(folder, project, env))
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if env.get(variable):
            yield Path(env[variable]), variable


def _python_in(prefix: Path) -> Path | None:
    for name in ("bin/python", "bin/python3", "Scripts/python.exe"):
        program = prefix / name
        if os.access(program, os.X_OK) and program.is_file():
            return program
    return None


def _spelled(project: Project, prefix: Path, program: Path) -> str:
    inside = prefix.is_relative_to(project.root)
    return project.spelled(program) if inside else str(program)


def _poetry(folder: Path, project: Project, env: Mapping[str, str]) -> list[Path]:
    """The environments that poetry made for the project of a folder, as it names them."""
    owner = Project(project.root, folder.relative_to(project.root).as_posix(), path=project.path)
    name = table(owner.pyproject, "tool", "poetry").get("name") or table(owner.pyproject, "project").get(
        "name"
    )
    if not isinstance(name, str) or "poetry" not in owner.text("pyproject.toml"):
        return []
    digest = base64.urlsafe_b64encode(hashlib.sha256(str(folder).encode()).digest()).decode()[:8]
    caches = env.get("POETRY_CACHE_DIR") or f"{env.get('HOME', '')}/.cache/pypoetry"
    safe = re.sub(r"[*?\[]", "_", _POETRY_NAME.sub("_", name.lower())[:42])
    return sorted(Path(caches, "virtualenvs").glob(f"{safe}-{digest}-py*"), reverse=True)
