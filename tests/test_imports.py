"""Each package in a clean process: neither a screen library nor anything slow comes along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCREEN = {"textual", "rich"}
SLOW = {
    "dspy",
    "lancedb",
    "pyspark",
    "torch",
    "litellm",
    "openai",
    "pufferlib",
    "ollama",
    "httpx",
    "pydantic",
    "kafka",
    "numpy",
    "plotext",
}


def modules_after(statement: str) -> set[str]:
    """Top-level names in `sys.modules` after the statement ran in a fresh interpreter."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "package",
    [
        "agent_core",
        "stack",
        "stack.tool",
        "stack.topics",
        "agent_core.streaming",
        "agent_core.streaming.admin",
        "agent_core.streaming.tail",
        "agent_core.events",
        "agent_core.runtime",
        "agent_core.batch",
    ],
)
def test_core_and_stack_load_no_screen_and_nothing_slow(package: str) -> None:
    assert not modules_after(f"import {package}") & (SCREEN | SLOW)


@pytest.mark.parametrize("module", ["tui", "tui.cli", "tui.plain.opening", "tui.plain.batch_words"])
def test_the_command_line_loads_no_screen(module: str) -> None:
    assert not modules_after(f"import {module}") & (SCREEN | SLOW)


def test_a_conversation_in_lines_begins_without_a_screen(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    code = (
        "import sys\nfrom tui.cli import main\nmain(['--plain', '--set', 'provider=none'])\n"
        "print('loaded', *{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        input="ls\nwhat is here?\n/screen stack\n",
        capture_output=True,
        text=True,
        check=True,
    )
    said, _, loaded = done.stdout.rpartition("loaded ")
    assert "a.py, 6 B" in said
    assert not set(loaded.split()) & SCREEN


def test_the_screen_loads_nothing_slow_before_its_first_paint() -> None:
    assert not modules_after("import tui.app") & SLOW


IN_THE_LOOP = """
import asyncio, sys, threading
from pathlib import Path
from agent_core.events import SuggestionsRanked
from agent_core.runtime import open_runtime
from agent_core.watching import FolderWatch

class Noting:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is threading.main_thread():
            print(name)

async def main():
    root, started = Path(sys.argv[1]), asyncio.Event()
    runtime = open_runtime(root, env={"DSPY_TUI_PROVIDER": "none"}, interactive=True)
    watch = FolderWatch(on_change=id, on_unnamed=int, on_trouble=exit, on_start=started.set)
    watch.watch([root])
    sys.meta_path.insert(0, Noting())
    watching = asyncio.create_task(watch.run())
    with runtime.bus.subscribe() as happened:
        runtime.learning.propose()
        async for event in happened:
            if isinstance(event, SuggestionsRanked):
                break
    await started.wait()
    sys.meta_path.pop(0)
    watching.cancel()
    await runtime.aclose()

asyncio.run(main())
"""


def test_what_watching_and_learning_take_is_not_imported_in_the_event_loop(tmp_path: Path) -> None:
    run = [sys.executable, "-c", IN_THE_LOOP, str(tmp_path)]
    done = subprocess.run(
        run, capture_output=True, text=True, check=True, env={"HOME": str(tmp_path), "PATH": ""}
    )
    imported = set(done.stdout.split())
    assert "agent_core.rl.surroundings" in imported, "imports are noted"
    slow = ("anyio", "numpy", "watchfiles", "agent_core.rl.credit", "agent_core.rl.knowledge")
    assert not [name for name in imported if name.startswith(slow)]
