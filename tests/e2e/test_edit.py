"""The edit turn as a user meets it: the program, a project with a planted bug, and a scripted server."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.e2e.conftest import PROGRAM, environment
from tests.e2e.test_batch import SCHEMA
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer

CORPORA = os.environ.get("DSPY_TUI_CORPORA", "")
SMALL = """import unicodedata


def columns(text):
    width = 0
    for char in text:
        if unicodedata.category(char) in ("Me",):
            continue
        width += 2 if unicodedata.east_asian_width(char) in ("F", "W") else 1
    return width
"""
SMALL_TEST = """from shown.width import columns


def test_words():
    assert columns("abc") == 3
    assert columns("日本") == 4


def test_combining_characters_take_no_room():
    assert columns("e\\u0301") == 1
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A project with a planted bug: the file, and its faulty line, a wrong and the right one in its place."""

    root: Path
    path: str
    faulty: str
    wrong: str
    right: str
    settings: str

    @property
    def file(self) -> Path:
        return self.root / self.path

    def reply(self, line: str) -> Answer:
        block = f"<<<<<<< SEARCH\n{self.faulty}\n=======\n{line}\n>>>>>>> REPLACE"
        return Answer(text=(f"I mend it.\n\n{self.path}\n```python\n", f"{block}\n```\n"))


def of_pytest(folder: Path) -> Project:
    """pytest's own source, tested by what is installed here, with its own tests."""
    source = Path(CORPORA) / "pytest-dev__pytest"
    root = folder / "pytest"
    for name in ("src", "testing/io", "testing/conftest.py", "pyproject.toml", "testing/test_compat.py"):
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, place)
        else:
            shutil.copy(source / name, place)
    path = "src/_pytest/_io/wcwidth.py"
    good = '    if category in ("Me", "Mn"):'
    faulty = '    if category in ("Me",):'
    text = (root / path).read_text()
    assert text.count(good) == 1
    (root / path).write_text(text.replace(good, faulty))
    command = f"PYTHONPATH=src {sys.executable} -m pytest -q -p no:cacheprovider testing/io/test_wcwidth.py"
    wrong = '    if category in ("Me", "Mc"):'
    return Project(root, path, faulty, wrong, good, command)


def of_our_own(folder: Path) -> Project:
    """A package in the same form, for where there is no other."""
    root = folder / "shown"
    (root / "src/shown").mkdir(parents=True)
    (root / "tests").mkdir()
    (root / "src/shown/__init__.py").touch()
    (root / "src/shown/width.py").write_text(SMALL, encoding="utf-8")
    (root / "tests/test_width.py").write_text(SMALL_TEST, encoding="utf-8")
    line = '        if unicodedata.category(char) in ("Me",):'
    command = f"PYTHONPATH=src {sys.executable} -m pytest -q -p no:cacheprovider tests"
    wrong, right = (line.replace('"Me",', f'"Me", "{more}"') for more in ("Mc", "Mn"))
    return Project(root, "src/shown/width.py", line, wrong, right, command)


