"""An edit that breaks a type, in real projects with their real language servers."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from agent_core.agent.edit.flow import change
from agent_core.agent.port import TaskInput
from agent_core.commandline import Mention
from agent_core.config import Settings
from agent_core.events import ChecksFinished, Event, Notice, ToolFinished, ToolStarted
from agent_core.llm.scripted import DEFAULT_INFO, ScriptedModel
from agent_core.lsp.api import ServerSpec
from agent_core.lsp.servers import LanguageServers
from agent_core.verify.api import Report
from agent_core.workspace import Workspace
from tests.fakes.turn import RecordedTurn

NO_TOOLS = msgspec.structs.replace(DEFAULT_INFO, supports_tools=False, window=32_768)
INSTALLED = Path(os.environ.get("DSPY_TUI_LANGUAGE_SERVERS", ""))


def block(path: str, search: str, replace: str) -> str:
    return f"I do it.\n\n{path}\n```\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n```\n"


@asynccontextmanager
async def turn_in(root: Path, *allowed: str, settings: Settings | None = None) -> AsyncIterator[RecordedTurn]:
    turn = RecordedTurn(root, settings=settings)
    notices: list[Notice] = []
    turn.language_servers = LanguageServers(
        workspace=Workspace.open(root),
        settings=turn.settings,
        publish=notices.append,
        allows=lambda line: line in allowed,
    )
    try:
        yield turn
    finally:
        await turn.language_servers.aclose()
    assert not notices


def reports(turn: RecordedTurn, name: str) -> list[Report]:
    told = [event for event in turn.events if isinstance(event, ChecksFinished)]
    return [report for event in told for report in event.reports if report.verifier == name]


def shape(events: list[Event]) -> list[tuple[str, str]]:
    """Calls in order, each with what it came to."""
    rows: list[tuple[str, str]] = []
    for event in events:
        if isinstance(event, ToolStarted):
            rows.append(("started", event.name))
        elif isinstance(event, ToolFinished):
            rows.append(("finished", event.error.code if event.error else "fine"))
        elif isinstance(event, ChecksFinished):
            rows.append(("checked", ", ".join(report.state for report in event.reports)))
    return rows


ORDERS = '''"""Orders — 😀."""

from dataclasses import dataclass


@dataclass
class Order:
    name: str
    cents: int


def total(orders: list[Order]) -> int:
    return sum(order.cents for order in orders)


legacy: int = "known before"
'''
REPORT = """from orders import Order, total


def line(orders: list[Order]) -> str:
    return f"{total(orders) / 100:.2f}"
