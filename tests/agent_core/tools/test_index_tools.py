"""`index`, `emb-index`, `esearch`, `vretr`, `intel` over an index of a few real files."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from agent_core.commandline import CommandLine, parse
from agent_core.config import Settings
from agent_core.cooldowns import Cooldowns, seconds_of
from agent_core.errors import IndexFault, ToolError, UsageError
from agent_core.index.api import IndexStatus, Part, Place
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.emb_index import EmbIndexArgs, EmbIndexTool
from agent_core.tools.esearch import EsearchTool
from agent_core.tools.index import IndexArgs, IndexTool
from agent_core.tools.indexing import Teller
from agent_core.tools.intel import IntelTool
from agent_core.tools.places import SearchArgs, described, excerpt, hit
from agent_core.tools.registry import Registry, tool_schema
from agent_core.tools.vretr import VretrTool
from agent_core.workspace import Workspace
from tests.fakes.index import FilesIndex
from tests.fakes.logs import GivenLogs
from tests.fakes.turn import RecordedTurn

FILES = {
    "src/retry.py": '"""Trying again."""\n\nfrom src.clock import now\n\n\n'
    "class Retry:\n    def backoff(self, attempt: int) -> float:\n        return now() + 2**attempt\n",
    "src/clock.py": '"""The time."""\n\n\ndef now() -> float:\n    return 0.0\n',
    "src/main.py": "from src.retry import Retry\n\n\ndef main() -> None:\n    Retry().backoff(1)\n",
    "tests/test_retry.py": "from src.retry import Retry\n\n\ndef test_backoff():\n    Retry().backoff(1)\n",
    "README.md": "# Sample\n\nIt tries again.\n",
}


class Bench:
    """A workspace, its index, the tools, and what they showed."""

    def __init__(self, root: Path, *, embedder: str = "minilm", **settings: Any) -> None:
        for name, text in FILES.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        self.workspace = Workspace.open(root)
        self.settings = Settings(**settings)
        self.index = FilesIndex(self.workspace, embedder=embedder)
        self.logs = GivenLogs()
        self.cooldowns = Cooldowns(
            workspace=self.workspace, seconds=seconds_of(self.settings), publish=lambda _: None
        )
        self.shown: list[str] = []
        self.tools = Registry(
            [
                IndexTool(index=self.index, cooldowns=self.cooldowns),
                EmbIndexTool(index=self.index, cooldowns=self.cooldowns),
                EsearchTool(index=self.index),
                VretrTool(index=self.index),
                IntelTool(index=self.index, logs=self.logs),
            ]
        )

    async def run(self, line: str) -> ToolResult:
        typed = parse(line, self.tools)
        assert isinstance(typed, CommandLine), line
        tool = self.tools.get(typed.tool_name)
        assert tool is not None
        context = ToolContext(
            workspace=self.workspace,
            settings=self.settings,
            progress=self.shown.append,
            turn=RecordedTurn(self.workspace.root),
        )
        return await tool.run(typed.args, context)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


# index, emb-index


async def test_index_builds_with_progress_and_tells_how_it_stands(bench: Bench) -> None:
    result = await bench.run("index")
    assert bench.shown == [f"indexing {n}/5 files\n" for n in range(5)]
    assert result.summary.startswith("5 files, 5 chunks; ")
    assert "vectors  0 of 5, by minilm" in result.text.splitlines()
    assert result.data["index"]["files"] == 5
    assert 0 < bench.cooldowns.remaining("index") <= 60


async def test_index_status_builds_nothing_and_begins_no_cooldown(bench: Bench) -> None:
    result = await bench.run("index --status")
    assert result.summary == "indexing 0/5" and result.data["index"]["files"] == 0
    assert bench.cooldowns.all() == {}
    assert not (bench.workspace.root / ".dspy_tui").exists()


async def test_emb_index_makes_what_is_missing(bench: Bench) -> None:
    await bench.run("index")
    bench.shown.clear()
    result = await bench.run("emb-index")
    assert bench.shown[1:3] == ["1 vector of 5 (20 s left)\n", "2 vectors of 5 (20 s left)\n"]
    assert result.data["made"] == 5 and "5 vectors made by minilm" in result.summary
    assert (await bench.run("emb-index")).data["made"] == 0
    assert 0 < bench.cooldowns.remaining("emb-index") <= 600


async def test_emb_index_cancelled_keeps_what_is_made(bench: Bench) -> None:
    await bench.run("index")
    bench.index.hold = asyncio.Event()
    bench.index.waiting.clear()
    running = asyncio.create_task(bench.run("emb-index"))
    await bench.index.waiting.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert bench.index.status.embedded == 2
    assert bench.cooldowns.remaining("emb-index") > 0, "what was begun counts"
    bench.index.hold = None
    assert (await bench.run("emb-index")).data["made"] == 3


async def test_emb_index_without_an_embedder_names_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(IndexFault, match="No embedder") as caught:
        await Bench(tmp_path, embedder="").run("emb-index")
    assert caught.value.hint


async def test_a_fault_of_the_index_is_its_own_error(bench: Bench) -> None:
    bench.index.fail = IndexFault("the disk is full")
    for line in ("index", "index --status", "emb-index", "esearch x", "vretr x", "intel x"):
        with pytest.raises(IndexFault):
            await bench.run(line)


# Searching


async def test_what_is_found_for_people_and_programs(bench: Bench) -> None:
    result = await bench.run("esearch where is the backoff of a retry counted --limit 2")
    assert bench.index.asked == [("where is the backoff of a retry counted", "hybrid", 2, None)]
    first, second = result.hits
    assert (first.path, first.start, first.end) == ("src/retry.py", 1, 8)
    assert first.score > second.score and "backoff" in first.text and first.why
    lines = result.text.splitlines()
    assert lines[:3] + lines[7:10] == [
        "1. src/retry.py:1-8  Retry",
        "   speaks of backoff, retr",
        '   1  """Trying again."""',
        "   6  class Retry:",
        "   7      def backoff(self, attempt: int) -> float:",
        "   8          return now() + 2**attempt",
    ]
    assert result.data["places"][0]["name"] == "Retry"
    assert (result.data["query"], result.data["mode"]) == (
        "where is the backoff of a retry counted",
        "hybrid",
    )
    assert result.note == "the vectors are still being made"
    assert result.text.endswith("\n\n… the vectors are still being made")
    assert result.summary == "2 places; 4 ms"


@pytest.mark.parametrize(
    "line", ["esearch --q 'a retry'", "vretr --query a retry", "intel --query 'a retry'"]
)
async def test_the_older_spellings(bench: Bench, line: str) -> None:
    result = await bench.run(line)
    assert bench.index.asked[-1][0] == "a retry" and result.hits


async def test_each_tool_searches_in_its_way(bench: Bench) -> None:
    for line in ("esearch retry", "vretr retry", "intel retry"):
        await bench.run(line)
    assert [mode for _, mode, _, _ in bench.index.asked] == ["hybrid", "vector", "graph"]


async def test_intel_says_what_is_connected(bench: Bench) -> None:
    result = await bench.run("intel retry backoff")
    assert result.hits[0].why == "speaks of backoff, retr; connected with src/clock.py"
    assert result.data["places"][0]["related"] == ["src/clock.py", "src/main.py", "tests/test_retry.py"]
    assert "   related src/clock.py, src/main.py, tests/test_retry.py" in result.text.splitlines()


async def test_tests_rank_as_high_when_asked_for(bench: Bench) -> None:
    usual = await bench.run("esearch test backoff of retry")
    asked = await bench.run("esearch test backoff of retry --tests")
    assert usual.hits[0].path == "src/retry.py" and asked.hits[0].path == "tests/test_retry.py"


async def test_the_limit_comes_from_the_settings(tmp_path: Path) -> None:
    bench = Bench(tmp_path, search_results=1)
    assert len((await bench.run("esearch retry")).hits) == 1
    assert len((await bench.run("esearch retry --limit 3")).hits) == 3


async def test_the_agent_gets_fewer(bench: Bench) -> None:
    for number in range(8):
        (bench.workspace.root / f"retry_{number}.py").write_text("def retry():\n    pass\n")
    tool = bench.tools.get("esearch")
    assert tool is not None
    context = ToolContext(workspace=bench.workspace, settings=bench.settings)
    assert len((await tool.run(SearchArgs(query="retry"), context)).hits) == 6
    assert len((await bench.run("esearch retry")).hits) == 10


async def test_nothing_found_is_an_answer(bench: Bench, tmp_path: Path) -> None:
    result = await bench.run("esearch zeppelin")
    assert result.hits == () and result.summary.startswith("0 places")
    assert result.text.startswith("Nothing found in 5 files; `grep` looks for exact text.")


@pytest.mark.parametrize("name", ["esearch", "vretr", "intel"])
async def test_an_empty_query_is_refused(bench: Bench, name: str) -> None:
    tool = bench.tools.get(name)
    assert tool is not None
    context = ToolContext(workspace=bench.workspace, settings=bench.settings)
    with pytest.raises(UsageError, match="empty"):
        await tool.run(SearchArgs(query="  \n"), context)


async def test_waiting_for_the_index_shows_how_far_it_is(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.tools.indexing._STEP_S", 0.005)
    bench.index.hold = asyncio.Event()
    running = asyncio.create_task(bench.run("esearch retry"))
    while not bench.shown:
        await asyncio.sleep(0.005)
    bench.index.hold.set()
    assert (await running).hits
    assert bench.shown[0] == "indexing 2/5 files\n"


async def test_cancelling_a_search_ends_its_wait(bench: Bench) -> None:
    bench.index.hold = asyncio.Event()
    running = asyncio.create_task(bench.run("esearch retry"))
    await bench.index.waiting.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(asyncio.all_tasks()) == 1, "nothing goes on ticking"


# What is shown of a place


def place(text: str, **more: Any) -> Place:
    given = {"path": "a.py", "start": 10, "end": 10 + text.count("\n"), "score": 0.5, "text": text}
    return Place(**{**given, **more})


def test_an_excerpt_keeps_the_head_and_the_lines_that_say_most() -> None:
    lines = ["def f():", *(f"    x{n} = {n}" for n in range(30)), "    retry(backoff)", "    return"]
    shown = excerpt(place("\n".join(lines)), ["retr", "backoff"], 4)
    assert shown == [
        "   10  def f():",
        "      …",
        "   40      x29 = 29",
        "   41      retry(backoff)",
        "   42      return",
    ]
    assert excerpt(place("one\ntwo"), [], 4) == ["   10  one", "   11  two"]


def test_what_is_shown_is_bounded_and_literal() -> None:
    hostile = place(
        "x" * 100_000 + "\n\x1b[2Jy\u202e", path="a\nb.py", name="\x1b[31mf", why=("de\nfines f",),
        related=("r\x07.py", "r\x07.py"), parts=(Part(1, 2, "\x1b[0mg", 0.1),),
    )  # fmt: skip
    text = described(1, hostile, [])
    assert "\x1b" not in text and "\u202e" not in text and "\x07" not in text
    assert text.splitlines()[:2] == ["1. a b.py:10-11  f", "   de fines f"]
    assert max(map(len, text.splitlines())) < 200
    assert len(hit(hostile).text) == 4_000
    assert hit(hostile).path == "a\nb.py", "programs get the path that is on disk"


def test_progress_is_told_once_for_each_hundredth() -> None:
    told: list[str] = []
    tell = Teller(told.append)
    for done in range(10_000):
        tell(IndexStatus(phase="building", done=done, total=10_000))
    tell(IndexStatus(phase="ready", files=1))
    assert len(told) == 100 and told[-1] == "indexing 9,900/10,000 files\n"


# The contract


async def test_the_hits_are_those_of_the_schema(bench: Bench) -> None:
    root = Path(__file__).resolve().parents[3]
    schema = json.loads((root / "docs" / "batch.schema.json").read_text())
    schema = {"$defs": schema["$defs"], "$ref": "#/$defs/data"}
    for line in ("index", "emb-index", "esearch retry", "vretr retry", "intel retry"):
        result = await bench.run(line)
        data = {**result.data, "hits": msgspec.to_builtins(result.hits), "note": result.note, "changed": []}
        jsonschema.validate(json.loads(msgspec.json.encode(data)), schema)


def test_models_are_offered_few_and_simple_arguments(bench: Bench) -> None:
    offered = {tool.name: tool_schema(tool) for tool in bench.tools.all() if tool.for_agent}
    assert set(offered) == {"index", "emb-index", "esearch", "vretr", "intel"}
    for name in ("esearch", "vretr", "intel"):
        assert set(offered[name]["properties"]) == {"query", "tests"}
        assert offered[name]["required"] == ["query"]


async def test_the_agent_is_told_of_missing_vectors_and_does_not_wait(bench: Bench) -> None:
    await bench.run("index")
    context = ToolContext(workspace=bench.workspace, settings=bench.settings)
    tool = bench.tools.get("vretr")
    assert tool is not None
    with pytest.raises(ToolError, match="0 of 5 places") as caught:
        await tool.run(SearchArgs(query="retry"), context)
    assert "esearch" in caught.value.info.hint
    await bench.run("emb-index")
    assert (await tool.run(SearchArgs(query="retry"), context)).hits


def test_classes() -> None:
    assert (IndexTool.action, EmbIndexTool.action) == ("heavy", "heavy")
    assert {EsearchTool.action, VretrTool.action, IntelTool.action} == {"read"}
    assert IndexArgs() == IndexArgs(status=False) and EmbIndexArgs() == EmbIndexArgs()