@pytest.fixture(params=["pytest", "own"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    if request.param == "own":
        return of_our_own(tmp_path)
    if not (Path(CORPORA) / "pytest-dev__pytest" / "src").is_dir() or not CORPORA:
        pytest.skip("the source of pytest is not there (DSPY_TUI_CORPORA)")
    return of_pytest(tmp_path)


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer(models=("big",)) as running:
        yield running


async def batch(project: Project, server: ModelServer, *arguments: str) -> tuple[int, list[Any]]:
    """Run the program in the project; the exit code and the results."""
    env = environment(
        OPENAI_BASE_URL=f"{server.url}/v1",
        OPENAI_API_KEY="k",
        MODEL_NAME="big",
        XDG_STATE_HOME=str(project.root.parent / "state"),
    )
    program = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *("--batch", "--format", "json", "--set", f"test_cmd={project.settings}", *arguments),
        cwd=project.root,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await program.communicate()
    document = json.loads(out)
    jsonschema.validate(document, SCHEMA)
    assert program.returncode is not None
    return program.returncode, document["results"]


TASK = "edit @{} combining characters take a column of their own: mend it"


async def test_a_bug_is_mended_verified_taken_back_and_mended_again(
    project: Project, server: ModelServer
) -> None:
    """A wrong fix, the failing test seen, the right fix, undo and redo."""
    broken = project.file.read_bytes()
    server.script(project.reply(project.wrong), project.reply(project.right))
    rules = ("--allow", "write", "--allow", "run")
    code, (edit, undo) = await batch(project, server, *rules, "-c", TASK.format(project.path), "-c", "undo")
    assert (code, edit["outcome"], undo["outcome"]) == (0, "verified", "changed")
    data = edit["data"]
    assert data["changed"] == [project.path] and data["attempts"] == 2
    assert f"-{project.faulty}\n+{project.right}\n" in data["diff"]
    assert data["verified"] == [project.settings]
    (check,) = data["checks"]
    assert (check["state"], check["failed"], check["findings"]) == ("passed", 0, [])
    assert data["remark"].startswith("test_cmd passed")
    repair = server.chats[-1].body["messages"][-1]["content"]
    assert "failed before the change and still do" in repair, (
        "it saw which test its first change left failing"
    )
    assert "assert" in repair and project.wrong in repair and "PYTHONPATH" not in check["note"]
    assert project.file.read_bytes() == broken, "undo brings back the bytes"
    code, (redo,) = await batch(project, server, *rules, "-c", "redo")
    assert (code, redo["data"]["changed"]) == (0, [project.path])
    assert project.file.read_bytes() == broken.replace(project.faulty.encode(), project.right.encode())


async def test_a_change_that_breaks_tests_is_not_written_by_a_rule(
    tmp_path: Path, server: ModelServer
) -> None:
    """What was proposed and what the checks said of it is in the document all the same."""
    project = of_our_own(tmp_path)
    before = project.file.read_bytes()
    breaking = "        if True:"
    server.script(project.reply(breaking))
    code, (edit,) = await batch(
        project, server, "--allow", "write", "--allow", "run", "-c", TASK.format(project.path)
    )
    assert (code, edit["outcome"], edit["error"]["code"]) == (3, "stopped", "permission")
    assert "test_cmd fails with it" in edit["error"]["message"]
    proposed = edit["data"]["proposed"]
    assert f"+{breaking}\n" in proposed["diff"]
    (check,) = proposed["checks"]
    assert check["state"] == "failed" and check["findings"][0]["path"] == "tests/test_width.py"
    assert edit["data"]["tools"].count(project.settings) == 1, "the same change is tried once"
    assert project.file.read_bytes() == before


async def test_no_rule_no_change(tmp_path: Path, server: ModelServer) -> None:
    project = of_our_own(tmp_path)
    server.script(project.reply(project.right))
    before = project.file.read_bytes()
    code, (edit,) = await batch(project, server, "-c", TASK.format(project.path))
    assert (code, edit["error"]["code"], server.chats) == (3, "permission", [])
    code, (edit,) = await batch(project, server, "--allow", "write:docs/*", "-c", TASK.format(project.path))
    assert code == 3 and edit["error"]["hint"] == f"Grant it with --allow write:{project.path}."
    assert project.file.read_bytes() == before


async def test_a_claim_is_no_change(tmp_path: Path, server: ModelServer) -> None:
    project = of_our_own(tmp_path)
    server.script(Answer(text=("I have mended it, and all tests pass.",)))
    code, (edit,) = await batch(
        project, server, "--allow", "write", "--allow", "run", "-c", TASK.format(project.path)
    )
    assert (code, edit["outcome"], edit["error"]["code"]) == (6, "stopped", "nothing-done")
    assert edit["data"]["changed"] == [] and edit["data"]["verified"] == []
