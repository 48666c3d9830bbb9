"""Servers that a workspace names: nothing of them is started unasked, and asked once for what is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.events import ApprovalNeeded, Notice, TurnFinished
from agent_core.llm.scripted import Reply, ScriptedModel
from tests.agent_core.mcp.conftest import LARGE, Desk, MakeDesk, odd


def answers(count: int) -> ScriptedModel:
    return ScriptedModel([Reply.of("Yes.")] * count, info=LARGE)


async def test_a_task_asks_once_for_what_is_written(desk: MakeDesk, tmp_path: Path) -> None:
    log = tmp_path / "log"
    at = desk(workspace={"odd": odd(log=log)}, model=answers(4))
    await at.do("what is it?", "once")
    question = at.seen.of(ApprovalNeeded)[0]
    assert "start the server odd:" in question.command and "mcp_server.py" in question.command
    assert ".mcp.json" in question.reason and not question.rule
    assert log.exists() and (tmp_path / "mcp.json").exists() and not (at.folder / "mcp.json").exists()
    await at.do("and now?")
    later = desk(model=answers(1))
    await later.do("and in another session?")
    assert not later.seen.of(ApprovalNeeded) and len(at.seen.of(ApprovalNeeded)) == 1
    at.write({"odd": odd("child", log=log)})
    await at.do("and when the file is another one?", "no")
    assert len(at.seen.of(ApprovalNeeded)) == 2 and "child" not in log.read_text()
    assert at.session.registry.get("odd__echo") is None, "what ran was ended"
    await at.do("and after a no?")
    assert len(at.seen.of(ApprovalNeeded)) == 2


async def test_a_command_asks_for_its_own_server_only(desk: MakeDesk, tmp_path: Path) -> None:
    log, other = tmp_path / "log", tmp_path / "other"
    at = desk(workspace={"odd": odd(log=log), "other": odd(log=other)})
    end = await at.do("odd__echo x", "once")
    assert end is not None and end.text == "heard x" and not other.exists()


async def test_a_headless_run_is_told_how_to_allow_it(desk: MakeDesk, tmp_path: Path) -> None:
    log = tmp_path / "log"
    at = desk(workspace={"odd": odd(log=log)}, interactive=False, model=answers(1))
    await at.do("what is it?")
    (notice,) = [notice for notice in at.seen.of(Notice) if "odd" in notice.message]
    assert "nobody allowed it yet" in notice.message and "mcp allow odd" in notice.hint and not log.exists()
    await at.do("odd__echo x")
    refusal = at.seen.of(TurnFinished)[-1]
    assert refusal.exit == 3 and not log.exists()
    rule = refusal.error.hint.partition("--allow '")[2].partition("'")[0]
    once = desk(interactive=False, allow=(rule,))
    end = await once.do("odd__echo x")
    assert end is not None and end.text == "heard x"
    once.write({"odd": odd("child", log=log)})
    await once.do("odd__echo x")
    assert once.seen.of(TurnFinished)[-1].exit == 3, "the rule was about what was written then"


async def test_mcp_allow_and_deny(desk: MakeDesk) -> None:
    at = desk(workspace={"odd": odd()}, interactive=False)
    listed = await at.do("mcp")
    assert listed is not None and "`mcp allow odd` allows it" in listed.text
    assert listed.data["servers"][0]["permission"] == "asks"
    await at.do("mcp allow odd")
    end = await at.do("odd__echo x")
    assert end is not None and end.text == "heard x"
    listed = await at.do("mcp list")
    assert listed is not None and listed.data["servers"][0]["state"] == "ready"
    again = await at.do("mcp restart odd")
    assert again is not None and "is ready" in again.text
    await at.do("mcp deny odd")
    assert at.session.registry.get("odd__echo") is None
    await at.do("odd__echo x")
    assert at.seen.of(TurnFinished)[-1].exit == 3
    await at.do("mcp show nobody")
    assert "no server 'nobody'" in at.seen.of(TurnFinished)[-1].error.message


async def test_the_workspace_cannot_take_a_name_of_its_user(desk: MakeDesk, tmp_path: Path) -> None:
    log, theirs = tmp_path / "log", tmp_path / "theirs"
    at = desk(user={"odd": odd(log=log)}, workspace={"odd": odd(log=theirs)})
    end = await at.do("odd__echo x")
    assert end is not None and log.exists() and not theirs.exists()
    assert any("another one is called so" in notice.message for notice in at.seen.of(Notice))


async def test_the_workspaces_settings_are_asked_about_too(desk: MakeDesk, tmp_path: Path) -> None:
    log = tmp_path / "log"
    at = desk(interactive=False)
    from tests.agent_core.mcp.conftest import toml

    (at.folder / ".dspy_tui").mkdir(exist_ok=True)
    (at.folder / ".dspy_tui" / "config.toml").write_text(toml({"odd": odd(log=log)}))
    await at.do("odd__echo x")
    assert at.seen.of(TurnFinished)[-1].exit == 3 and not log.exists()


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("{", "left out"),
        ("[]", "left out"),
        ('{"mcpServers": []}', "no table"),
        ('{"mcpServers": {"ä": {"command": "x"}}}', "small letters"),
        ('{"mcpServers": {"a": {}}}', "a `command` or a `url`"),
        ('{"mcpServers": {"a": {"command": "x", "args": "y"}}}', "Expected"),
        ('{"mcpServers": {"a": {"url": "file:///etc/passwd"}}}', "http or https"),
        ('{"mcpServers": {"a": {"type": "sse", "url": "http://x/"}}}', "sse"),
        ("[" * 100_000, "left out"),
        (" " * (2 << 20), "larger than"),
    ],
)
async def test_a_broken_file_is_named_and_stops_nothing(tmp_path: Path, written: str, why: str) -> None:
    at = Desk(tmp_path, interactive=False)
    (at.folder / ".mcp.json").write_text(written)
    listed = await at.do("mcp")
    assert listed is not None and listed.error is None and why in listed.text, listed


async def test_a_file_that_leads_out_of_the_workspace_is_not_followed(tmp_path: Path) -> None:
    at = Desk(tmp_path, interactive=False)
    (tmp_path / "elsewhere.json").write_text('{"mcpServers": {"a": {"command": "x"}}}')
    (at.folder / ".mcp.json").symlink_to(tmp_path / "elsewhere.json")
    listed = await at.do("mcp")
    assert listed is not None and listed.data["servers"] == [] and listed.data["problems"]
