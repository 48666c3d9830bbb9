"""`commit` with a real git: what of the work tree goes in, its message, hooks, and who is asked."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from agent_core.checkpoints.checkpoints import Checkpoints
from agent_core.events import ApprovalNeeded, ToolFinished, TurnFinished
from agent_core.llm.scripted import ScriptedModel
from agent_core.session.session import Session
from agent_core.tools.commit import CommitTool
from agent_core.tools.shell import ShellTool
from agent_core.workspace import Workspace
from tests.fakes.session import GivenModels, Recorder, make_session


def git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "gitconfig").write_text("[user]\nname = A\nemail = a@example.com\n")
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "a.py").write_text("one\n")
    (root / "mine.py").write_text("mine\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "Begin")
    return root


def opened(
    tmp_path: Path, model: ScriptedModel | None = None, *, interactive: bool = False
) -> tuple[Session, Recorder]:
    models = GivenModels(model)
    kept = Checkpoints(workspace=Workspace.open(tmp_path / "workspace"))
    tools = (ShellTool(), CommitTool(checkpoints=kept, models=models))
    allow = ("shell",) if interactive else ("shell", "write")
    return make_session(
        tmp_path, *tools, checkpoints=kept, allow=allow, models=models, interactive=interactive
    )  # fmt: skip


async def typed(session: Session, recorder: Recorder, text: str) -> TurnFinished:
    turn_id = session.submit(text)
    await session.idle()
    return next(event for event in recorder.of(TurnFinished) if event.turn_id == turn_id)


async def test_only_what_the_session_changed_is_committed(tmp_path: Path, root: Path) -> None:
    (root / "mine.py").write_text("not ready\n")
    git(root, "add", "mine.py")
    session, seen = opened(tmp_path)
    await typed(session, seen, "!echo two >> a.py; mkdir d; echo new > d/b.py")
    end = await typed(session, seen, "commit Add two")
    assert (end.outcome, end.exit) == ("changed", 0), end
    done = seen.of(ToolFinished)[-1].data
    assert done["files"] == ["a.py", "d/b.py"] and done["message"] == "Add two"
    assert git(root, "show", "--name-only", "--format=%s", "HEAD").split() == ["Add", "two", "a.py", "d/b.py"]
    assert git(root, "diff", "--cached", "--name-only").split() == ["mine.py"], "what was staged stays so"
    await typed(session, seen, "commit More")
    assert git(root, "log", "-1", "--format=%s").strip() == "More", "then what is staged"
    assert seen.of(ToolFinished)[-1].data["files"] == ["mine.py"]
    nothing = await typed(session, seen, "commit Nothing")
    assert nothing.exit == 1 and "nothing to commit" in nothing.reason


async def test_all_takes_what_git_sees(tmp_path: Path, root: Path) -> None:
    (root / "mine.py").unlink()
    (root / "new file.py").write_text("x\n")
    session, seen = opened(tmp_path)
    end = await typed(session, seen, "commit --all Tidy up")
    assert end.exit == 0, end
    assert seen.of(ToolFinished)[-1].data["files"] == ["mine.py", "new file.py"]
    assert not git(root, "status", "--porcelain", "--", ".", ":!.dspy_tui").strip()


async def test_the_model_writes_the_message_from_the_change(tmp_path: Path, root: Path) -> None:
    model = ScriptedModel(["```\nAdd the second line.\n```"])
    session, seen = opened(tmp_path, model)
    await typed(session, seen, "!echo two >> a.py")
    end = await typed(session, seen, "commit")
    assert git(root, "log", "-1", "--format=%B").strip() == "Add the second line"
    assert end.exit == 0 and seen.of(ToolFinished)[-1].data["message"] == "Add the second line"
    asked = model.requests[-1].messages[-1].content
    assert "+two" in asked and "Begin" in asked


async def test_new_files_are_in_what_the_message_is_made_from(tmp_path: Path, root: Path) -> None:
    (root / "d").mkdir()
    (root / "d" / "new.py").write_text("def fresh(): ...\n")
    (root / "d" / "new.bin").write_bytes(b"\0gut")
    (root / "d" / "away").symlink_to(tmp_path / "gitconfig")
    model = ScriptedModel(["The file is unused.", "Add fresh()", "Add more"])
    session, seen = opened(tmp_path, model)
    await typed(session, seen, "What does @a.py do?")
    await typed(session, seen, "commit --all")
    assert git(root, "log", "-1", "--format=%s").strip() == "Add fresh()"
    asked = model.requests[-1].messages[-1].content
    assert (
        "+def fresh(): ..." in asked and "d/new.bin" in asked and "gut" not in asked and "[user]" not in asked
    )
    (root / "a.py").write_text("three\n")
    (root / "other.py").write_text("four\n")
    await typed(session, seen, "commit --all")
    asked = model.requests[-1].messages[-1].content
    assert "+three" in asked and "+four" in asked, "also beside files that git knows"


async def test_a_question_is_no_subject(tmp_path: Path, root: Path) -> None:
    (root / "b.py").write_text("new\n")
    session, seen = opened(tmp_path, ScriptedModel(["It does nothing.", ""]))
    await typed(session, seen, "What does @a.py do?")
    await typed(session, seen, "commit --all")
    assert git(root, "log", "-1", "--format=%s").strip() == "Change b.py"


async def test_without_a_model_the_message_names_the_file(tmp_path: Path, root: Path) -> None:
    session, seen = opened(tmp_path)
    await typed(session, seen, "!echo two >> a.py")
    await typed(session, seen, "commit")
    assert git(root, "log", "-1", "--format=%s").strip() == "Change a.py"


async def test_a_hook_that_refuses_is_told(tmp_path: Path, root: Path) -> None:
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'run the linter first' >&2\nexit 1\n")
    hook.chmod(0o755)
    session, seen = opened(tmp_path)
    await typed(session, seen, "!echo two >> a.py")
    end = await typed(session, seen, "commit Two")
    assert end.exit == 1 and "run the linter first" in end.reason
    assert git(root, "log", "-1", "--format=%s").strip() == "Begin"


async def test_who_one_is_has_to_be_known_and_nothing_is_left_staged(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gitconfig").write_text("[user]\nuseConfigOnly = true\n")
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    session, seen = opened(tmp_path)
    await typed(session, seen, "!echo two >> a.py; echo new > b.py")
    end = await typed(session, seen, "commit Add two")
    assert end.error is not None and "who you are" in end.error.message
    assert "git config user.name" in end.error.hint
    assert git(root, "status", "--porcelain").split("\n") == [" M a.py", "?? b.py", ""]


async def test_the_message_is_shown_before_anything_is_committed(tmp_path: Path, root: Path) -> None:
    session, seen = opened(tmp_path, interactive=True)
    await typed(session, seen, "!echo two >> a.py")
    with session.bus.subscribe() as events:
        session.submit("commit Two lines")
        async for event in events:
            if isinstance(event, ApprovalNeeded):
                break
        assert "Two lines" in event.command and "a.py" in event.command and "hooks" in event.reason
        session.answer(event.call_id, "no")
    await session.idle()
    assert seen.of(TurnFinished)[-1].exit == 3
    assert git(root, "log", "-1", "--format=%s").strip() == "Begin"
    await asyncio.sleep(0)


async def test_without_a_repository_it_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    session, seen = opened(tmp_path)
    end = await typed(session, seen, "commit")
    assert end.exit == 1 and "no git repository" in end.reason
