"""`codectx` on small real repositories, without a model and with one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent_core.config import Settings
from agent_core.errors import IndexFault, PathRefused, ToolError
from agent_core.events import ContextPacked, Notice, TextDelta, ToolFinished, TurnFinished, UsageReported
from agent_core.llm.errors import ModelStalled, ModelUnreachable
from agent_core.llm.scripted import Reply, ScriptedModel
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.codectx import CodectxArgs, CodectxTool
from agent_core.workspace import Workspace
from tests.fakes.git import git
from tests.fakes.index import FilesIndex
from tests.fakes.session import GivenModels, make_session

LONG = "\n".join(f"    x{n} = {n}" for n in range(120))
FILES = {
    "README.md": "# Sample\n\nIt tries again until it works.\n",
    "pyproject.toml": '[project.scripts]\nsample = "src.main:main"\n',
    "src/retry.py": '"""Trying again."""\n\nfrom src.clock import now\n\n\n'
    "class Retry:\n    limit = 3\n\n    def backoff(self, attempt):\n        return now() + 2**attempt\n",
    "src/clock.py": '"""The time."""\n\n\ndef now():\n    return 0.0\n',
    "src/main.py": "from src.retry import Retry\n\n\ndef main():\n    # TODO: stop\n    Retry().backoff(1)\n",
    "src/long.py": f"from src.clock import now\n\n\ndef endless():\n{LONG}\n",
    "tests/test_retry.py": "from src.retry import Retry\n\n\ndef test_it():\n    assert Retry().backoff(1)\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository in which `retry.py` and its test changed three times, together."""
    folder = tmp_path / "workspace"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "init", "-q")
    for number in range(3):
        for name in ("src/retry.py", "tests/test_retry.py"):
            (folder / name).write_text(FILES[name] + f"# {number}\n")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", f"{number}")
    return folder


async def describe(root: Path, path: str = ".", **more: Any) -> ToolResult:
    workspace = Workspace.open(root)
    tool = CodectxTool(index=FilesIndex(workspace), models=GivenModels())  # type: ignore[arg-type]
    return await tool.run(CodectxArgs(path), ToolContext(workspace=workspace, settings=Settings(), **more))


def rows(result: ToolResult, title: str) -> list[tuple[str, int, str]]:
    return [(row["path"], row["start"], row["text"]) for row in result.data["sections"].get(title, [])]


async def test_a_repository(root: Path) -> None:
    result = await describe(root)
    assert result.summary.startswith(".: 7 files, ") and "3 commits looked at" in result.summary
    assert (result.data["kind"], result.data["says"]) == ("folder", "It tries again until it works.")
    assert rows(result, "declared") == [("pyproject.toml", 2, "command sample = src.main:main")]
    entries = rows(result, "entry_points")
    assert entries[0][:2] == ("src/main.py", 4) and entries[0][2].startswith("def main()")
    assert rows(result, "holds_it_together")[0][:2] == ("src/clock.py", 1)
    assert [row[:1] for row in rows(result, "hot_spots")] == [("src/retry.py",)]
    assert rows(result, "layout")[0] == ("src/", 0, "(4 files)")
    assert result.data["answer"] == ""
    text = result.text.splitlines()
    assert text[1] == "“It tries again until it works.” (README.md:3)"
    assert "  src/retry.py:1  3 commits, 11 lines, used by 2 files" in text
    assert ("src/main.py", 4) in {(hit.path, hit.start) for hit in result.hits}


async def test_a_folder_counts_what_is_below_it(root: Path) -> None:
    result = await describe(root, "src")
    assert result.summary.startswith("src: 4 files")
    assert {row[0] for row in rows(result, "holds_it_together")} == {"src/clock.py", "src/retry.py"}
    assert "layout" not in result.data["sections"] and "declared" not in result.data["sections"]


async def test_a_file(root: Path) -> None:
    result = await describe(root, "src/retry.py")
    assert result.summary.startswith("src/retry.py: python, source, 11 lines")
    assert "used by 2 files, 3 of the last 3 commits" in result.summary
    assert result.data["says"] == "Trying again."
    assert [(row[1], row[2]) for row in rows(result, "outline")] == [
        (6, "class Retry (in 2 other files)"),
        (7, "limit = 3"),
        (9, "def backoff(self, attempt)"),
    ]
    assert rows(result, "tests") == [("tests/test_retry.py", 0, "")]
    assert rows(result, "changes_together_with") == [("tests/test_retry.py", 0, "(3 of 3 commits)")]
    assert rows(result, "risks") == []
    assert "Tests: tests/test_retry.py" in result.text.splitlines()


