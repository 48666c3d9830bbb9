"""A file of hooks that cannot be read has not said yes."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.events import Notice, ToolFinished, TurnFinished
from tests.agent_core.hooks.test_hooks import hook, make, of, opened, own, ran


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folders are elsewhere."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    return tmp_path / "xdg_config_home" / "dspy-tui"


@pytest.mark.parametrize("line", ["!echo ran", "redo", "run_tests"])
async def test_a_users_broken_file_refuses_what_it_may_guard(tmp_path: Path, home: Path, line: str) -> None:
    home.mkdir(parents=True)
    (home / "hooks.toml").write_text("[[hook]]\nrun = ['x'\n")
    allow = ("shell", "write", "run")
    happened = await ran(opened(make(tmp_path / "w"), allow=allow), line, "ls", "hooks")
    refused, listed, hooks = of(happened, TurnFinished)
    assert (refused.exit, refused.error.code) == (3, "hook-refused")
    assert (
        "hooks.toml cannot be used (" in refused.error.message and "`hooks` checks it" in refused.error.hint
    )
    assert listed.exit == hooks.exit == 0, "what is read goes on, and says what is wrong"
    assert "until it is mended" in of(happened, ToolFinished)[-1].text
    (home / "hooks.toml").unlink()
    happened = await ran(opened(tmp_path / "w", allow=("shell",)), "!echo ran")
    assert of(happened, TurnFinished)[0].exit == 0, "it is read anew each time"


async def test_a_users_file_that_cannot_be_read_refuses_too(tmp_path: Path, home: Path) -> None:
    (home / "hooks.toml").mkdir(parents=True)
    happened = await ran(opened(make(tmp_path / "w"), allow=("shell",)), "!echo ran")
    assert of(happened, TurnFinished)[0].error.code == "hook-refused"


async def test_a_workspaces_broken_file_that_nobody_allowed_is_told_alone(tmp_path: Path) -> None:
    root = make(tmp_path / "w")
    (root / ".dspy_tui").mkdir()
    (root / ".dspy_tui" / "hooks.toml").write_text("[[hook]")
    happened = await ran(opened(root, allow=("shell",)), "!echo ran")
    assert of(happened, TurnFinished)[0].exit == 0
    assert any("is not used" in notice.message for notice in of(happened, Notice))


async def test_a_workspaces_file_that_was_allowed_and_is_broken_now_refuses(tmp_path: Path) -> None:
    root = make(tmp_path / "w")
    own(root, "print('')")
    await ran(opened(root, interactive=True), "ls", answers=("always",))
    (root / ".dspy_tui" / "hooks.toml").write_text("[[hook]")
    for allow in (("shell",), ("shell", "run"), ("shell", "run:hooks *")):
        happened = await ran(opened(root, allow=allow), "!echo ran", "ls")
        refused, listed = of(happened, TurnFinished)
        assert refused.error.code == "hook-refused" and listed.exit == 0


async def test_a_users_file_in_the_workspace_is_the_workspaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make(tmp_path / "w")
    hook(root / "cfg" / "dspy-tui", "open('ran', 'w')", run=str(root / "cfg" / "dspy-tui" / "hook.py"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(root / "cfg"))
    happened = await ran(opened(root), "ls")
    assert of(happened, TurnFinished)[0].exit == 0 and not (root / "ran").exists()
    assert any("--allow 'run:hooks cfg/dspy-tui/hooks.toml" in notice.hint for notice in of(happened, Notice))
    monkeypatch.setenv("HOME", str(root))
    await ran(opened(root), "ls")
    assert (root / "ran").exists(), "whoever opens the whole home folder has their own hooks"
