"""Turns of a session that change files: what they say of it, and undoing them by command."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent_core.checkpoints.checkpoints import Checkpoints
from agent_core.events import ApprovalNeeded, Notice, ToolFinished, TurnFinished, WorkspaceChanged
from agent_core.session.session import Session
from agent_core.tools.diff import DiffTool
from agent_core.tools.redo import RedoTool
from agent_core.tools.shell import ShellTool
from agent_core.tools.undo import UndoTool
from agent_core.workspace import Workspace
from tests.fakes.session import Recorder, make_session


def session_with_undo(root: Path, **more: object) -> tuple[Session, Recorder]:
    folder = root / "workspace"
    folder.mkdir(exist_ok=True)
    kept = Checkpoints(workspace=Workspace.open(folder))
    tools = (ShellTool(), UndoTool(checkpoints=kept), RedoTool(checkpoints=kept), DiffTool(checkpoints=kept))
    more.setdefault("allow", ("shell", "write"))
    return make_session(root, *tools, checkpoints=kept, **more)  # type: ignore[arg-type]


async def typed(session: Session, recorder: Recorder, text: str) -> TurnFinished:
    turn_id = session.submit(text)
    await session.idle()
    return next(event for event in recorder.of(TurnFinished) if event.turn_id == turn_id)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "a.py").write_text("one\ntwo\n")
    (folder / ".gitignore").write_text("*.log\n")
    return folder


async def test_a_shell_command_that_changes_files_ends_as_changed_and_can_be_undone(
    tmp_path: Path, files: Path
) -> None:
    session, recorder = session_with_undo(tmp_path)
    end = await typed(session, recorder, "!echo three >> a.py; echo x > b.py; echo y > c.log")
    assert (end.outcome, end.exit) == ("changed", 0)
    assert end.data == {"changed": ["a.py", "b.py"], "undo": 1}
    told = recorder.one(WorkspaceChanged)
    assert [(row.path, row.how, row.added, row.removed) for row in told.files] == [
        ("a.py", "changed", 1, 0),
        ("b.py", "created", 1, 0),
    ]
    assert (told.added, told.removed, told.total, told.lost) == (2, 0, 2, ())

    await typed(session, recorder, "diff --session")
    assert "+three" in recorder.of(ToolFinished)[-1].text
    end = await typed(session, recorder, "undo")
    assert (end.outcome, end.exit) == ("changed", 0), end
    assert (files / "a.py").read_text() == "one\ntwo\n" and not (files / "b.py").exists()
    assert (files / "c.log").exists()
    await typed(session, recorder, "diff --session")
    assert "No changes in this session" in recorder.of(ToolFinished)[-1].text
    await typed(session, recorder, "diff --turn 1")
    assert "+three" in recorder.of(ToolFinished)[-1].text
    await typed(session, recorder, "redo")
    assert (files / "a.py").read_text() == "one\ntwo\nthree\n"
    assert len(recorder.of(WorkspaceChanged)) == 1
    await session.aclose()


async def test_a_command_that_only_reads_ends_as_answered(tmp_path: Path, files: Path) -> None:
    session, recorder = session_with_undo(tmp_path)
    end = await typed(session, recorder, "!cat a.py")
    assert end.outcome == "answered" and end.data == {} and not recorder.of(WorkspaceChanged)
    assert (await typed(session, recorder, "undo")).exit == 6
    await session.aclose()


async def test_a_command_that_fails_or_is_cancelled_can_be_undone(tmp_path: Path, files: Path) -> None:
    session, recorder = session_with_undo(tmp_path)
    end = await typed(session, recorder, "!rm a.py; false")
    assert end.outcome == "stopped" and end.data["changed"] == ["a.py"]
    await typed(session, recorder, "undo")
    assert (files / "a.py").read_text() == "one\ntwo\n"
    turn_id = session.submit("!echo changed > a.py; touch ready; sleep 60")
    while not (files / "ready").exists():
        await asyncio.sleep(0.01)
    session.cancel()
    await session.idle()
    end = next(event for event in recorder.of(TurnFinished) if event.turn_id == turn_id)
    assert end.exit == 130 and end.data["changed"] == ["a.py", "ready"]
    await typed(session, recorder, "undo")
    assert (files / "a.py").read_text() == "one\ntwo\n"
    await session.aclose()


async def test_an_undo_that_is_refused_names_the_file_and_the_next_step(tmp_path: Path, files: Path) -> None:
    session, recorder = session_with_undo(tmp_path)
    await typed(session, recorder, "!echo three >> a.py")
    (files / "a.py").write_text("by hand\n")
    end = await typed(session, recorder, "undo")
    assert end.error is not None and end.error.code == "undo-refused" and end.exit == 1
    assert "a.py has been changed since" in end.error.message and "--skip-changed" in end.error.hint
    assert (files / "a.py").read_text() == "by hand\n"
    await session.aclose()


async def test_what_is_not_covered_is_said_before_the_command_runs(tmp_path: Path, files: Path) -> None:
    (files / "x.log").write_text("x")
    session, recorder = session_with_undo(tmp_path)
    await typed(session, recorder, "!rm x.log")
    (notice,) = recorder.of(Notice)
    assert notice.message == "Undo does not cover x.log, which is ignored"
    await session.aclose()

    asking, asked = session_with_undo(tmp_path, allow=())
    asking.submit("!git -c user.name=x commit -am x; rm /tmp/elsewhere")
    while not asked.of(ApprovalNeeded):
        await asyncio.sleep(0.01)
    question = asked.one(ApprovalNeeded)
    assert "what git records" in question.reason and "/tmp/elsewhere, outside this folder" in question.reason
    asking.answer(question.call_id, "no")
    await asking.idle()
    assert not (files / ".dspy_tui/checkpoints/open").exists() or not list(
        (files / ".dspy_tui/checkpoints/open").iterdir()
    )
    await asking.aclose()


async def test_the_list_names_turns_with_their_sizes(tmp_path: Path, files: Path) -> None:
    session, recorder = session_with_undo(tmp_path)
    await typed(session, recorder, "!echo three >> a.py")
    await session.aclose()
    session, recorder = session_with_undo(tmp_path, allow=(), interactive=False)
    await typed(session, recorder, "undo --list")  # a look needs no permission
    listed = recorder.of(ToolFinished)[-1]
    assert "!echo three >> a.py" in listed.text and "of 512" in listed.text
    (row,) = listed.data["turns"]
    assert (row["number"], row["own"], row["status"]) == (1, False, "done")
    await session.aclose()
