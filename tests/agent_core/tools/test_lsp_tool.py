"""`lsp`, its check in `doctor`, and what servers add to `intel`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from agent_core.config import Settings
from agent_core.doctor.servers import check_servers
from agent_core.index.api import Part, Place, SearchAnswer
from agent_core.lsp.api import Named, ServerSpec
from agent_core.lsp.server import StillReading
from agent_core.lsp.servers import LanguageServers
from agent_core.lsp.users import users_of
from agent_core.tools.base import ToolContext
from agent_core.tools.lsp import LspArgs, LspTool
from agent_core.tools.server_places import with_servers
from agent_core.workspace import Workspace

SPEC = ServerSpec(language="python", name="pyright-langserver", argv=("pyright-langserver", "--stdio"))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "orders.py").write_text("import os\n\n\ndef total(orders):\n    return 1\n")
    (tmp_path / "report.py").write_text("from orders import total\n\nprint(total([]))\n")
    (tmp_path / "other.py").write_text("orders = 'not imported'\n")
    return Workspace.open(tmp_path)


async def test_lsp_says_of_each_language_how_it_stands(workspace: Workspace) -> None:
    commands = {"python": f"{sys.executable} -m server", "go": "off", "rust": "no-such-server"}
    settings = Settings(lsp_commands=commands)
    servers = LanguageServers(
        workspace=workspace, settings=settings, publish=lambda _: None, allows=lambda _: True
    )
    result = await LspTool(servers=servers).run(
        LspArgs(), ToolContext(workspace=workspace, settings=settings)
    )
    rows = {row["language"]: row for row in result.data["servers"]}
    assert [rows[name]["state"] for name in ("python", "rust", "go")] == ["idle", "missing", "off"]
    assert "no-such-server is not installed" in rows["rust"]["detail"]
    assert "-m server  installed, starts when it is needed" in result.text
    await servers.aclose()


async def test_doctor_names_those_that_are_there_and_a_configured_one_that_is_not(
    workspace: Workspace,
) -> None:
    env = {"PATH": "/nowhere"}
    nothing = await check_servers(workspace, Settings(), env)
    assert (nothing.verdict, nothing.detail) == ("ok", "none installed")
    lacking = await check_servers(workspace, Settings(lsp_commands={"go": "no-such-gopls"}), env)
    assert lacking.verdict == "warn" and "no-such-gopls" in lacking.detail and lacking.next_step
    there = await check_servers(workspace, Settings(lsp_commands={"go": f"{sys.executable} -m x"}), env)
    assert there.verdict == "ok" and there.detail.endswith("-m x (go)")
    assert "off" in (await check_servers(workspace, Settings(lsp=False), env)).detail


class Told:
    """Stands where servers do: says what it was given, or fails."""

    def __init__(self, *, fault: StillReading | None = None) -> None:
        self.asked: list[tuple[str, int, int, str, bool]] = []
        self._fault = fault

    async def places(
        self, path: str, line: int, last: int, name: str, *, references: bool, within: float
    ) -> tuple[ServerSpec, tuple[Named, ...]]:
        self.asked.append((path, line, last, name, references))
        if self._fault is not None:
            raise self._fault
        uses = tuple(Named(path="report.py", line=line, column=1) for line in (3, 1))
        return SPEC, uses if references else (Named(path="orders.py", line=4, column=5),)


class NoNames:
    async def names(self, query: str, *, limit: int = 20) -> tuple[()]:
        return ()


ANSWER = SearchAnswer(
    places=(
        Place(path="other.py", start=1, end=1, score=0.9, why=("speaks of total",)),
        Place(
            path="orders.py", start=1, end=1, score=0.4, why=("a word",), parts=(Part(4, 5, "total", 0.3),)
        ),
    )
)


async def fused(servers: Any, workspace: Workspace, query: str = "where is total used") -> SearchAnswer:
    index: Any = NoNames()
    return await with_servers(ANSWER, query, limit=5, servers=servers, index=index, workspace=workspace)


async def test_what_a_server_says_of_a_name_comes_first_and_is_marked(workspace: Workspace) -> None:
    told = Told()
    answer = await fused(told, workspace)
    assert told.asked == [("orders.py", 4, 5, "total", False), ("orders.py", 4, 5, "total", True)]
    assert [(place.path, place.why[0]) for place in answer.places] == [
        ("orders.py", "defines total, line 4 (pyright-langserver)"),
        ("report.py", "uses total, lines 1, 3 (pyright-langserver)"),
        ("other.py", "speaks of total"),
    ]
    assert answer.places[0].start <= 4 <= answer.places[0].end, "the lines that are meant"
    assert answer.places[0].score > answer.places[1].score > answer.places[2].score


async def test_a_server_that_is_not_ready_leaves_the_answer_as_it_is(workspace: Workspace) -> None:
    answer = await fused(Told(fault=StillReading("It is starting")), workspace)
    assert answer.places == ANSWER.places
    assert answer.note == "the language server was not asked: it is starting"


async def test_a_question_without_a_known_name_asks_no_server(workspace: Workspace) -> None:
    told = Told()
    assert (await fused(told, workspace, "how are prices made")).places == ANSWER.places
    assert not told.asked


async def test_files_that_import_a_changed_one_are_known_by_their_imports(workspace: Workspace) -> None:
    assert await users_of(["orders.py"], workspace, most=8) == ["report.py"]
    assert await users_of(["-f.py"], workspace, most=8) == []
