"""The example plugins as anybody would use them: built as wheels, installed, used on screen and in batch."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import venv
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema
import pexpect
import pytest
from junitparser import JUnitXml

from tests.e2e.conftest import PROGRAM, ROOT
from tests.e2e.test_batch import SCHEMA
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer, Call

KINDS = ("tool", "skill", "verifier", "embedder", "log_source")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of an environment with the five wheels in it; what they require is borrowed."""
    dist = tmp_path_factory.mktemp("dist")
    for kind in KINDS:
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(dist)]
        source = ROOT / "examples" / "plugins" / kind
        done = subprocess.run(build, cwd=source, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    wheels = sorted(map(str, dist.glob("*.whl")))
    assert len(wheels) == len(KINDS)
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False)
    own = str(home / "bin" / "python")
    install = [sys.executable, "-m", "pip", "--python", own, "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*install, *wheels], check=True, capture_output=True)
    site = next((home / "lib").glob("python*/site-packages"))
    borrowed = [str(ROOT), *(entry for entry in sys.path if entry.endswith("site-packages"))]
    (site / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
    return own


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with a remark, a link that leads nowhere, and a log in a database."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "retry.py").write_text("def retry_delay(n):\n    # TODO: add jitter\n    return n * 2\n")
    (folder / "cart.py").write_text("def total(prices):\n    return sum(prices)\n")
    (folder / "README.md").write_text("# Shop\n\nSee [how it retries](retry.py) and [more](docs/more.md).\n")
    with sqlite3.connect(folder / "app.db") as database:
        database.execute("CREATE TABLE log (time TEXT, level TEXT, message TEXT)")
        rows = [(f"2026-11-24T10:00:{n % 60:02}Z", "info", f"request {n} done") for n in range(300)]
        rows.append(("2026-11-24T10:05:00Z", "error", "payment gateway refused card of order 17"))
        database.executemany("INSERT INTO log VALUES (?, ?, ?)", rows)
    database.close()
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Begin")
    return folder


def git(folder: Path, *words: str) -> str:
    named = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    return subprocess.run(
        ["git", *named, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer(models=("big",)) as running:
        yield running


def env_of(root: Path, server: ModelServer | None = None) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        mine[name] = str(root.parent / name.lower())
    mine |= {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org"}
    mine |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}
    if server is None:
        return mine | {"DSPY_TUI_PROVIDER": "none"}
    return mine | {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": "k", "MODEL_NAME": "big"}


async def program(
    python: str, root: Path, *words: str, server: ModelServer | None = None, **env: str
) -> tuple[int, bytes]:
    running = await asyncio.create_subprocess_exec(
        *(python, *PROGRAM[1:], *words),
        cwd=root, env=env_of(root, server) | env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )  # fmt: skip
    out, _ = await running.communicate()
    assert running.returncode is not None
    return running.returncode, out


async def batch(
    python: str, root: Path, *words: str, server: ModelServer | None = None, **env: str
) -> list[Any]:
    _, out = await program(python, root, "--batch", "--format", "json", *words, server=server, **env)
    document = json.loads(out)
    jsonschema.validate(document, SCHEMA)
    return document["results"]


async def test_they_are_listed_with_where_they_come_from(python: str, root: Path) -> None:
    code, out = await program(python, root, "plugins", "--format", "json")
    document = json.loads(out)
    assert (code, document["schema"]) == (0, "dspy-tui.plugins/1")
    rows = {(row["kind"], row["name"]): row for row in document["plugins"]}
    assert set(rows) == {
        ("tools", "todos"),
        ("skills", "commit"),
        ("verifiers", "mdlinks"),
        ("embedders", "ngrams"),
        ("log_sources", "sqlite"),
    }
    assert {row["state"] for row in rows.values()} == {"loaded"}
    todos = rows["tools", "todos"]
    assert (todos["distribution"], todos["version"]) == ("dspy-tui-todos", "1.0.0")
    assert todos["file"].endswith("site-packages/dspy_tui_todos/__init__.py")
    (listed,) = await batch(python, root, "-c", "plugins", "--set", "plugins_off=tools:todos")
    assert {row["name"]: row["state"] for row in listed["data"]["plugins"]}["todos"] == "off"


async def test_a_person_and_the_agent_call_the_tool(python: str, root: Path, server: ModelServer) -> None:
    server.script(
        Answer(calls=(Call("todos", ('{"path": "retry.py"}',)),)),
        Answer(text=("Jitter is missing: retry.py:2",)),
    )
    typed, asked = await batch(python, root, "-c", "todos", "-c", "what is left to do?", server=server)
    assert typed["data"]["hits"] == [
        {"path": "retry.py", "start": 2, "end": 2, "score": 0.0, "why": "TODO", "text": "add jitter"}
    ]
    assert asked["data"]["tools"][-1] == "todos retry.py"
    assert "retry.py:2  TODO: add jitter" in json.dumps(server.chats[-1].body["messages"])


async def test_the_skill_writes_the_message_of_a_commit(python: str, root: Path, server: ModelServer) -> None:
    (root / "cart.py").write_text("def total(prices):\n    return round(sum(prices), 2)\n")
    server.script(Answer(text=("fix(cart): round the total",)))
    (done,) = await batch(python, root, "-c", "commit --all", "--allow", "write", server=server)
    assert done["exit"] == 0, done["error"]
    assert "Conventional Commit" in json.dumps(server.chats[-1].body["messages"])
    assert git(root, "log", "-1", "--format=%s").strip() == "fix(cart): round the total"


async def test_the_check_is_run_and_reported(python: str, root: Path) -> None:
    (lint,) = await batch(python, root, "-c", "lint", "--allow", "run")
    (report,) = lint["data"]["reports"]
    assert (report["verifier"], report["state"], report["failed"]) == ("mdlinks", "failed", 1)
    (found,) = report["findings"]
    assert (found["path"], found["line"], found["code"]) == ("README.md", 3, "broken-link")
    words = ("--batch", "-c", "lint", "--allow", "run", "--format")
    _, out = await program(python, root, *words, "sarif")
    (result,) = json.loads(out)["runs"][0]["results"]
    assert result["ruleId"] == "broken-link" and "docs/more.md" in result["message"]["text"]
    _, out = await program(python, root, *words, "junit")
    assert any(
        "docs/more.md" in str(case.result[0].message) for suite in JUnitXml.fromstring(out) for case in suite
    )


async def test_an_edit_is_checked_by_it(python: str, root: Path, server: ModelServer) -> None:
    """In a copy, in the sandbox where there is one: a link that an edit breaks goes back to the model."""

    def reply(line: str) -> Answer:
        old = "See [how it retries](retry.py) and [more](docs/more.md)."
        return Answer(text=(f"README.md\n<<<<<<< SEARCH\n{old}\n=======\n{line}\n>>>>>>> REPLACE\n",))

    server.script(reply("See [how](retries.py)."), reply("See [how](retry.py)."))
    rules = ("--allow", "write", "--allow", "run")
    (edit,) = await batch(python, root, *rules, "-c", "edit @README.md shorten the text", server=server)
    assert edit["exit"] == 0, edit["error"]
    assert edit["data"]["attempts"] == 2 and "See [how](retry.py)." in (root / "README.md").read_text()
    assert [(check["verifier"], check["state"]) for check in edit["data"]["checks"]] == [
        ("mdlinks", "passed")
    ]
    assert "retries.py is not there" in json.dumps([chat.body["messages"] for chat in server.chats])


async def test_an_index_is_built_with_the_embedder_and_searched(python: str, root: Path) -> None:
    embedder = {"DSPY_TUI_EMBEDDER": "plugin:ngrams"}
    built, found, status = await batch(
        python, root, "-c", "emb-index", "-c", "vretr delayRetry", "-c", "index --status", **embedder
    )
    assert built["exit"] == 0, built["error"]
    assert found["data"]["hits"][0]["path"] == "retry.py"
    assert "plugin:ngrams:ngrams@1" in json.dumps(status["data"])


async def test_the_logs_are_read(python: str, root: Path) -> None:
    all_of_them, one = await batch(
        python, root, "-c", "ctx --source sqlite", "-c", "ctx --source sqlite:app.db"
    )
    for result in (all_of_them, one):
        assert "payment gateway refused card" in result["data"]["text"]
        assert "sqlite:app.db" in json.dumps(result["data"])
    (none,) = await batch(python, root, "-c", "ctx --source sqlite:none.db")
    assert none["exit"] == 1 and "sqlite" in none["error"]["message"]


@pytest.mark.terminal
def test_on_screen(python: str, root: Path) -> None:
    (root / ".dspy_tui").mkdir(exist_ok=True)
    (root / ".dspy_tui" / "config.toml").write_text('log_files = ["sqlite"]\n')
    screen = pexpect.spawn(
        python, [*PROGRAM[1:], str(root)], env=env_of(root) | {"TERM": "xterm-256color"},
        dimensions=(40, 140), timeout=120,
    )  # fmt: skip
    try:
        screen.expect_exact("README.md")
        screen.expect_exact("payment gateway")  # in the log pane
        screen.send("todos\r")
        screen.expect_exact("add jitter")
        screen.send("plugins tools\r")
        screen.expect_exact("dspy-tui-todos")
        screen.sendcontrol("q")
        screen.expect(pexpect.EOF)
    finally:
        screen.close(force=True)
