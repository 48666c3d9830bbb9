from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from agent_core.agent.deterministic import respond_without_model
from agent_core.agent.intent import asks_for_change
from agent_core.agent.port import Answer, TaskInput
from agent_core.commandline import Mention
from agent_core.config import Settings
from agent_core.errors import PermissionRefused
from agent_core.events import Notice, TextDelta, ToolStarted
from agent_core.tools.registry import Registry, builtin_tools
from tests.fakes.git import git
from tests.fakes.turn import RecordedTurn

_BLOCK = re.compile(r"`([^`\n]+?):(\d+)-(\d+)`[^\n]*\n\n(`{3,})\w*\n(.*?)\n\4(?=\n|$)", re.DOTALL)
_LINE = re.compile(r"^- `([^`\n]+?):(\d+)`: (`+)(.*)\3$", re.MULTILINE)


def turn_on(root: Path, **settings: Any) -> RecordedTurn:
    turn = RecordedTurn(root, settings=Settings(**settings))
    turn.registry = Registry(builtin_tools())
    return turn


async def ask(root: Path, text: str, **settings: Any) -> tuple[Answer, RecordedTurn]:
    turn = turn_on(root, **settings)
    answer = await respond_without_model(TaskInput(text=text), turn, change=asks_for_change(text))
    assert answer.text == turn.said
    return answer, turn


def check_claims(text: str, root: Path) -> int:
    """Every block and line that the answer cites is in the file, word for word; returns how many."""
    claims = 0
    for path, start, end, _, body in _BLOCK.findall(text):
        lines = (root / path).read_text("utf-8", "replace").split("\n")[int(start) - 1 : int(end)]
        assert [line[:400].rstrip("\r") for line in lines] == body.split("\n"), f"{path}:{start}-{end}"
        claims += 1
    for path, number, _, shown in _LINE.findall(text):
        line = (root / path).read_text("utf-8", "replace").split("\n")[int(number) - 1]
        assert line.strip().startswith(shown.strip()[:150]), f"{path}:{number}"
        claims += 1
    return claims


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "net.py").write_text(
        "import time\n\nRETRY_LIMIT = 3\n\n\ndef fetch_with_retries(url):\n"
        '    """Retry failed network calls."""\n'
        "    for attempt in range(RETRY_LIMIT):\n        time.sleep(attempt)\n"
    )
    main = "from net import fetch_with_retries\n\nfetch_with_retries('x')\n"
    (tmp_path / "src" / "main.py").write_text(main)
    (tmp_path / "tests").mkdir()
    test = "def test_retry_failed_network_calls():\n    assert True\n"
    (tmp_path / "tests" / "test_net.py").write_text(test)
    (tmp_path / "README.md").write_text("# Net\n\nRetries.\n")
    return tmp_path


async def test_a_question_is_answered_with_the_right_place(project: Path) -> None:
    answer, _ = await ask(project, "where is the code that retries failed network calls?")
    assert answer.citations[0].path == "src/net.py"
    assert check_claims(answer.text, project) >= 1
    assert answer.stop_reason == "no-model"


async def test_it_says_that_no_model_is_configured_and_how_to_get_one(project: Path) -> None:
    answer, _ = await ask(project, "where are retries")
    last = answer.text.rstrip().rpartition("\n\n")[2]
    assert "No language model is configured" in last
    assert "ollama pull qwen3:1.7b" in last and "OPENAI_BASE_URL" in last and "/model" in last
    switched_off, _ = await ask(project, "where are retries", provider="none")
    assert "`provider` is `none`" in switched_off.text


async def test_an_exact_text_is_searched_with_definitions_first(project: Path) -> None:
    answer, turn = await ask(project, "where is fetch_with_retries used?")
    assert [event.name for event in turn.events if isinstance(event, ToolStarted)] == ["grep"]
    assert (answer.citations[0].path, answer.citations[0].start) == ("src/net.py", 6)
    assert {hit.path for hit in answer.citations} == {"src/net.py", "src/main.py"}
    assert check_claims(answer.text, project) == len(answer.citations)


async def test_a_pattern_with_regex_characters_is_taken_as_it_is(project: Path) -> None:
    answer, _ = await ask(project, 'search for "range(RETRY_LIMIT):"')
    assert [(hit.path, hit.start) for hit in answer.citations] == [("src/net.py", 8)]


