from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.agent.evidence import find_evidence
from agent_core.agent.roles import role
from agent_core.agent.terms import analyse, split, stem, stems_of
from agent_core.errors import ToolError


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("parseHTTPUrl2", ("parse", "http", "url", "2")),
        ("snake_case", ("snake", "case")),
        ("MAX_SIZE", ("max", "size")),
        ("HTTPTransport", ("http", "transport")),
        ("no-console", ("no", "console")),
    ],
)
def test_identifiers_are_split(word: str, parts: tuple[str, ...]) -> None:
    assert split(word) == parts


@pytest.mark.parametrize(
    "forms",
    [
        ("retry", "retries", "retried", "retrying"),
        ("redirect", "redirects", "redirected", "redirecting"),
        ("stop", "stops", "stopped", "stopping"),
        ("configuration", "configurations"),
        ("parse", "parser", "parses", "parsed", "parsing"),
    ],
)
def test_the_forms_of_a_word_meet(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20))
def test_a_stem_is_a_beginning_of_its_word(word: str) -> None:
    assert word.startswith(stem(word)) and stem(word)


def test_a_question_is_analysed() -> None:
    query = analyse("Where does `self._cache[` get invalidated by parse_config?")
    assert query.phrases == ("self._cache[",) and "parse_config" in query.identifiers
    assert {"invalidat", "cach", "pars", "config"} <= set(query.stems)
    assert not {"where", "does", "get"} & set(query.stems)
    assert analyse("what is this").stems, "only filler is still searched for"
    assert not analyse("").stems and not analyse("?!").stems


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/app.py", "source"),
        ("tests/test_app.py", "test"),
        ("pkg/app_test.go", "test"),
        ("src/test/java/FooTest.java", "test"),
        ("src/main/java/org/testing/Foo.java", "source"),
        ("docs/guide.md", "document"),
        ("CHANGELOG.md", "log"),
        ("LICENSE", "log"),
        ("vendor/lib/x.go", "generated"),
        ("web/app.min.js", "generated"),
        ("package-lock.json", "generated"),
        ("config.yaml", "data"),
        ("Makefile", "source"),
        ("latest/contest.py", "source"),
    ],
)
def test_paths_have_roles(path: str, expected: str) -> None:
    assert role(path) == expected


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    transport = "import socket\n\n\nclass RetryingTransport:\n    def send(self, request):\n        pass\n"
    test = "class TestRetryingTransport:\n    def test_retry_transport_send(self): ...\n"
    files = {
        "pkg/transport.py": transport,
        "pkg/util.py": "# nothing about it\n" * 30,
        "tests/test_transport.py": test * 5,
        "CHANGES.md": "retry transport send\n" * 20,
        "vendor/retry.py": "def retry_transport_send():\n    pass\n" * 10,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


async def test_product_code_comes_before_tests_logs_and_vendored(tree: Path) -> None:
    found = await find_evidence(tree, "where are requests sent again by the retrying transport?")
    assert found.hits[0].path == "pkg/transport.py"
    assert found.files == 5 and not found.cut


async def test_tests_are_found_when_they_are_asked_for(tree: Path) -> None:
    found = await find_evidence(tree, "which tests cover the retrying transport?")
    assert found.hits[0].path == "tests/test_transport.py"


async def test_the_excerpt_is_what_stands_there(tree: Path) -> None:
    hit = (await find_evidence(tree, "RetryingTransport")).hits[0]
    lines = (tree / hit.path).read_text().split("\n")
    assert hit.text == "\n".join(lines[hit.start - 1 : hit.end]) and "class RetryingTransport" in hit.text
    assert "RetryingTransport (4)" in hit.why


async def test_odd_files_are_passed_over(tree: Path) -> None:
    (tree / "binary.py").write_bytes(b"retry transport\0" * 100)
    (tree / "latin.py").write_bytes(b"# retry transport \xe9\xff\n")
    (tree / "long.py").write_text("retry transport " * 60_000)
    (tree / "bad\nname.py").write_text("retry transport\n")
    (tree / "loop").symlink_to(tree)
    (tree / "outside.py").symlink_to("/etc/passwd")
    os.mkfifo(tree / "pipe.py")
    found = await find_evidence(tree, "retry transport")
    assert found.hits and "outside.py" not in [hit.path for hit in found.hits]
    assert all(len(line) <= 400 for hit in found.hits for line in hit.text.split("\n"))


async def test_ignored_files_are_not_searched(tree: Path) -> None:
    (tree / ".git").mkdir()
    (tree / ".gitignore").write_text("pkg/\n")
    assert all(not hit.path.startswith("pkg/") for hit in (await find_evidence(tree, "retry transport")).hits)


@pytest.mark.parametrize(
    "question", ["", "???", "-e --pre=sh", "\0", "a" * 50_000, "\ud800 retry", "`--files`"]
)
async def test_odd_questions_do_no_harm(tree: Path, question: str) -> None:
    await find_evidence(tree, question)


async def test_modules_of_the_workspace_are_never_imported(tmp_path: Path) -> None:
    for name in ("msgspec.py", "agent_core.py", "re.py", "sitecustomize.py"):
        (tmp_path / name).write_text("raise SystemExit('imported from the workspace: retry')\n")
    found = await find_evidence(tmp_path, "imported from the workspace")
    assert found.hits


async def test_a_broken_worker_is_an_error_with_its_reason(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.agent.evidence.find_ripgrep", lambda: "/does/not/exist")
    with pytest.raises(ToolError, match="FileNotFoundError"):
        await find_evidence(tree, "retry transport")


async def test_cancelling_kills_the_worker(tree: Path) -> None:
    task = asyncio.create_task(find_evidence(tree, "retry transport"))
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_stems_of_a_path() -> None:
    assert stems_of("src/_pytest/monkeypatch.py") == ["src", "pytest", "monkeypatch", "py"]
