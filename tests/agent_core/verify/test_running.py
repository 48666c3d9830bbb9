"""Checks that really run."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from agent_core.config import Settings
from agent_core.verify.api import Report, Verifier
from agent_core.verify.detect import detect
from agent_core.verify.running import Seat, run_verifier
from agent_core.verify.sandbox import Sandbox
from tests.agent_core.verify.conftest import Make, left_in
from tests.fakes.processes import gone

SHOP = {
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-q -p no:randomly'\n[tool.ruff]\n",
    "shop/__init__.py": "",
    "shop/cart.py": "def total(prices):\n    return sum(prices) + 1\n",
    "tests/test_cart.py": "from shop.cart import total\n\n\n"
    "def test_total():\n    assert total([1, 2]) == 3\n\n\n"
    "def test_fine():\n    assert total([]) == 1\n",
}


def shell(script: str, *, tool: str = "") -> Verifier:
    return Verifier(name="x", kind="run_tests", argv=("sh", "-c", script), tool=tool)


async def run(
    root: Path, verifier: Verifier, *, timeout: float = 60, shown: list[str] | None = None
) -> Report:
    progress = (shown if shown is not None else []).append
    return await run_verifier(verifier, root=root, timeout=timeout, progress=progress)


async def test_pytest_finds_the_failing_assertion(workspace: Make) -> None:
    space = workspace(SHOP)
    verifier = next(each for each in detect(space, Settings()) if each.name == "pytest")
    shown: list[str] = []
    report = await run(space.root, verifier, shown=shown)
    assert (report.state, report.passed, report.failed, report.exit) == ("failed", 1, 1, 1)
    (found,) = report.findings
    assert (found.path, found.line) == ("tests/test_cart.py", 5)
    assert found.code == "tests/test_cart.py::test_total"
    assert found.source == "assert total([1, 2]) == 3"
    assert "E   assert 4 == 3" in found.excerpt
    assert "test_total" in "".join(shown)
    assert report.command == ".venv/bin/python -m pytest"


async def test_ruff_finds_what_is_unused(workspace: Make) -> None:
    space = workspace({**SHOP, "shop/more.py": "import os\n"})
    verifier = next(each for each in detect(space, Settings()) if each.name == "ruff")
    report = await run(space.root, verifier)
    assert [(each.path, each.line, each.code) for each in report.findings] == [("shop/more.py", 1, "F401")]
    assert (report.state, report.findings[0].source) == ("failed", "import os")


async def test_unittest_in_a_folder_of_the_root(workspace: Make) -> None:
    text = "import unittest\n\n\nclass A(unittest.TestCase):\n"
    text += "    def test_a(self):\n        self.assertEqual(1, 2)\n"
    space = workspace({"sub/setup.py": "", "sub/tests/test_a.py": text})
    (verifier,) = detect(space, Settings(), paths=("sub/tests/test_a.py",), env={"PATH": os.environ["PATH"]})[
        -1:
    ]
    report = await run(space.root, verifier)
    assert [(each.path, each.line) for each in report.findings] == [("sub/tests/test_a.py", 6)]
    assert (report.state, report.passed, report.failed) == ("failed", 0, 1)


@pytest.mark.skipif(not (shutil.which("make") and shutil.which("gcc")), reason="needs make and gcc")
async def test_make_and_gcc(workspace: Make) -> None:
    space = workspace({"Makefile": "build:\n\tgcc -c main.c\n", "main.c": "int main(void) { return x; }\n"})
    (verifier,) = detect(space, Settings())
    report = await run(space.root, verifier)
    assert report.state == "failed"
    assert ("main.c", 1) in [(each.path, each.line) for each in report.findings]
    assert report.findings[0].source == "int main(void) { return x; }"


@pytest.mark.parametrize(
    ("script", "state", "note"),
    [
        ("exit 0", "passed", ""),
        ("echo oops; exit 3", "failed", "exit code 3"),
        ("kill -9 $$", "broken", "it was killed by SIGKILL"),
        ("no-such-program-here", "missing", "not found"),
        ("exit 126", "broken", "exit code 126"),
    ],
)
async def test_how_it_ended(tmp_path: Path, script: str, state: str, note: str) -> None:
    report = await run(tmp_path, shell(script))
    assert report.state == state
    assert note in report.note


@pytest.mark.parametrize(
    ("tool", "script", "state"),
    [
        ("ruff", "echo 'ruff failed' >&2; exit 2", "broken"),
        ("mypy", "echo 'usage: mypy' >&2; exit 2", "broken"),
        ("flake8", "printf 'Traceback (most recent call last):\\n  x\\n'; exit 1", "broken"),
        ("flake8", "exit 1", "failed"),
        ("eslint", "echo 'Oops! Something went wrong!'; exit 2", "broken"),
        ("pyright", "exit 3", "broken"),
        ("mypy", "echo 'a.py:1: error: invalid syntax  [syntax]'; exit 2", "failed"),
        ("tsc", "echo 'error TS5083: Cannot read file'; exit 2", "failed"),
    ],
)
async def test_a_linter_that_broke_says_nothing_of_the_project(
    tmp_path: Path, tool: str, script: str, state: str
) -> None:
    (tmp_path / "a.py").write_text("x\n")
    check = Verifier(name=tool, kind="lint", argv=("sh", "-c", script), tool=tool)
    assert (await run(tmp_path, check)).state == state


async def test_the_file_that_it_was_detected_from_is_told(workspace: Make) -> None:
    space = workspace({**SHOP, "pyproject.toml": "[tool.ruff]\nbogus = 1\n"})
    verifier = next(each for each in detect(space, Settings()) if each.name == "ruff")
    report = await run(space.root, verifier)
    assert (report.state, report.exit, report.origin) == ("broken", 2, "pyproject.toml")


async def test_a_program_and_a_module_that_are_not_installed(tmp_path: Path) -> None:
    gone_program = Verifier(name="x", kind="lint", argv=("no-such-program-here",))
    assert (await run(tmp_path, gone_program)).state == "missing"
    module = Verifier(name="x", kind="lint", argv=(sys.executable, "-m", "no_such_module_here"))
    report = await run(tmp_path, module)
    assert (report.state, report.note) == (
        "missing",
        f"no_such_module_here is not installed for {sys.executable}",
    )


async def test_no_tests_say_nothing(workspace: Make) -> None:
    space = workspace({"pytest.ini": "[pytest]\n", "tests/test_a.py": "x = 1\n"})
    (verifier,) = detect(space, Settings())
    report = await run(space.root, verifier)
    assert (report.state, report.note) == ("broken", "no tests were collected")


async def test_a_time_out_keeps_what_was_said(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("x\n")
    marker = tmp_path / "pid"
    script = f"echo a.c:1: error: seen; (sleep 600 & echo $! > {marker}; wait)"
    report = await run(tmp_path, shell(script), timeout=1)
    assert (report.state, report.exit) == ("timed-out", None)
    assert [(each.path, each.line, each.message) for each in report.findings] == [("a.c", 1, "seen")]
    await gone(int(marker.read_text()))


async def test_cancelling_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    marker = tmp_path / "pid"
    task = asyncio.create_task(run(tmp_path, shell(f"setsid sleep 600 & echo $! > {marker}; wait")))
    while not (marker.exists() and marker.read_text().strip()):
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await gone(int(marker.read_text()))
    assert left_in(scratch) == []


async def test_what_is_left_in_the_background_does_not_hold_it_up(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    report = await run(tmp_path, shell(f"sleep 600 & echo $! > {marker}; echo done"))
    assert (report.state, report.tail) == ("passed", "done")
    await gone(int(marker.read_text()))


async def test_what_tests_started_does_not_outlive_their_copy(tmp_path: Path) -> None:
    copy, marker = tmp_path / "copy", tmp_path / "pid"
    copy.mkdir()
    check = shell(f"setsid sleep 600 >/dev/null 2>&1 & echo $! > {marker}; echo done")
    report = await run_verifier(
        check, root=tmp_path, timeout=60, seat=Seat(root=copy, stands_for=tmp_path, env={})
    )
    assert report.state == "passed"
    await gone(int(marker.read_text()))


async def test_a_flood_of_output_is_bounded(tmp_path: Path) -> None:
    script = "echo first; yes 'some line of output' | head -c 150000000; echo; echo last; exit 1"
    report = await run(tmp_path, shell(script))
    assert report.tail.endswith("last")
    assert len(report.tail) < 10_000


async def test_hostile_output_is_harmless(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x\n")
    shown: list[str] = []
    report = await run(
        tmp_path, shell(r"printf '\033]0;x\007a.py:1: \033[2Jred\342\200\256\n'; exit 1"), shown=shown
    )
    assert report.findings[0].message == "red⟨U+202E⟩"
    assert "\x1b" not in "".join(shown) + report.tail


async def test_secrets_are_masked(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("key = 'hunter2hunter2'\n")
    shown: list[str] = []
    report = await run_verifier(
        shell("printf 'a.py:1: hunter2'; printf 'hunter2\n'; exit 1"),
        root=tmp_path,
        timeout=60,
        progress=shown.append,
        mask=lambda text: text.replace("hunter2hunter2", "•••"),
    )
    assert (report.findings[0].message, report.findings[0].source) == ("•••", "key = '•••'")
    assert "".join(shown) == "a.py:1: •••\n" == report.tail + "\n"


async def test_the_environment_is_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    for name in ("CI", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.delenv(name, raising=False)
    report = await run(tmp_path, shell("echo $TERM,$NO_COLOR,$FORCE_COLOR,$CI,$PYTHONDONTWRITEBYTECODE"))
    assert report.tail == "dumb,1,,,"


async def test_in_the_sandbox_there_is_no_network_and_no_home(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, root = tmp_path / "home", tmp_path / "work"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/id_rsa").write_text("key")
    root.mkdir()
    (tmp_path / "beside").write_text("x")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_x")
    script = (
        "cat ~/.ssh/id_rsa; ls -A ~; ls ..; echo token=$GITHUB_TOKEN; touch made; touch ~/mine && echo home;"
        "touch /usr/x; touch /etc/x; ls -A /tmp | grep -v dspy | grep -v pytest; ls -d /proc/[0-9]* | wc -l;"
        "echo interfaces: $(grep : /proc/net/dev | cut -d: -f1)"
    )
    report = await run_verifier(shell(script), root=root, timeout=60, sandbox=sandbox)
    lines = report.tail.split("\n")
    assert any("id_rsa: No such file" in line for line in lines)
    assert "key" not in lines and "beside" not in lines and "token=" in lines and "home" in lines
    assert sum("Read-only file system" in line for line in lines) == 2
    assert "interfaces: lo" in lines
    assert left_in(root) == ["made"] and left_in(home) == [".ssh"]
    assert report.sandboxed


async def test_keys_are_hidden_where_the_workspace_is_the_home_folder(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/id_rsa").write_text("key")
    (tmp_path / ".netrc").write_text("password")
    (tmp_path / "a.txt").write_text("a")
    monkeypatch.setenv("HOME", str(tmp_path))
    script = shell("cat .ssh/id_rsa; cat .netrc; cat a.txt")
    report = await run_verifier(script, root=tmp_path, timeout=60, sandbox=sandbox)
    assert report.tail.endswith("\na") and "key" not in report.tail and "password" not in report.tail


async def test_a_sandboxed_process_ends_with_its_check(tmp_path: Path, sandbox: Sandbox) -> None:
    (tmp_path / "work").mkdir()
    name = f"6{os.getpid()}"
    script = f"setsid sleep {name} & sleep 600"
    report = await run_verifier(shell(script), root=tmp_path / "work", timeout=1, sandbox=sandbox)
    assert report.state == "timed-out"
    for _ in range(1200):
        if name not in _command_lines():
            return
        await asyncio.sleep(0.05)
    pytest.fail("something still runs")


def _command_lines() -> str:
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().decode("utf-8", "replace"))
        except OSError:
            continue
    return "\n".join(line for line in found if line.startswith("sleep"))
