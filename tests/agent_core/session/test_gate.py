"""Asking for permission: the question, the answer, and what happens where nobody can answer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent_core.changes.model import Chosen
from agent_core.errors import PermissionRefused
from agent_core.events import (
    ApprovalGiven,
    ApprovalNeeded,
    Decision,
    Event,
    ProposedFile,
    ToolFinished,
    TurnFinished,
)
from agent_core.llm.port import ModelInfo
from agent_core.llm.scripted import ScriptedModel
from agent_core.permissions import Permissions
from agent_core.session.gate import Gate, Request
from agent_core.session.session import Session
from tests.fakes.session import GivenModels, Put, Recorder, Shell, make_session

REMOTE = ModelInfo(provider="scripted", name="far", host="far.example:443", window=4096, is_local=False)


async def ask(session: Session, text: str) -> ApprovalNeeded:
    """Submit, and wait for the question."""
    with session.bus.subscribe() as events:
        session.submit(text)
        async for event in events:
            if isinstance(event, ApprovalNeeded):
                return event
    raise AssertionError("nothing was asked")


async def test_a_shell_command_asks_and_runs_when_it_is_allowed(tmp_path: Path) -> None:
    shell = Shell()
    session, seen = make_session(tmp_path, shell)
    question = await ask(session, "!make all")
    assert (question.action, question.command, question.rule) == ("shell", "!make all", "shell:make all")
    assert shell.ran == []
    assert session.answer(question.call_id, "once")
    assert not session.answer(question.call_id, "once")
    await session.idle()
    assert shell.ran == ["make all"]
    assert seen.names() == [
        "TurnStarted", "ToolStarted", "ApprovalNeeded", "ApprovalGiven", "ToolFinished", "TurnFinished",
    ]  # fmt: skip
    again = await ask(session, "!make all")
    assert again.call_id != question.call_id
    await session.aclose()


async def test_no_is_no(tmp_path: Path) -> None:
    shell = Shell()
    session, seen = make_session(tmp_path, shell)
    question = await ask(session, "!make all")
    session.answer(question.call_id, "no")
    await session.idle()
    end = seen.one(TurnFinished)
    assert (end.outcome, end.exit, end.error.code) == ("stopped", 3, "permission")
    assert seen.one(ToolFinished).error == end.error
    assert shell.ran == []


async def test_always_is_kept_for_the_workspace_and_can_be_revoked(tmp_path: Path) -> None:
    shell = Shell()
    session, _ = make_session(tmp_path, shell)
    question = await ask(session, "!make [a-z]*")
    session.answer(question.call_id, "always")
    await session.idle()
    other, seen = make_session(tmp_path, shell)
    other.submit("!make [a-z]*")
    await other.idle()
    assert seen.one(TurnFinished).exit == 0
    assert len(shell.ran) == 2
    permissions = Permissions(workspace=session.workspace.root, store=tmp_path / "permissions.json")
    assert [row.source for row in permissions.list()] == ["remembered"]
    assert permissions.revoke(question.rule)


async def test_always_that_cannot_be_kept_holds_for_once_and_says_so(tmp_path: Path) -> None:
    shell = Shell()
    session, seen = make_session(tmp_path, shell)
    (tmp_path / "permissions.json").mkdir()
    question = await ask(session, "!make all")
    session.answer(question.call_id, "always")
    await session.idle()
    assert shell.ran == ["make all"]
    assert "Notice" in seen.names()


async def test_cancelling_the_question_answers_it(tmp_path: Path) -> None:
    session, seen = make_session(tmp_path, Shell())
    question = await ask(session, "!make all")
    session.cancel()
    await session.idle()
    assert seen.one(ApprovalGiven).decision == "no"
    assert seen.one(TurnFinished).exit == 130
    assert not session.answer(question.call_id, "once")


async def test_nobody_can_answer(tmp_path: Path) -> None:
    shell = Shell()
    session, seen = make_session(tmp_path, shell, interactive=False)
    session.submit("!make all")
    await session.idle()
    end = seen.one(TurnFinished)
    assert (end.exit, end.error.code) == (3, "permission")
    assert "--allow 'shell:make all'" in end.error.hint
    assert "ApprovalNeeded" not in seen.names()
    assert shell.ran == []


@pytest.mark.parametrize(
    ("typed", "allow", "deny", "code"),
    [
        ("!make all", ("shell",), (), 0),
        ("!make all", ("shell:make *",), (), 0),
        ("!make all; rm -rf x", ("shell:make *",), (), 3),
        ("!make all", ("shell:make *",), ("shell:make *",), 3),
        ("put text", ("shell",), (), 3),
        ("put text", ("write",), (), 0),
    ],
)
async def test_rules(
    tmp_path: Path, typed: str, allow: tuple[str, ...], deny: tuple[str, ...], code: int
) -> None:
    session, seen = make_session(tmp_path, Shell(), Put(), interactive=False, allow=allow, deny=deny)
    session.submit(typed)
    await session.idle()
    assert seen.one(TurnFinished).exit == code


class RemoteModels(GivenModels):
    """Asks before it answers, as `Models` does."""

    session: Any = None

    async def current(self) -> Any:
        await self.session._gate.approve_host(REMOTE)
        return await super().current()


def remote_session(tmp_path: Path, **more: Any) -> tuple[Session, Recorder, ScriptedModel]:
    model = ScriptedModel(["The answer."], info=REMOTE)
    models = RemoteModels(model)
    session, seen = make_session(tmp_path, Shell(), models=models, **more)
    models.session = session
    return session, seen, model


@pytest.mark.parametrize(("decision", "code"), [("once", 0), ("always", 0), ("no", 3)])
async def test_a_model_elsewhere_is_asked_about(tmp_path: Path, decision: Decision, code: int) -> None:
    session, seen, model = remote_session(tmp_path)
    question = await ask(session, " what is this?")
    assert (question.action, question.rule) == ("network", "network:far.example:443")
    assert "far.example:443" in question.command
    assert model.requests == []
    session.answer(question.call_id, decision)
    await session.idle()
    assert seen.one(TurnFinished).exit == code
    assert bool(model.requests) == (code == 0)


async def test_a_model_elsewhere_is_refused_where_nobody_can_answer(tmp_path: Path) -> None:
    session, seen, model = remote_session(tmp_path, interactive=False)
    session.submit(" what is this?")
    await session.idle()
    end = seen.one(TurnFinished)
    assert (end.exit, model.requests) == (3, [])
    assert "--allow network:far.example:443" in end.error.hint


async def test_outside_of_a_turn_nobody_is_asked(tmp_path: Path) -> None:
    session, seen, _ = remote_session(tmp_path)
    assert not await session._gate.approve_host(REMOTE)
    allowed, _, _ = remote_session(tmp_path, allow=("network:far.example:*",))
    assert await allowed._gate.approve_host(REMOTE)
    assert seen.events == []


def change(*paths: str) -> Request:
    """What asks before files are written."""
    files = tuple(ProposedFile(path=path, before="old\n", after="new\n") for path in paths)
    return Request(
        turn_id="t1", call_id="c1", action="write", subjects=paths, command="edit", reason="", files=files
    )


def gate_for(tmp_path: Path, *, interactive: bool, allow: tuple[str, ...] = ()) -> Gate:
    store = tmp_path / "permissions.json"
    permissions = Permissions(workspace=tmp_path, allow=allow, deny=("write:secret/*",), store=store)
    return Gate(permissions=permissions, interactive=interactive)


async def test_a_change_asks_for_each_file_that_no_rule_allows(tmp_path: Path) -> None:
    gate = gate_for(tmp_path, interactive=True, allow=("write:docs/*",))
    events: list[Event] = []
    chosen = Chosen(rejected={"a.py": (1,)}, edited={"docs/b.md": "other\n"})
    asking = asyncio.create_task(gate.check(change("docs/b.md", "a.py", "[b].py"), events.append))
    await asyncio.sleep(0)
    (question,) = [event for event in events if isinstance(event, ApprovalNeeded)]
    assert question.rule == "write:a.py, write:[[]b].py"
    assert [file.path for file in question.files] == ["docs/b.md", "a.py", "[b].py"]
    assert gate.answer("c1", "always", chosen)
    assert await asking == chosen
    assert await gate.check(change("docs/b.md", "a.py", "[b].py"), events.append) == Chosen()


async def test_one_denied_file_refuses_the_change(tmp_path: Path) -> None:
    gate = gate_for(tmp_path, interactive=True)
    with pytest.raises(PermissionRefused, match=r"denies write 'secret/a'"):
        await gate.check(change("a.py", "secret/a"), lambda _: None)


async def test_what_would_be_refused_in_the_end_is_refused_at_once(tmp_path: Path) -> None:
    gate_for(tmp_path, interactive=True).check_possible("write")
    gate_for(tmp_path, interactive=False, allow=("write:docs/*",)).check_possible("write")
    with pytest.raises(PermissionRefused) as refused:
        gate_for(tmp_path, interactive=False, allow=("run",)).check_possible("write")
    assert "--allow write" in refused.value.hint
    with pytest.raises(PermissionRefused) as refused:
        await gate_for(tmp_path, interactive=False, allow=("write:docs/*",)).check(
            change("docs/a", "b.py"), lambda _: None
        )
    assert refused.value.hint == "Grant it with --allow write:b.py."
    with pytest.raises(PermissionRefused, match=r"'b\.py' needs permission"):
        gate_for(tmp_path, interactive=False, allow=("write:docs/*",)).check_possible(
            "write", ("docs/a", "b.py")
        )
    gate_for(tmp_path, interactive=True).check_possible("write", ("b.py",))
    with pytest.raises(PermissionRefused, match="denies write 'secret/a'"):
        gate_for(tmp_path, interactive=True).check_possible("write", ("b.py", "secret/a"))


async def test_no_rule_answers_for_what_is_in_doubt(tmp_path: Path) -> None:
    doubtful = msgspec.structs.replace(change("docs/a"), doubt="a check fails")
    gate, events = gate_for(tmp_path, interactive=True, allow=("write",)), list[Event]()
    asking = asyncio.create_task(gate.check(doubtful, events.append))
    await asyncio.sleep(0)
    assert gate.answer("c1", "once")
    assert await asking == Chosen()
    with pytest.raises(PermissionRefused, match="a check fails"):
        await gate_for(tmp_path, interactive=False, allow=("write",)).check(doubtful, events.append)