async def test_a_text_that_occurs_nowhere_is_said_to(project: Path) -> None:
    answer, _ = await ask(project, "find all occurrences of FluxCapacitor")
    assert "`FluxCapacitor` occurs nowhere" in answer.text
    assert not answer.citations


@pytest.mark.parametrize(
    "text",
    [
        "where is main defined?",
        "in which file is the function main declared",
        "where is the main function?",
        "what does main() do",
        "rename the function main to start",
    ],
)
async def test_what_is_spoken_of_as_a_name_is_one(project: Path, text: str) -> None:
    """Also a word that says nothing elsewhere."""
    (project / "src" / "start.py").write_text("# The domain of the mainframe.\n\n\ndef main():\n    pass\n")
    (project / "src" / "domain.py").write_text("DOMAIN = 'domain main-tain'\n" * 20)
    answer, _ = await ask(project, text)
    cited = answer.citations[0]
    assert (cited.path, cited.start) == ("src/start.py", 4)
    assert check_claims(answer.text, project)


async def test_a_name_is_looked_for_as_it_is_written(project: Path) -> None:
    (project / "src" / "options.py").write_text("class Plan:\n    def config(self):\n        pass\n" * 3)
    (project / "src" / "settings.py").write_text("def x():\n    pass\n\n\nclass Config:\n    pass\n")
    answer, _ = await ask(project, "where is the class Config defined?")
    assert (answer.citations[0].path, answer.citations[0].start) == ("src/settings.py", 5)


async def test_words_that_are_nowhere_are_named_as_they_were_asked_for(project: Path) -> None:
    answer, _ = await ask(project, "where is the capacitor discharged?")
    assert "speaks of `capacitor`, `discharged`." in answer.text


async def test_a_file_is_shown_with_its_lines(project: Path) -> None:
    answer, _ = await ask(project, "show me lines 6 to 7 of src/net.py")
    assert "`src/net.py:6-7`" in answer.text and check_claims(answer.text, project) == 1


async def test_a_missing_file_is_said_to_be_missing(project: Path) -> None:
    answer, _ = await ask(project, "show me src/nothing.py")
    assert "does not exist" in answer.text
    outside, _ = await ask(project, "open ../../etc/passwd.txt")
    assert "outside" in outside.text or "does not exist" in outside.text
    assert "root:" not in outside.text


async def test_the_layout_is_shown(project: Path) -> None:
    answer, turn = await ask(project, "what directories are in here")
    assert [event.name for event in turn.events if isinstance(event, ToolStarted)] == ["tree"]
    assert "src" in answer.text and "tests" in answer.text


async def test_the_changes_are_shown(project: Path) -> None:
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        git(project, *words)
    (project / "README.md").write_text("# Net\n\nMore.\n")
    answer, _ = await ask(project, "what have I changed?")
    assert "README.md" in answer.text


async def test_a_plan_is_not_invented(project: Path) -> None:
    answer, _ = await ask(project, "how should we add caching to the network calls")
    assert "A plan takes a language model" in answer.text
    assert check_claims(answer.text, project) >= 1


async def test_a_change_is_not_pretended(project: Path) -> None:
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    answer, _ = await ask(project, "rename fetch_with_retries to fetch")
    assert "nothing was changed" in answer.text and answer.stop_reason == "unchanged"
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


async def test_mentioned_files_are_shown(project: Path) -> None:
    turn = turn_on(project)
    task = TaskInput(text="what does this do?", mentions=(Mention("src/net.py", 6, 8),))
    answer = await respond_without_model(task, turn)
    assert check_claims(answer.text, project) == 1 and answer.citations[0].start == 6


async def test_a_mentioned_file_of_enormous_lines_is_shown_in_part(project: Path) -> None:
    (project / "src" / "app.min.js").write_text("x" * 100_000 + "\n" + "y\n" * 100)
    task = TaskInput(text="what is this?", mentions=(Mention("./src/../src/app.min.js"),))
    answer = await respond_without_model(task, turn_on(project))
    assert len(answer.text) < 2_000 and "101 lines" in answer.text
    cited = answer.citations[0]
    assert (cited.path, cited.start, cited.end) == ("src/app.min.js", 1, 60)


@pytest.mark.parametrize(
    "text", ["tree --depth 0", "show the tree, 99 levels", "show me lines 0 to 0 of src/net.py"]
)
async def test_what_no_tool_takes_is_said(project: Path, text: str) -> None:
    answer, _ = await ask(project, text)
    assert "cannot be asked for that" in answer.text


