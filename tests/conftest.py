"""Shared fixtures: the kit of real servers and data, and an environment without one's own settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_SETTINGS = (
    "USE_OLLAMA", "OLLAMA_MODEL", "OLLAMA_HOST", "OPENAI_API_KEY", "OPENAI_BASE_URL", "MODEL_NAME",
    "NO_COLOR", "DSPY_TUI_PROVIDER", "DSPY_TUI_THEME", "DSPY_TUI_THINK", "DSPY_TUI_CONTEXT_WINDOW",
    "KAFKA_BOOTSTRAP", "DSPY_TUI_EMBEDDER", "DSPY_TUI_EMBEDDING_MODEL",
)  # fmt: skip


@pytest.fixture(scope="session")
def kit() -> Path:
    """The folder of genuine servers and benchmark data; skips the test where there is none."""
    folder = Path(os.environ.get("DSPY_TUI_KIT", ROOT.parent / "shared")).resolve()
    if not (folder / "recipes.md").exists():
        pytest.skip("no test kit: set DSPY_TUI_KIT to its folder")
    return folder


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads the developer's settings, writes to their home, or reaches their model."""
    for name in _SETTINGS:
        monkeypatch.delenv(name, raising=False)
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home))