async def test_risks_of_a_file(root: Path) -> None:
    (root / "src" / "broken.py").write_text("def f(:\n    pass\n")
    main, long, broken = [
        rows(await describe(root, f"src/{name}.py"), "risks") for name in ("main", "long", "broken")
    ]
    assert main == [
        ("src/main.py", 1, "no test bears its name or uses it"),
        ("src/main.py", 5, "1 line marked as unfinished; the first: # TODO: stop"),
    ]
    assert ("src/long.py", 4, "endless is 121 lines long") in long
    assert broken[0][2].endswith("broken syntax?")


async def test_risks_of_a_repository(root: Path) -> None:
    (root / "src" / "huge.py").write_text("x = 1\n" * 900)
    (root / "src" / "broken.py").write_text("def f(:\n")
    (root / "src" / "todo.py").write_text("# TODO\n" * 6)
    (root / "tests" / "test_retry.py").unlink()
    (root / "tests" / "test_other.py").write_text("def test_other():\n    pass\n")
    found = rows(await describe(root), "risks")
    assert {path: text.partition(" ")[0] for path, _, text in found} == {
        "src/broken.py": "the",
        "src/retry.py": "changes",
        "src/huge.py": "large:",
        "src/todo.py": "6",
    }


async def test_a_repository_without_tests_says_so_once(root: Path) -> None:
    (root / "tests" / "test_retry.py").unlink()
    assert rows(await describe(root), "risks") == [("", 0, "there are no tests in this workspace")]


async def test_the_files_of_a_folder_that_nobody_is_seen_to_use_are_one_row(root: Path) -> None:
    for number in range(6):
        (root / "src" / f"rule{number}.py").write_text(
            f"from src.clock import now\n\n\ndef rule_{number}():\n    return now()\n"
        )
    found = rows(await describe(root), "entry_points")
    assert found[0] == ("src/main.py", 4, "def main(); uses 1 file")
    assert [row[0] for row in found[1:]] == ["src/"] and "no use is seen" in found[1][2]


async def test_a_program_holds_nothing_together(root: Path) -> None:
    (root / "src" / "main.py").write_text(FILES["src/main.py"] + "\n\ndef set_up_all():\n    pass\n")
    (root / "src" / "again.py").write_text("def again():\n    set_up_all()\n")
    assert "src/main.py" not in {row[0] for row in rows(await describe(root), "holds_it_together")}


async def test_definitions_stand_below_what_holds_them(root: Path) -> None:
    (root / "a.js").write_text(
        "class K {\n  ['a.b.c']() {}\n}\ndescribe('K', () => {\n  it('is. so', () => {});\n});\n"
    )
    text = (await describe(root, "a.js")).text.splitlines()
    begin = text.index("Outline")
    assert text[begin + 1 : begin + 5] == [
        "  a.js:1-3  class K",
        "    a.js:2  ['a.b.c']()",
        "  a.js:4-6  describe('K')",
        "    a.js:5  it('is. so')",
    ]


async def test_a_binary_file_is_called_so(root: Path) -> None:
    (root / "a.dat").write_bytes(b"\0\1\2")
    result = await describe(root, "a.dat")
    assert result.summary == "a.dat: binary, 3 B" and "binary" in result.note


async def test_an_empty_folder(tmp_path: Path) -> None:
    result = await describe(tmp_path)
    assert result.summary == ".: 0 files, 0 lines" and "no files" in result.note


async def test_a_place_in_a_file_stands_for_the_file(root: Path) -> None:
    index = FilesIndex(Workspace.open(root))
    tool = CodectxTool(index=index, models=GivenModels())  # type: ignore[arg-type]
    session, seen = make_session(root.parent, tool)
    session.submit("codectx src/retry.py:6-9")
    await session.idle()
    assert seen.one(ToolFinished).data["path"] == "src/retry.py"


async def test_without_git_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    result = await describe(tmp_path)
    assert result.note == "no git repository" and result.text.endswith("… no git repository")
    assert (await describe(tmp_path, "a.py")).note == "no git repository"


async def test_what_is_not_in_the_index(root: Path) -> None:
    (root / ".gitignore").write_text("ignored.py\n")
    (root / "ignored.py").write_text("# About it.\nx = 1\n")
    result = await describe(root, "ignored.py")
    assert result.data["says"] == "About it." and "not in the index" in result.note


async def test_bad_paths(root: Path) -> None:
    with pytest.raises(ToolError, match="does not exist"):
        await describe(root, "nothing.py")
    with pytest.raises(PathRefused):
        await describe(root, "../..")


async def test_a_fault_of_the_index_is_its_own_error(root: Path) -> None:
    workspace = Workspace.open(root)
    index = FilesIndex(workspace)
    index.fail = IndexFault("the disk is full")
    tool = CodectxTool(index=index, models=GivenModels())  # type: ignore[arg-type]
    with pytest.raises(IndexFault):
        await tool.run(CodectxArgs(), ToolContext(workspace=workspace, settings=Settings()))