async def test_what_a_rule_denies_is_shown_by_no_other_way(project: Path) -> None:
    turn = turn_on(project)
    turn.fail = PermissionRefused("A rule denies read 'cat src/net.py'")
    for text in (
        "show me src/net.py",
        "find all occurrences of fetch_with_retries",
        "list the folders in src",
    ):
        answer = await respond_without_model(TaskInput(text=text), turn)
        assert "A rule denies" in answer.text
        assert not answer.citations and "def fetch" not in answer.text


async def test_it_says_why_there_is_no_model(project: Path) -> None:
    turn = turn_on(project)
    task = TaskInput(text="where are retries")
    answer = await respond_without_model(task, turn, why="Ollama does not answer at box:11434")
    assert "No language model answers (Ollama does not answer at box:11434)" in answer.text


async def test_nothing_is_said_about_what_is_not_there(project: Path) -> None:
    answer, _ = await ask(project, "how does zyxgurble interact with qwertlefrob?")
    assert "Nothing in this workspace" in answer.text and not answer.citations


async def test_an_empty_workspace_has_an_answer(tmp_path: Path) -> None:
    answer, _ = await ask(tmp_path, "where is the port read?")
    assert "Nothing in this workspace" in answer.text


async def test_hostile_file_text_stays_literal_and_secrets_stay_secret(tmp_path: Path) -> None:
    token = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
    (tmp_path / "port.py").write_text(f'port = "\x1b[2J\u202e"  # ```\n```\nport_token = "{token}"\n')
    answer, turn = await ask(tmp_path, "where is the port kept?")
    assert "\x1b" not in answer.text and "\u202e" not in answer.text and "ghp_abc" not in answer.text
    assert "````" in answer.text, "a fence inside does not end the block"
    assert not [event for event in turn.events if isinstance(event, Notice)]


async def test_the_answer_comes_in_pieces(project: Path) -> None:
    _, turn = await ask(project, "where are retries")
    assert len([event for event in turn.events if isinstance(event, TextDelta)]) >= 3


@pytest.mark.parametrize("steps", [0, 1, 3])
async def test_cancelling_leaves_nothing_running(project: Path, steps: int) -> None:
    task = asyncio.create_task(respond_without_model(TaskInput(text="where are retries"), turn_on(project)))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}


QUESTIONS = [
    ("encode__httpx", "where are redirects followed?", "httpx/_client.py"),
    ("encode__httpx", "how are digest auth challenges answered?", "httpx/_auth.py"),
    ("encode__httpx", "where is class LineDecoder defined?", "httpx/_decoders.py"),
    ("encode__httpx", "which code decodes zstd content?", "httpx/_decoders.py"),
    ("pytest-dev__pytest", "where does monkeypatch undo what it set?", "src/_pytest/monkeypatch.py"),
    ("pytest-dev__pytest", "how are fixtures finalized?", "src/_pytest/fixtures.py"),
    ("pytest-dev__pytest", "where is the junit xml report written?", "src/_pytest/junitxml.py"),
    ("pytest-dev__pytest", "who uses `get_real_func`?", "src/_pytest/compat.py"),
    ("prometheus__prometheus", "where is the write-ahead log replayed into the head?", "tsdb/head.go"),
    ("prometheus__prometheus", "code that relabels targets", "model/relabel/relabel.go"),
    ("mockito__mockito", "where is ArgumentCaptor defined?", "src/main/java/org/mockito/ArgumentCaptor.java"),
    ("eslint__eslint", "the rule that forbids console calls", "lib/rules/no-console.js"),
]  # fmt: skip


@pytest.mark.parametrize(("repository", "question", "expected"), QUESTIONS)
async def test_real_trees_are_answered_with_correct_citations(
    corpora: Path, repository: str, question: str, expected: str
) -> None:
    root = corpora / repository
    answer, _ = await ask(root, question)
    assert check_claims(answer.text, root) >= 1
    assert expected in [hit.path for hit in answer.citations[:5]], [hit.path for hit in answer.citations]


@pytest.fixture(scope="module")
def corpora(kit: Path) -> Path:
    import os

    folder = Path(os.environ.get("DSPY_TUI_CORPORA", kit.parent / "corpora"))
    if not (folder / "encode__httpx").is_dir():
        pytest.skip("no source trees: fetch them with the kit's bench/corpora.py and set DSPY_TUI_CORPORA")
    return folder
