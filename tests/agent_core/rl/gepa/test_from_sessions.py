"""Examples from saved sessions: what was accepted, refused, undone, and what a cited answer led to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agent_core.events import (
    ApprovalGiven,
    ApprovalNeeded,
    Event,
    ProposedFile,
    TurnFinished,
    TurnStarted,
    Usage,
)
from agent_core.llm.dspy_engine import preload
from agent_core.masking import mask_secrets
from agent_core.rl.gepa.code import read_code
from agent_core.rl.gepa.examples import Cites, Edits, Example, Judges, Names, Plans
from agent_core.rl.gepa.from_sessions import from_sessions, sessions_of, tasks_in
from agent_core.rl.gepa.making import Material
from agent_core.session.saved.conversation import Conversation
from agent_core.session.saved.model import Record
from agent_core.session.saved.saving import Saving
from agent_core.session.saved.store import SavedSessions
from agent_core.workspace import Workspace
from tests.agent_core.rl.gepa.made import module

PATH = "pkg/kettle.py"
CHANGED = ProposedFile(path=PATH, before=module("kettle", 1), after=module("kettle", 2))


def task(
    name: str,
    text: str,
    *,
    files: Sequence[ProposedFile] = (),
    decision: Any = "once",
    outcome: Any = "answered",
    data: dict[str, Any] | None = None,
    kind: Any = "task",
) -> list[Event]:
    events: list[Event] = [TurnStarted(turn_id=name, text=text, kind=kind)]
    if files:
        events += [
            ApprovalNeeded(
                turn_id=name, call_id=f"c{name}", action="write", command="change", reason="", rule="write",
                files=tuple(files),
            ),
            ApprovalGiven(turn_id=name, call_id=f"c{name}", decision=decision),
        ]  # fmt: skip
    end = TurnFinished(
        turn_id=name, outcome=outcome, reason="", text="", exit=0, seconds=1.0, usage=Usage(), data=data or {}
    )
    return [*events, end]


@pytest.fixture
async def material(made: Path) -> Material:
    await preload()
    code = read_code(Workspace.open(made), mask=mask_secrets)
    return Material(code=code, mask=mask_secrets, room=4000)


def examples(material: Material, *turns: list[Event]) -> dict[str, Example]:
    records = [Record(0.0, event) for turn in turns for event in turn]
    return {one.target: one for one in from_sessions([tasks_in(records)], material)}


def test_what_was_accepted_is_a_change_a_place_a_plan_and_a_good_review(material: Material) -> None:
    accepted = task("1", "weigh the kettle twice", files=[CHANGED], outcome="verified")
    found = examples(material, accepted)
    assert {one.source for one in found.values()} == {"sessions"}
    goals = {target: one.goal for target, one in found.items()}
    assert goals["review.judge"] == Judges(True)
    assert goals["edit.write"] == Edits(PATH, CHANGED.before or "", CHANGED.after or "")
    located, planned = goals["locate.name"], goals["plan.draft"]
    assert isinstance(located, Names) and located.files == (PATH,) and len(located.candidates) > 1
    assert isinstance(planned, Plans) and planned.files == (PATH,)
    assert all(one.fields["question"] == "weigh the kettle twice" for one in found.values())
    assert "+    kettle_weight = value * 2" in found["review.judge"].fields["diff"]


def test_what_was_refused_is_a_bad_review_and_nothing_else(material: Material) -> None:
    found = examples(material, task("1", "mend the kettle", files=[CHANGED], decision="no"))
    assert {target: one.goal for target, one in found.items()} == {"review.judge": Judges(False)}


def test_what_was_undone_right_after_was_not_accepted(material: Material) -> None:
    accepted = task("1", "mend the kettle", files=[CHANGED], outcome="verified")
    found = examples(material, accepted, task("2", "/undo", kind="command"))
    assert {target: one.goal for target, one in found.items()} == {"review.judge": Judges(False)}
    kept = examples(material, accepted, task("2", "diff", kind="command"), task("3", "undo", kind="command"))
    assert "edit.write" in kept, "a later undo may be of something else"


def test_an_answer_that_led_to_a_change_shows_what_a_good_one_cites(material: Material) -> None:
    cited = {"hits": [{"path": PATH, "start": 9, "end": 9}, {"path": "pkg/anchor.py", "start": 1, "end": 1}]}
    asked = task("1", "where is the kettle weighed?", data=cited)
    changed = task("2", "twice", files=[CHANGED], outcome="verified", data={"changed": [PATH]})
    (goal,) = [
        one.goal for target, one in examples(material, asked, changed).items() if target == "ask.conclude"
    ]
    assert isinstance(goal, Cites) and {place.path for place in goal.places} == {PATH}
    assert goal.places[0].start <= 9 <= goal.places[0].end
    assert "ask.conclude" not in examples(material, asked), "nothing came of it"
    refused = task("2", "twice", files=[CHANGED], decision="no", data={"changed": [PATH]})
    assert "ask.conclude" not in examples(material, asked, refused)


@pytest.mark.parametrize("hits", [None, 3, [3], [{"path": 1}], [{}], {"a": 1}])
def test_what_a_session_says_is_not_trusted(material: Material, hits: Any) -> None:
    odd = task("1", "x", data={"hits": hits, "changed": hits})
    gone = ProposedFile(path="../gone.py", before="a\n", after="b\n")
    assert examples(material, odd) == {}
    assert set(examples(material, task("2", "y", files=[gone]))) <= {"review.judge", "edit.write"}


def test_new_deleted_and_many_files_are_left_out(material: Material) -> None:
    new = ProposedFile(path="pkg/new.py", before=None, after="x\n")
    gone = ProposedFile(path=PATH, before="x\n", after=None)
    many = [ProposedFile(path=f"pkg/{n}.py", before="a\n", after="b\n") for n in range(9)]
    for files in ([new], [gone], [CHANGED, new], many):
        assert examples(material, task("1", "do it", files=files)) == {}


async def test_saved_sessions_are_read_from_the_disk(workspace: Workspace, material: Material) -> None:
    store = SavedSessions(workspace)
    conversation = Conversation(store=store, saving=Saving(store=store, mask=mask_secrets, enabled=True))
    name = conversation.next_turn_id()
    for event in task(name, "weigh the kettle twice", files=[CHANGED], outcome="verified"):
        conversation.take(event)
    conversation.close()
    (workspace.state_dir / "sessions" / "20261129-120000-abcd.jsonl").write_text("no session\n")
    (done,) = [tasks for tasks in sessions_of(workspace) if tasks]
    assert [(one.text, one.accepted, one.verified) for one in done] == [
        ("weigh the kettle twice", True, True)
    ]
    assert {one.target for one in from_sessions([done], material)} >= {"edit.write", "review.judge"}
