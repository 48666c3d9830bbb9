"""A task that changes files: real files, the project's real tests in a real copy, and a scripted model."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
import pytest

from agent_core.agent.edit.flow import change
from agent_core.agent.port import TaskInput
from agent_core.changes.model import Chosen
from agent_core.commandline import Mention
from agent_core.config import Settings
from agent_core.errors import ChangeRefused, NothingDone, PermissionRefused
from agent_core.events import ChecksFinished, TextDelta, ToolFinished, ToolStarted
from agent_core.llm.scripted import DEFAULT_INFO, Reply, ScriptedModel
from tests.agent_core.agent.test_loop import call
from tests.fakes.turn import RecordedTurn

NO_TOOLS = msgspec.structs.replace(DEFAULT_INFO, supports_tools=False)
APP = "def add(a, b):\n    return a - b\n\n\ndef twice(a):\n    return 2 * a\n"
TEST = """from app import add, twice


def test_add():
    assert add(2, 3) == 5


def test_twice():
    assert twice(2) == 4
"""
TASK = TaskInput(text="fix add, it subtracts")


def block(search: str, replace: str, path: str = "app.py") -> str:
    return f"I mend it.\n\n{path}\n```\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n```\n"


RIGHT = block("    return a - b", "    return a + b")
WRONG = block("    return a - b", "    return a * b")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    root = tmp_path / "project"
    root.mkdir()
    (root / "app.py").write_text(APP)
    (root / "test_app.py").write_text(TEST)
    (root / "pytest.ini").write_text("[pytest]\n")
    return root


def shown(turn: RecordedTurn) -> list[str]:
    return [event.name for event in turn.events if isinstance(event, ToolStarted)]


async def test_a_wrong_change_is_repaired_with_what_the_tests_say(root: Path) -> None:
    turn = RecordedTurn(root)
    model = ScriptedModel([Reply.of(call("cat", path="app.py")), WRONG, RIGHT])
    answer = await change(model, TASK, turn)
    assert (root / "app.py").read_text() == APP.replace("a - b", "a + b")
    assert (answer.changed, answer.stop_reason) == (("app.py",), "stop")
    assert any("pytest" in command for command in answer.verified)
    assert "+    return a + b" in answer.diff and "pytest passed" in answer.remark
    rounds = [event for event in turn.events if isinstance(event, ChecksFinished)]
    assert [event.round for event in rounds] == [1, 2]
    assert [report.state for report in rounds[0].reports if report.kind == "run_tests"] == ["failed"]
    repair = model.requests[2].messages[-1].content
    assert "assert 6 == 5" in repair and "test_app.py:5" in repair and "a * b" in repair
    assert shown(turn)[:3] == ["cat", "edit", "run_tests"]
    running, writing = turn.questions
    assert running.action == "run" and any("pytest" in line for line in running.subjects)
    assert (writing.action, [file.path for file in writing.files]) == ("write", ["app.py"])
    assert writing.files[0].before == APP and not writing.doubt
    assert turn.said == "I mend it.\n", "edits are shown as diffs; what is said beside them, once"


async def test_without_tools_the_model_names_the_files_and_writes_the_change(root: Path) -> None:
    turn = RecordedTurn(root)
    model = ScriptedModel(['Sure: {"files": ["app.py"]}', RIGHT], info=NO_TOOLS)
    answer = await change(model, TASK, turn)
    assert answer.verified and (root / "app.py").read_text() == APP.replace("a - b", "a + b")
    naming, writing = model.requests
    assert naming.response_schema is not None and "test_app.py" in naming.messages[-1].content
    assert "    return a - b\n" in writing.messages[-1].content, "as it stands, without line numbers"


async def test_a_mentioned_file_needs_no_search(root: Path) -> None:
    model = ScriptedModel([RIGHT], info=NO_TOOLS)
    task = TaskInput(text="mend @app.py", mentions=(Mention("app.py"),))
    assert (await change(model, task, RecordedTurn(root))).verified
    assert len(model.requests) == 1


async def test_edits_that_cannot_be_placed_go_back_with_the_reason(root: Path) -> None:
    turn = RecordedTurn(root)
    model = ScriptedModel([block("    return a % b % c % d", "    return 1"), RIGHT], info=NO_TOOLS)
    task = TaskInput(text="mend @app.py", mentions=(Mention("app.py"),))
    answer = await change(model, task, turn)
    assert answer.verified
    assert "not-found" in model.requests[1].messages[-1].content
    refused = next(event for event in turn.events if isinstance(event, ToolFinished) and event.name == "edit")
    assert refused.error is not None and refused.error.code == "edit-refused"


async def test_after_three_repairs_nothing_is_written(root: Path) -> None:
    turn = RecordedTurn(root)
    model = ScriptedModel([block("no such line", "x")] * 9, info=NO_TOOLS)
    task = TaskInput(text="mend @app.py", mentions=(Mention("app.py"),))
    with pytest.raises(NothingDone, match="4 attempts"):
        await change(model, task, turn)
    assert (root / "app.py").read_text() == APP and not turn.questions
    assert len(model.requests) == 4


async def test_a_change_that_fails_its_tests_is_doubted(root: Path) -> None:
    turn = RecordedTurn(root)
    answer = await change(ScriptedModel([WRONG] * 9, info=NO_TOOLS), TASK, turn)
    assert turn.questions[-1].doubt == "pytest fails with it"
    assert not answer.verified and "pytest failed (1 new finding)" in answer.remark


async def test_the_same_change_again_is_not_checked_again(root: Path) -> None:
    turn = RecordedTurn(root)
    model = ScriptedModel([WRONG, WRONG, RIGHT], info=NO_TOOLS)
    task = TaskInput(text="mend @app.py", mentions=(Mention("app.py"),))
    answer = await change(model, task, turn)
    assert answer.verified and answer.attempts == 3
    first, second = (request.messages[-1].content for request in model.requests[1:])
    assert "the same change as an earlier one" in second and "the same change" not in first
    assert "assert 6 == 5" in first and "assert 6 == 5" in second
    assert shown(turn) == ["edit", "run_tests", "edit", "edit", "run_tests", "run_tests"]
    edits = [
        event.summary for event in turn.events if isinstance(event, ToolFinished) and event.name == "edit"
    ]
    assert edits[1] == "the same change again" != edits[2]
    rounds = [event for event in turn.events if isinstance(event, ChecksFinished)]
    assert [event.round for event in rounds] == [1, 2, 3] and rounds[0].reports == rounds[1].reports


async def test_what_may_not_be_written_is_not_tried(root: Path) -> None:
    turn = RecordedTurn(root)
    turn.denied = {"app.py"}
    task = TaskInput(text="mend @app.py", mentions=(Mention("app.py"),))
    with pytest.raises(PermissionRefused):
        await change(ScriptedModel([RIGHT], info=NO_TOOLS), task, turn)
    assert shown(turn) == ["edit"] and not turn.questions


async def test_a_change_that_is_there_already_is_said_to_be(root: Path) -> None:
    (root / "app.py").write_text(APP.replace("a - b", "a + b"))
    again = block("    return a + b", "    return a + b")
    task = TaskInput(text="mend @app.py", mentions=(Mention("app.py"),))
    with pytest.raises(NothingDone, match="already as the edits"):
        await change(ScriptedModel([again] * 4, info=NO_TOOLS), task, RecordedTurn(root))


async def test_syntax_is_looked_at_before_anything_is_run(root: Path) -> None:
    turn = RecordedTurn(root)
    task = TaskInput(text="mend @app.py", mentions=(Mention("app.py"),))
    model = ScriptedModel([block("    return a - b", "    return (a +"), RIGHT], info=NO_TOOLS)
    assert (await change(model, task, turn)).verified
    assert "syntax" in model.requests[1].messages[-1].content
    assert shown(turn).count("run_tests") == 2, "the tests that concern it, then all, once"


async def test_only_a_part_is_wanted(root: Path) -> None:
    (root / "app.py").write_text(APP.replace("\n\n\ndef twice", "\n" * 12 + "def twice"))
    turn = RecordedTurn(root)
    both = RIGHT + block("    return 2 * a", "    return a + a")
    turn.chosen = [Chosen(), Chosen(rejected={"app.py": (0,)}), Chosen()]
    task = TaskInput(text="mend @app.py", mentions=(Mention("app.py"),))
    answer = await change(ScriptedModel([both], info=NO_TOOLS), task, turn)
    text = (root / "app.py").read_text()
    assert "a - b" in text and "a + a" in text
    assert len([event for event in turn.events if isinstance(event, ChecksFinished)]) == 2
    assert not answer.verified and "1 test that failed before still fails" in answer.remark


async def test_nothing_wanted_changes_nothing(root: Path) -> None:
    turn = RecordedTurn(root)
    turn.chosen = [Chosen(), Chosen(left_out=("app.py",))]
    task = TaskInput(text="mend @app.py", mentions=(Mention("app.py"),))
    with pytest.raises(PermissionRefused, match="Nothing of the change"):
        await change(ScriptedModel([RIGHT], info=NO_TOOLS), task, turn)
    assert (root / "app.py").read_text() == APP


async def test_a_file_that_changed_meanwhile_is_not_overwritten(root: Path) -> None:
    turn = RecordedTurn(root)
    ask = turn.ask

    async def slow(question: object) -> Chosen:
        (root / "app.py").write_text("# mine\n" + APP)
        return await ask(question)  # type: ignore[arg-type]

    turn.ask = slow  # type: ignore[method-assign]
    task = TaskInput(text="mend @app.py", mentions=(Mention("app.py"),))
    with pytest.raises(ChangeRefused):
        await change(ScriptedModel([RIGHT], info=NO_TOOLS), task, turn)
    assert (root / "app.py").read_text() == "# mine\n" + APP


async def test_a_model_that_only_talks_changes_nothing_and_is_asked_once_more(root: Path) -> None:
    turn = RecordedTurn(root)
    model = ScriptedModel(["I have fixed it.", "It is fixed."], info=NO_TOOLS)
    task = TaskInput(text="mend @app.py", mentions=(Mention("app.py"),))
    answer = await change(model, task, turn)
    assert (answer.stop_reason, answer.changed) == ("unchanged", ())
    assert "Nothing was changed" in turn.said and not turn.questions
    assert "no change in the form" in model.requests[1].messages[-1].content


async def test_without_permission_to_write_no_model_is_asked(root: Path) -> None:
    turn = RecordedTurn(root)
    turn.refuse = True
    model = ScriptedModel([RIGHT])
    with pytest.raises(PermissionRefused):
        await change(model, TASK, turn)
    assert not model.requests


async def test_a_large_file_is_shown_where_it_matters(root: Path) -> None:
    many = "\n\n".join(f"def f{number}():\n    return {number}" for number in range(4000))
    (root / "big.py").write_text(f"{many}\n\n\ndef read_port(env):\n    return env['PORT']\n\n\n{many}\n")
    turn = RecordedTurn(root, settings=Settings())
    model = ScriptedModel(
        ['{"files": ["big.py"]}', block("    return env['PORT']", "    return int(env['PORT'])", "big.py")],
        info=NO_TOOLS,
    )
    answer = await change(model, TaskInput(text="fix read_port so that it gives an int"), turn)
    assert answer.changed == ("big.py",)
    sent = model.requests[1].messages[-1].content
    assert "lines not shown]" in sent and "return env['PORT']" in sent
    assert any(isinstance(event, TextDelta) for event in turn.events)


async def test_a_test_that_fails_as_before_verifies_nothing(root: Path) -> None:
    """The fault that was to be mended is no excuse for the mending."""
    useless = block("    return a - b", "    return a - b + 0")
    turn = RecordedTurn(root)
    task = TaskInput(text="mend @app.py", mentions=(Mention("app.py"),))
    judged = '{"problems": ["it still subtracts"], "verdict": "does part of it"}'
    model = ScriptedModel([useless, useless, judged], info=NO_TOOLS)
    answer = await change(model, task, turn)
    assert not answer.verified and "1 test that failed before still fails" in answer.remark
    assert "failed before the change and still do" in model.requests[1].messages[-1].content
    assert "a review by the model: does part of it" in answer.remark
    assert len(model.requests) == 3, "that is said once: it may be another matter"


async def test_what_nothing_checks_the_model_looks_at_again(root: Path) -> None:
    (root / "pytest.ini").unlink()
    (root / "test_app.py").unlink()
    turn = RecordedTurn(root)
    task = TaskInput(text="mend @app.py", mentions=(Mention("app.py"),))
    judged = 'Well: {"problems": ["it multiplies"], "verdict": "does not"}'
    model = ScriptedModel([WRONG, judged, RIGHT], info=NO_TOOLS)
    answer = await change(model, task, turn)
    assert "a + b" in (root / "app.py").read_text() and not answer.verified
    judging, repairing = model.requests[1:]
    assert "+    return a * b" in judging.messages[-1].content and judging.response_schema is not None
    assert "it multiplies" in repairing.messages[-1].content
    assert "nothing to check it with was found" in turn.questions[-1].reason


@pytest.mark.parametrize("reply", ["", "Looks good!", "[]", '{"verdict": 3}'])
async def test_a_review_that_says_nothing_costs_nothing(root: Path, reply: str) -> None:
    (root / "pytest.ini").unlink()
    (root / "test_app.py").unlink()
    turn = RecordedTurn(root)
    task = TaskInput(text="mend @app.py", mentions=(Mention("app.py"),))
    answer = await change(ScriptedModel([RIGHT, reply], info=NO_TOOLS), task, turn)
    assert answer.changed == ("app.py",) and "review" not in answer.remark
