"""The parts of the screen that need no screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.events import PullProgress
from agent_core.text import cells
from agent_core.tools.registry import Registry, builtin_tools
from agent_core.workspace import Entry, Workspace
from tui.catalog import Catalog, fuzzy
from tui.completing import complete
from tui.panes.filetree import FileTree
from tui.prompt_history import PromptHistory
from tui.widgets.progress import bar
from tui.widgets.status import Status, line_of
from tui.widgets.transcript.lines import plain

TOOLS = Registry(builtin_tools()).all()
PATHS = ("src/app/main.py", "src/server.py", "src/server_test.py", "README.md", "docs/a b.md")


# The status line


@given(st.integers(20, 200), st.text(max_size=60), st.text(max_size=60), st.integers(0, 200_000))
def test_the_status_line_never_overflows(width: int, model: str, branch: str, used: int) -> None:
    status = Status(
        model=model, state="ready", used=used, window=8192, branch=branch, changes=3,
        bus="bus", bus_mark="●", bus_style="ok",
    )  # fmt: skip
    runs, places = line_of(status, width)
    text = plain(runs)
    assert "\n" not in text
    assert "\x1b" not in text
    assert places["model"].stop <= max(width, 40)
    if "bus" in places:
        assert cells(text[: text.rindex("● bus")]) == places["bus"].start
        assert len(places["bus"]) == cells("● bus")
    if width >= 80:
        assert cells(text) <= width


def test_what_gives_way_first() -> None:
    status = Status(model="qwen3:1.7b", state="ready", used=10, window=8192, branch="main")
    assert "F1" in plain(line_of(status, 100)[0])
    narrow = plain(line_of(status, 50)[0])
    assert "F1" not in narrow
    assert "qwen3:1.7b" in narrow
    assert "main" in narrow


# Completion


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("tr", ("tree ",)),
        ("/tr", ("/tree ",)),
        ("cat src/s", ("src/server.py ", "src/server_test.py ")),
        ("cat ", ("README.md ", "docs/", "src/")),
        ("look at @src/", ("@src/app/", "@src/server.py ", "@src/server_test.py ")),
        ("grep x --ignore", ("--ignore-case ",)),
        ("!cat RE", ("README.md ",)),
        ("what is ", ()),
        ("zzz", ()),
    ],
)
def test_completion(text: str, options: tuple[str, ...]) -> None:
    assert complete(text, tools=TOOLS, paths=PATHS).options == options


def test_written_commands_are_completed_behind_a_slash() -> None:
    for text, options in (("/tri", ("/triage ",)), ("tri", ()), ("/tr", ("/tree ", "/triage "))):
        assert complete(text, tools=TOOLS, paths=PATHS, written=["triage"]).options == options


def test_what_completions_share() -> None:
    found = complete("cat src/s", tools=TOOLS, paths=PATHS)
    assert (found.start, found.common) == (4, "src/server")
    assert complete("zzz", tools=TOOLS, paths=PATHS).common == ""


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("resume l", ("login ",)),
        ("/resume ", ("20261128-114501-a3f9 ", "login ")),
        ("sessions delete 2", ("20261128-114501-a3f9 ",)),
        ("fork copy --of lo", ("login ",)),
        ("fork lo", ()),
        ("sessions rename lo", ()),
    ],
)
def test_sessions_are_completed_where_one_is_named(text: str, options: tuple[str, ...]) -> None:
    names = ("login", "20261128-114501-a3f9")
    assert complete(text, tools=TOOLS, paths=PATHS, named=names).options == options


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("stack up k", ("kafka ",)),
        ("/stack logs kafka ", ("kafka ", "spark ")),
        ("stack scale s", ("spark=",)),
        ("stack ", ()),
        ("stack down k", ()),
        ("stack logs -n k", ()),
    ],
)
def test_services_are_completed_where_one_is_named(text: str, options: tuple[str, ...]) -> None:
    assert complete(text, tools=TOOLS, paths=(), named=("spark", "kafka")).options == options


async def test_services_are_read_from_the_files(tmp_path: Path) -> None:
    catalog = Catalog(Workspace.open(tmp_path), stack_dir="deploy")
    assert await catalog.services() == ()
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "docker-compose.yml").write_text(
        "name: x\nservices:\n  # first\n  kafka:\n    image: a\n    ports:\n      - 1\n"
        "\n  dspy.worker: {}\nvolumes:\n  no: {}\n"
    )
    (tmp_path / "deploy" / "docker-compose.override.yml").write_text("services:\n  mine:\n    image: a\n")
    assert await catalog.services() == ("dspy.worker", "kafka", "mine")


# Finding files


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("main", "src/app/main.py"),
        ("server", "src/server.py"),
        ("sst", "src/server_test.py"),
        ("rdme", "README.md"),
    ],
)
def test_fuzzy(query: str, first: str) -> None:
    assert fuzzy(query, PATHS)[0] == first


@given(st.text(max_size=12))
def test_fuzzy_takes_any_text(query: str) -> None:
    assert set(fuzzy(query, PATHS)) <= set(PATHS)


async def test_the_catalog_is_read_once_and_again_when_outdated(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    catalog = Catalog(Workspace.open(tmp_path))
    assert await catalog.files() == ("a.py",)
    (tmp_path / "b.py").write_text("")
    assert await catalog.files() == ("a.py",)
    catalog.outdate()
    assert await catalog.files() == ("a.py", "b.py")
    assert await catalog.folders(10) == {"."}


# The file tree


def entry(path: str, *, is_dir: bool = False, ignored: bool = False) -> Entry:
    return Entry(path, path.rpartition("/")[2], is_dir, False, 0, 0, ignored)


def test_the_tree_shows_what_is_open() -> None:
    tree = FileTree()
    tree.put(".", [entry("src", is_dir=True), entry("a.py"), entry("b.o", ignored=True)])
    assert [node.entry.path for node in tree.rows() if node.entry] == ["src", "a.py"]
    tree.open.add("src")
    tree.put("src", [entry("src/x.py")])
    assert [(node.entry.path, node.depth) for node in tree.rows() if node.entry][1] == ("src/x.py", 1)
    tree.put(".", [entry("a.py")])
    assert tree.open == {"."}, "what is gone is not open"


def test_a_huge_folder_is_shown_in_part() -> None:
    tree = FileTree()
    tree.put(".", [entry(f"{number}.py") for number in range(5000)])
    rows = list(tree.rows())
    assert len(rows) == 2001
    assert rows[-1].text == "… and 3,000 more"


# The history of prompts


def test_history_survives_broken_lines_and_keeps_no_secrets(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    history = PromptHistory(workspace)
    history.add("one\ntwo")
    history.add("use sk-proj-abcdefghijklmnopqrstuvwxyz0123456789 now")
    path = tmp_path / ".dspy_tui" / "prompts.jsonl"
    assert "abcdefghijklmnop" not in path.read_text()
    with path.open("ab") as file:
        file.write(b'{"broken\n\xff\xfe\n"three"\n')
    again = PromptHistory(workspace)
    again.load()
    assert again.step(-1, "") == "three"
    again.step(-1, "")
    assert again.step(-1, "") == "one\ntwo"
    assert again.step(-1, "") is None


def test_history_without_a_place_to_write(tmp_path: Path) -> None:
    (tmp_path / ".dspy_tui").write_text("in the way")
    history = PromptHistory(Workspace.open(tmp_path))
    history.load()
    history.add("kept for now")
    assert history.step(-1, "draft") == "kept for now"
    assert history.step(1, "") == "draft"


# Progress


@pytest.mark.parametrize("completed", [0, 1, 50, 100, 1000])
@pytest.mark.parametrize("width", [30, 80])
def test_the_bar_fits(completed: int, width: int) -> None:
    runs = bar(PullProgress(model="m", status="s", completed=completed, total=100), width)
    assert cells(plain(runs)) == width
