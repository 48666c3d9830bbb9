"""The checks of a Python project."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

from agent_core.verify.api import Kind, Verifier
from agent_core.verify.interpreters import Interpreter, interpreters
from agent_core.verify.project import Project, table

_TESTS = ("tests", "test", "testing")
_TEST_FILE = re.compile(r"test_.+\.py|.+_test\.py")
_PYTEST = re.compile(r"^\s*(?:import pytest|from pytest|def test_|async def test_|@pytest\.)", re.M)
_UNITTEST = re.compile(r"\bunittest\b.*\bTestCase\b|\(TestCase\)|^\s*import unittest", re.M)
_MOST_FILES = 200
_FIRST = 20
MANIFESTS = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "pytest.ini",
    ".pytest.ini",
    "tox.ini",
    "requirements.txt",
    *("ruff.toml", ".ruff.toml", ".flake8", "mypy.ini", ".mypy.ini", "pyrightconfig.json"),
)


def find(project: Project, env: Mapping[str, str]) -> Iterator[Verifier]:
    """What the folder has of pytest, unittest, ruff, flake8, mypy and pyright, in this order."""
    is_project = bool(project.has(*MANIFESTS))
    if not is_project and project.folder != ".":
        return  # a folder of tests is not a project of its own
    tests = _tests(project)
    if not is_project and not tests:
        return
    pythons = interpreters(project, env)
    yield from _test_runners(project, pythons, tests)
    yield from _linters(project, pythons)


def _test_runners(project: Project, pythons: list[Interpreter], tests: list[str]) -> Iterator[Verifier]:
    configured = _pytest_signs(project)
    texts = [project.text(name) for name in tests[:_FIRST]]
    folder = tests[0].partition("/")[0] if tests and "/" in tests[0] else ""
    pytest_like = any(_PYTEST.search(text) for text in texts)
    if configured or pytest_like or (tests and any(python.has("pytest") for python in pythons)):
        signs = configured or (f"tests in {folder or '.'}" if tests else "")
        yield _module(project, pythons, "run_tests", "pytest", ("pytest",), signs)
    if any(_UNITTEST.search(text) for text in texts):
        start = ("-s", folder, "-t", ".") if _is_package(project, folder) else ("-s", folder)
        words = ("unittest", "discover", *(start if folder else ()))
        yield _module(
            project, pythons, "run_tests", "unittest", words, f"TestCase classes in {folder or '.'}"
        )


def _is_package(project: Project, folder: str) -> bool:
    return (project.base / folder / "__init__.py").is_file()


def _pytest_signs(project: Project) -> str:
    if name := project.has("pytest.ini", ".pytest.ini"):
        return name
    if "pytest" in table(project.pyproject, "tool"):
        return "pyproject.toml [tool.pytest]"
    if project.section("tox.ini", "pytest"):
        return "tox.ini [pytest]"
    if project.section("setup.cfg", "tool:pytest"):
        return "setup.cfg [tool:pytest]"
    return project.has("conftest.py", *(f"{folder}/conftest.py" for folder in _TESTS))


def _tests(project: Project) -> list[str]:
    """Files that look like tests: in the folders that are called so, else in the folder itself."""
    for folder in _TESTS:
        if folder in project.names and (found := sorted(_test_files(project, folder))):
            return found
    return sorted(name for name in project.names if _TEST_FILE.fullmatch(name) and project.has(name))


def _test_files(project: Project, folder: str) -> Iterator[str]:
    seen = 0
    base = str(project.base)
    for here, folders, files in os.walk(f"{base}/{folder}"):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        for name in sorted(files):
            if _TEST_FILE.fullmatch(name):
                yield os.path.relpath(f"{here}/{name}", base)
                seen += 1
        if seen >= _MOST_FILES:
            return


def _linters(project: Project, pythons: list[Interpreter]) -> Iterator[Verifier]:
    tools = table(project.pyproject, "tool")
    if sign := project.has("ruff.toml", ".ruff.toml") or (
        "pyproject.toml [tool.ruff]" if "ruff" in tools else ""
    ):
        yield _program(project, pythons, "ruff", ("check", "."), sign, executes=False)
    sign = project.has(".flake8") or _section_sign(project, "flake8", "setup.cfg", "tox.ini")
    if sign:
        yield _program(project, pythons, "flake8", (), sign, executes=True)
    sign = project.has("mypy.ini", ".mypy.ini") or _section_sign(project, "mypy", "setup.cfg")
    if sign or "mypy" in tools:
        sign = sign or "pyproject.toml [tool.mypy]"
        yield _program(project, pythons, "mypy", _mypy_words(project), sign, executes=_mypy_plugins(project))
    if sign := project.has("pyrightconfig.json") or (
        "pyproject.toml [tool.pyright]" if "pyright" in tools else ""
    ):
        yield _program(project, pythons, "pyright", (), sign, executes=False)


def _section_sign(project: Project, section: str, *files: str) -> str:
    return next((f"{name} [{section}]" for name in files if project.section(name, section)), "")


def _mypy_settings(project: Project) -> Iterator[tuple[str, object]]:
    yield from table(project.pyproject, "tool", "mypy").items()
    for name in ("mypy.ini", ".mypy.ini", "setup.cfg"):
        parser = project.ini(name)
        if parser.has_section("mypy"):
            yield from parser.items("mypy")


def _mypy_words(project: Project) -> tuple[str, ...]:
    named = {name for name, value in _mypy_settings(project) if value}
    return () if named & {"files", "packages", "modules"} else (".",)


def _mypy_plugins(project: Project) -> bool:
    return any(name == "plugins" and value for name, value in _mypy_settings(project))


def _module(
    project: Project, pythons: list[Interpreter], kind: Kind, name: str, words: tuple[str, ...], sign: str
) -> Verifier:
    """A module that is run with the first interpreter that has it, else with the first one."""
    module = words[0]
    first = next((python for python in pythons if python.has(module)), None)
    python = first or (pythons[0] if pythons else Interpreter("python3", None, "not installed"))
    standard = module == "unittest"
    return Verifier(
        name=name,
        kind=kind,
        argv=(python.word, "-m", *words),
        cwd=project.folder,
        origin=f"{sign}; {python.origin}",
        ecosystem="python",
        tool=name,
        found=bool(pythons) and (standard or python.has(module) is not False),
    )


def _program(
    project: Project,
    pythons: list[Interpreter],
    name: str,
    words: tuple[str, ...],
    sign: str,
    *,
    executes: bool,
) -> Verifier:
    """A program of the project's environment, of its node_modules, or of PATH."""
    own = next((program for python in pythons if (program := python.script(name))), "")
    inside = own.startswith(f"{project.root}/")
    word = os.path.relpath(own, project.base) if inside else own
    if not own:
        word = name
    return Verifier(
        name=name,
        kind="lint",
        argv=(word, *words),
        cwd=project.folder,
        executes=executes,
        origin=sign,
        ecosystem="python",
        tool=name,
        found=bool(own or project.program(name)),
    )