"""


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    root = tmp_path / "shop"
    root.mkdir()
    (root / "orders.py").write_text(ORDERS.replace("\n", "\r\n"), newline="")
    (root / "report.py").write_text(REPORT)
    return root


async def test_what_a_change_of_python_breaks_goes_back_and_is_repaired(python: Path) -> None:
    old = "order.cents for order"
    model = ScriptedModel(
        [
            block(
                "orders.py",
                f"    return sum({old} in orders)",
                "    return sum(order.centz for order in orders)",
            ),
            block(
                "orders.py",
                f"    return sum({old} in orders)",
                "    return sum(int(order.cents) for order in orders)",
            ),
        ],
        info=NO_TOOLS,
    )
    task = TaskInput(text="have total() in @orders.py count whole numbers", mentions=(Mention("orders.py"),))
    async with turn_in(python) as turn:
        answer = await change(model, task, turn)
    assert answer.changed == ("orders.py",)
    first, second = reports(turn, "pyright-langserver")
    assert (first.state, first.known, second.state, second.findings) == ("failed", 1, "passed", ()), second
    (finding,) = first.findings
    assert (finding.path, finding.line, finding.column) == ("orders.py", 13, 22)
    assert (finding.severity, finding.code) == ("error", "reportAttributeAccessIssue")
    assert "centz" in finding.message and finding.source == "return sum(order.centz for order in orders)"
    # What comes after that is the model's own review: no test verified the change.
    assert shape(turn.events)[:10] == [
        ("started", "edit"),
        ("finished", "fine"),
        ("started", "lint"),
        ("finished", "checks-failed"),
        ("checked", "failed"),
        ("started", "edit"),
        ("finished", "fine"),
        ("started", "lint"),
        ("finished", "fine"),
        ("checked", "passed"),
    ]
    repair = model.requests[1].messages[-1].content
    assert "orders.py:13" in repair and "centz" in repair and "reportAttributeAccessIssue" in repair
    assert "reportAssignmentType" not in repair, "what was wrong before is not its business"
    running, writing = turn.questions
    assert running.subjects == ("pyright-langserver --stdio",), "asked for once, before it is run"
    assert " pyright-langserver runs on the workspace itself" in running.reason
    assert not writing.doubt and writing.reports[0].state == "passed"
    assert "int(order.cents)" in (python / "orders.py").read_text()


async def test_a_change_of_types_is_told_of_where_they_are_used(python: Path) -> None:
    old = "def total(orders: list[Order]) -> int:\n    return sum(order.cents for order in orders)"
    new = "def total(orders: list[Order]) -> str:\n    return str(len(orders))"
    model = ScriptedModel([block("orders.py", old, new)], info=NO_TOOLS)
    task = TaskInput(text="total in @orders.py is text", mentions=(Mention("orders.py"),))
    async with turn_in(python) as turn:
        await change(model, task, turn)
    first = reports(turn, "pyright-langserver")[0]
    assert [(each.path, each.line, each.code) for each in first.findings] == [
        ("report.py", 5, "reportOperatorIssue")
    ]
    writing = turn.questions[-1]
    assert writing.doubt == "pyright-langserver fails with it", "no rule answers for that"


async def test_a_file_that_is_not_written_yet_is_no_missing_import(python: Path) -> None:
    reply = block("prices.py", "", "def cents(euros: float) -> int:\n    return round(euros * 100)") + block(
        "report.py",
        "from orders import Order, total",
        "from orders import Order, total\nfrom prices import cents",
    )
    model = ScriptedModel([reply], info=NO_TOOLS)
    task = TaskInput(text="import cents in @report.py", mentions=(Mention("report.py"),))
    async with turn_in(python) as turn:
        answer = await change(model, task, turn)
    (report,) = reports(turn, "pyright-langserver")
    assert (report.state, report.findings) == ("passed", ())
    assert set(answer.changed) == {"prices.py", "report.py"}


async def test_a_question_says_where_each_of_its_programs_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").write_text("x = 1\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_app.py").write_text("def test_x():\n    assert True\n")
    spec = ServerSpec(name="some-server", argv=("some-server",), language="python", found=True)

    async def specs_for(_: object, __: object) -> tuple[ServerSpec, ...]:
        return (spec,)

    monkeypatch.setattr(LanguageServers, "specs_for", specs_for)
    model = ScriptedModel([block("app.py", "x = 1", "x = 2")], info=NO_TOOLS)
    task = TaskInput(text="set x to 2 in @app.py", mentions=(Mention("app.py"),))
    turn = RecordedTurn(tmp_path)
    servers = turn.language_servers = LanguageServers(
        workspace=Workspace.open(tmp_path),
        settings=turn.settings,
        publish=lambda _: None,
        allows=lambda _: False,
    )
    await change(model, task, turn)
    await servers.aclose()
    running = next(question for question in turn.questions if question.action == "run")
    assert "some-server" in running.subjects
    assert "in a copy of the workspace" in running.reason
    assert " some-server runs on the workspace itself" in running.reason


async def test_without_permission_nothing_is_started_and_the_change_goes_on(python: Path) -> None:
    model = ScriptedModel(
        [block("report.py", REPORT.splitlines()[-1], REPORT.splitlines()[-1].replace(".2f", ".3f"))],
        info=NO_TOOLS,
    )
    task = TaskInput(text="three places in @report.py", mentions=(Mention("report.py"),))
    async with turn_in(python) as turn:
        turn.denied = {"pyright-langserver --stdio"}
        answer = await change(model, task, turn)
        assert turn.language_servers is not None
        assert next(row.state for row in await turn.language_servers.status()) == "idle"
    assert answer.changed == ("report.py",) and not reports(turn, "pyright-langserver")


SHAPES = """export interface Shape { readonly width: number; readonly height: number }

export function area(shape: Shape): number {
  const label = "😀"; return shape.width * shape.height;
}
"""


@pytest.mark.languages
@pytest.mark.parametrize(("kind", "name"), [("native", "tsc"), ("tsserver", "typescript-language-server")])
async def test_what_a_change_of_typescript_breaks_goes_back_and_is_repaired(
    tmp_path: Path, kind: str, name: str
) -> None:
    modules = INSTALLED / kind / "node_modules"
    if not os.environ.get("DSPY_TUI_LANGUAGE_SERVERS") or not modules.is_dir():
        pytest.skip("DSPY_TUI_LANGUAGE_SERVERS names no folder that .ci/language-servers made")
    root = tmp_path / "shapes"
    root.mkdir()
    shutil.copytree(modules, root / "node_modules", symlinks=True)
    (root / "tsconfig.json").write_text('{"compilerOptions": {"strict": true, "noEmit": true}}')
    (root / "shapes.ts").write_text(SHAPES)
    old = '  const label = "😀"; return shape.width * shape.height;'
    model = ScriptedModel(
        [
            block("shapes.ts", old, '  const label = "😀"; return shape.widht * shape.height;'),
            block("shapes.ts", old, '  const label = "😀"; return shape.width * shape.height * 1;'),
        ],
        info=NO_TOOLS,
    )
    task = TaskInput(text="change area in @shapes.ts", mentions=(Mention("shapes.ts"),))
    async with turn_in(root) as turn:
        answer = await change(model, task, turn)
    assert answer.changed == ("shapes.ts",)
    first, second = reports(turn, name)
    (finding,) = first.findings
    assert (finding.path, finding.line, finding.column) == ("shapes.ts", 4, 35)
    assert "widht" in finding.message and finding.severity == "error" and finding.code in ("2551", "2339")
    assert (first.state, second.state, second.findings) == ("failed", "passed", ())
    assert shape(turn.events)[:5] == [
        ("started", "edit"),
        ("finished", "fine"),
        ("started", "lint"),
        ("finished", "checks-failed"),
        ("checked", "failed"),
    ]
    assert "shapes.ts:4" in model.requests[1].messages[-1].content