async def test_the_assistant_without_a_model_says_what_the_project_is(root: Path) -> None:
    session, seen = session_of(root, None)
    session.submit("what does this project do?")
    await session.idle()
    end = seen.one(TurnFinished)
    assert "> It tries again until it works." in end.text
    assert "**Entry points**\n\n- `src/main.py:4` def main()" in end.text
    assert ("src/main.py", 4) in {(hit["path"], hit["start"]) for hit in end.data["hits"]}


# With a model


def session_of(root: Path, model: Any) -> tuple[Any, Any]:
    workspace = Workspace.open(root)
    models = GivenModels(model)
    tool = CodectxTool(index=FilesIndex(workspace), models=models)  # type: ignore[arg-type]
    return make_session(root.parent, tool, models=models)


async def test_a_model_says_what_the_facts_mean(root: Path) -> None:
    (root / "src" / "main.py").write_text(
        FILES["src/main.py"] + 'token = "ghp_0123456789abcdefghijABCDEFGHIJ"\n'
    )
    model = ScriptedModel([Reply.of("It tries again; ", "begin at `src/main.py:4`.")])
    session, seen = session_of(root, model)
    session.submit("codectx src/main.py")
    await session.idle()
    (request,) = model.requests
    facts = request.messages[-1].content
    assert "src/main.py: python" in facts and "def main()" in facts and "ghp_0123" not in facts
    assert request.think is False and request.tools == ()
    end = seen.one(TurnFinished)
    assert end.text == "It tries again; begin at `src/main.py:4`." and end.outcome == "answered"
    assert end.usage.completion_tokens > 0 and len(seen.of(UsageReported)) == 1
    assert seen.one(ContextPacked).items[1].label == "codectx src/main.py"
    names = seen.names()
    assert names.index("ToolStarted") < names.index("TextDelta") < names.index("ToolFinished")
    assert seen.of(Notice) == []


async def test_a_small_window_gets_what_stands_first(root: Path) -> None:
    (root / "src" / "wide.py").write_text("\n".join(f"def function_number_{n}(): ..." for n in range(400)))
    model = ScriptedModel(["Many functions."])
    session, seen = session_of(root, model)
    session.submit("codectx src/wide.py")
    await session.idle()
    packed = seen.one(ContextPacked)
    assert packed.used + 400 <= packed.window == 4096
    assert "src/wide.py: python" in model.requests[0].messages[-1].content


async def test_what_the_summary_invents_is_told(root: Path) -> None:
    session, seen = session_of(root, ScriptedModel(["See `src/nothing.py:7`."]))
    session.submit("codectx")
    await session.idle()
    assert "src/nothing.py:7" in seen.one(Notice).message


async def test_a_model_that_fails_costs_the_summary_alone(root: Path) -> None:
    model = ScriptedModel([Reply.of("It tries ", ModelStalled("no progress for 30 s", hint="Wait."))])
    session, seen = session_of(root, model)
    session.submit("codectx")
    await session.idle()
    end = seen.one(TurnFinished)
    assert (end.outcome, end.text) == ("answered", "It tries ")
    assert seen.one(Notice).message == "The summary broke off: no progress for 30 s"


async def test_a_model_that_is_gone_costs_nothing(root: Path) -> None:
    session, seen = session_of(root, ModelUnreachable("Ollama does not answer"))
    session.submit("codectx")
    await session.idle()
    assert (seen.one(TurnFinished).outcome, seen.one(TurnFinished).text) == ("answered", "")
    assert seen.one(Notice).message == "There is no summary: Ollama does not answer"


async def test_cancelling_while_the_model_speaks_leaves_the_facts_on_screen(root: Path) -> None:
    hold = asyncio.Event()
    model = ScriptedModel([Reply.of("It tries ", hold)])
    session, seen = session_of(root, model)
    session.submit("codectx")
    while not seen.of(TextDelta):
        await asyncio.sleep(0.01)
    session.cancel()
    await session.idle()
    assert model.closed == 1
    assert seen.one(TurnFinished).exit == 130
    shown = [event.text for event in seen.events if type(event).__name__ == "ToolProgress"]
    assert any("Holds it together" in text for text in shown)


async def test_the_agent_gets_the_facts_alone(root: Path) -> None:
    model = ScriptedModel(["never asked"])
    workspace = Workspace.open(root)
    tool = CodectxTool(index=FilesIndex(workspace), models=GivenModels(model))  # type: ignore[arg-type]
    result = await tool.run(CodectxArgs(), ToolContext(workspace=workspace, settings=Settings()))
    assert result.data["answer"] == "" and model.requests == []
