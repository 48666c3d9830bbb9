"""Which sources a workspace has, and what their names mean."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from agent_core.config import Settings
from agent_core.errors import LogFault, PathRefused
from agent_core.logs.api import SourceFacts
from agent_core.logs.sources.find import BUILT_IN, MOST_SOURCES, Finder
from agent_core.logs.sources.port import Begin, LogSource
from agent_core.workspace import Workspace


class Bells:
    """A kind that somebody registers."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self.workspace = workspace

    async def known(self) -> tuple[SourceFacts, ...]:
        return (SourceFacts(name="bells:big"),)

    def open(self, name: str, begin: Begin) -> LogSource:
        raise LogFault(f"{name} does not ring")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "workspace"
    for name in ("logs/app.log", "logs/app.log.1", "logs/web.log", "build/out.txt", "deep/er/one.log"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x\n")
    (tmp_path / "outside.log").write_text("x\n")
    return Workspace.open(root)


async def names(finder: Finder, *wanted: str) -> list[str]:
    return sorted(found.name for found in await finder.find(wanted))


async def test_without_a_name_all_logs_and_what_is_configured(workspace: Workspace) -> None:
    finder = Finder(workspace=workspace, configured=("build/*.txt", "compose:web"))
    assert await names(finder) == [
        "build/out.txt", "compose:web", "deep/er/one.log", "logs/app.log", "logs/web.log"
    ]  # fmt: skip


async def test_names(workspace: Workspace) -> None:
    finder = Finder(workspace=workspace)
    assert await names(finder, "logs/app.log") == ["logs/app.log"]
    assert await names(finder, "./logs/../logs/app.log") == ["logs/app.log"]
    assert await names(finder, "one.log") == ["deep/er/one.log"]
    assert await names(finder, "logs/*.log", "logs/web.log") == ["logs/app.log", "logs/web.log"]
    assert await names(finder, "logs") == ["logs/app.log", "logs/web.log"]
    assert await names(finder, "build/out.txt") == ["build/out.txt"]
    (found,) = await finder.find(["logs/app.log"])
    assert found.family and [file.path for file in found.family.files] == ["logs/app.log.1", "logs/app.log"]


async def test_names_that_mean_nothing(workspace: Workspace) -> None:
    finder = Finder(workspace=workspace)
    with pytest.raises(LogFault, match=r"There is no log 'none\.log'") as failed:
        await finder.find(["none.log"])
    assert "logs/app.log" in failed.value.hint
    for outside in ("../outside.log", "/etc/passwd", "../*.log"):
        with pytest.raises(PathRefused):
            await finder.find([outside])
    with pytest.raises(LogFault, match="no standard input"):
        await finder.find(["-"])
    assert await names(Finder(workspace=workspace, has_input=True), "-") == ["-"]


async def test_links_and_what_else_a_glob_meets(workspace: Workspace) -> None:
    logs = workspace.root / "logs"
    (logs / "alias.log").symlink_to("web.log")
    (logs / "loop.log").symlink_to("loop.log")
    (logs / "away.log").symlink_to("/etc/passwd")
    os.mkfifo(logs / "pipe.log")
    (logs / "none").mkdir()
    finder = Finder(workspace=workspace)
    assert await names(finder, "**/*.log") == ["deep/er/one.log", "logs/app.log", "logs/web.log"]
    for name, said in (
        ("logs/pipe.log", "logs/pipe.log is a named pipe, no log"),
        ("logs/none", "There are no logs in logs/none"),
        ("logs/loop.log", "logs/loop.log cannot be read: Too many levels"),
        ("logs/app.log/x.log", "There is no log 'logs/app.log/x.log'"),
    ):
        with pytest.raises(LogFault, match=re.escape(said)):
            await finder.find([name])


async def test_how_many_are_left_out(workspace: Workspace) -> None:
    finder = Finder(workspace=workspace)
    await finder.find()
    assert finder.left_out == 0
    for number in range(MOST_SOURCES):
        (workspace.root / "logs" / f"more{number}.log").write_text("x\n")
    assert len(await finder.find()) == MOST_SOURCES
    assert finder.left_out == 3


async def test_kinds_by_scheme(workspace: Workspace) -> None:
    finder = Finder(workspace=workspace, kinds={**BUILT_IN, "bells": f"{__name__}:Bells"})
    assert await names(finder, "bells:big", "compose") == ["bells:big", "compose"]
    kind = finder.kind("bells:big")
    assert kind is not None and finder.kind("bells:small") is kind
    assert finder.kind("logs/app.log") is None
    known = [facts.name for facts in await finder.known()]
    assert known[-1] == "bells:big" and "logs/app.log" in known


async def test_what_is_known_tells_of_older_files(workspace: Workspace) -> None:
    (workspace.root / "compose.yml").write_text("services: {}\n")
    known = {facts.name: facts for facts in await Finder(workspace=workspace).known()}
    assert (known["logs/app.log"].note, known["logs/app.log"].bytes) == ("1 older file", 4)
    assert known["compose"].note == "the containers of compose.yml"


async def test_containers_of_the_stack_are_known_where_its_files_lie(workspace: Workspace) -> None:
    (workspace.root / "ops").mkdir()
    (workspace.root / "ops" / "docker-compose.yml").write_text("services: {}\n")
    assert "compose" not in {facts.name for facts in await Finder(workspace=workspace).known()}
    finder = Finder(workspace=workspace, settings=Settings(stack_dir="ops"))
    known = {facts.name: facts.note for facts in await finder.known()}
    assert known["compose"] == "the containers of ops/docker-compose.yml"
