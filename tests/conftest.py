"""Shared fixtures: the kit of real servers and data, and an environment without one's own settings."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parent.parent
_SETTINGS = (
    "USE_OLLAMA", "OLLAMA_MODEL", "OLLAMA_HOST", "OPENAI_API_KEY", "OPENAI_BASE_URL", "MODEL_NAME",
    "NO_COLOR", "DSPY_TUI_PROVIDER", "DSPY_TUI_THEME", "DSPY_TUI_THINK", "DSPY_TUI_CONTEXT_WINDOW",
    "KAFKA_BOOTSTRAP", "DSPY_TUI_EMBEDDER", "DSPY_TUI_EMBEDDING_MODEL", "COLUMNS", "LINES",
)  # fmt: skip


_LONG = (
    "tests/stack/services/", "tests/agent_core/streaming/", "tests/e2e/", "tests/agent_core/llm/",
    "tests/agent_core/index/", "tests/install/", "tests/agent_core/rl/gepa/", "tests/agent_core/rl/store/",
    "tests/tui/",
)  # fmt: skip
"""Where tests start programs, the longest first: what is left for the end, when a process may run out of
files, is short."""


class ByFile(LoadScopeScheduling):
    """Tests of a file run in one process; all that use the container engine do, as there is only one."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "engine" if _may_use_the_engine(path) else path


def _may_use_the_engine(path: str) -> bool:
    if path.startswith("tests/stack/"):
        return not path.startswith("tests/stack/services/")  # long, and beside it in the other process
    return path in ("tests/tui/test_stack_engine.py", "tests/e2e/test_task_stack.py")


def _turn(item: pytest.Item) -> int:
    """When a test's file has its turn."""
    path = item.nodeid.partition("::")[0]
    places = [place for place, folder in enumerate(_LONG, 1) if path.startswith(folder)]
    return 0 if _may_use_the_engine(path) else min(places, default=len(_LONG) + 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)  # among those of a turn the order stays random
    for item in items:
        if "engine_folder" in getattr(item, "fixturenames", ()):
            path = item.nodeid.partition("::")[0]
            if not _may_use_the_engine(path):
                raise pytest.UsageError(f"{path} uses the container engine: name it in {__name__}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    config.option.loadscopereorder = False  # many tests in a file are quick ones, as a rule
    return ByFile(config, log)


@pytest.fixture
def tag() -> str:
    """Ends the names of what a test leaves on a server: another try on the same one has others."""
    return uuid4().hex[:8]


@pytest.fixture(scope="session")
def kit() -> Path:
    """The folder of genuine servers and benchmark data; skips the test where there is none."""
    folder = Path(os.environ.get("DSPY_TUI_KIT", ROOT.parent / "shared")).resolve()
    if not (folder / "recipes.md").exists():
        pytest.skip("no test kit: set DSPY_TUI_KIT to its folder")
    return folder


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times of day are shown in UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads the developer's settings, writes to their home, or reaches their model."""
    for name in _SETTINGS:
        monkeypatch.delenv(name, raising=False)
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home))
    seen = home / "dspy-tui" / "tour.json"  # as of a person who was shown around: no card lies over a screen
    seen.parent.mkdir()
    seen.write_text('{"schema": 1, "over": true}')
