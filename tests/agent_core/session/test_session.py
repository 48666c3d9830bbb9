"""Submitting, queueing, cancelling: event by event, and exactly one end for each turn."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent_core.events import (
    Notice,
    TextDelta,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    TurnFinished,
    TurnQueued,
    TurnStarted,
    TurnUnqueued,
)
from agent_core.llm.scripted import Reply, ScriptedModel
from agent_core.tools.registry import PluginFailure
from tests.fakes.session import Echo, Fail, Half, Put, Wait, make_session


async def test_a_command_from_start_to_end(tmp_path: Path) -> None:
    session, seen = make_session(tmp_path, Echo())
    turn_id = session.submit("echo hello")
    await session.idle()
    assert seen.names() == ["TurnStarted", "ToolStarted", "ToolProgress", "ToolFinished", "TurnFinished"]
    started, tool, progress, done, end = seen.events
    assert isinstance(started, TurnStarted) and (started.turn_id, started.kind) == (turn_id, "command")
    assert isinstance(tool, ToolStarted) and (tool.name, tool.command, tool.action) == (
        "echo",
        "echo hello",
        "read",
    )
    assert isinstance(progress, ToolProgress) and progress.text == "working\n"
    assert isinstance(done, ToolFinished) and (done.text, done.summary, done.error) == ("hello", "said", None)
    assert done.call_id == tool.call_id == progress.call_id
    hit = {"path": "a.py", "start": 1, "end": 2, "score": 0.5, "why": "here", "text": "x"}
    assert done.data == {"n": 1, "hits": [hit], "changed": [], "note": ""}
    assert isinstance(end, TurnFinished) and (end.outcome, end.exit, end.error) == ("answered", 0, None)


async def test_a_tool_that_changes_files_makes_the_outcome_changed(tmp_path: Path) -> None:
    session, seen = make_session(tmp_path, Put(), allow=("write",))
    session.submit("put text")
    await session.idle()
    end = seen.one(TurnFinished)
    assert (end.outcome, end.exit) == ("changed", 0)
    assert (session.workspace.root / "put.txt").read_text() == "text"


async def test_what_a_tool_ran_failed(tmp_path: Path) -> None:
    session, seen = make_session(tmp_path, Half())
    session.submit("half it")
    await session.idle()
    done, end = seen.one(ToolFinished), seen.one(TurnFinished)
    assert (done.text, done.error.message) == ("output", "it ended with 3")
    assert (end.outcome, end.exit, end.error) == ("stopped", 1, done.error)


async def test_an_error_of_a_tool_ends_tool_and_turn_once(tmp_path: Path) -> None:
    session, seen = make_session(tmp_path, Fail())
    session.submit("fail now")
    await session.idle()
    assert seen.names() == ["TurnStarted", "ToolStarted", "ToolFinished", "TurnFinished"]
    end = seen.one(TurnFinished)
    assert (end.outcome, end.exit, end.reason) == ("stopped", 1, "it broke")
    assert (end.error.code, end.error.hint) == ("tool", "mend it")


async def test_a_bug_in_a_tool_is_a_short_message_with_a_traceback_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    session, seen = make_session(tmp_path, Fail(KeyError("gone")), log_path=tmp_path / "own.log")
    session.submit("fail now")
    await session.idle()
    error = seen.one(TurnFinished).error
    assert error == seen.one(ToolFinished).error
    assert (error.code, error.message) == ("tool", "fail broke: KeyError: 'gone'")
    assert str(tmp_path / "own.log") in error.hint
    assert "Traceback" in caplog.text


class Nothing(Echo):
    """Forgot its result."""

    name = "nothing"

    async def run(self, args: Any, context: Any) -> Any:
        return None


async def test_a_tool_without_a_result_is_named(tmp_path: Path) -> None:
    session, seen = make_session(tmp_path, Nothing())
    session.submit("nothing")
    await session.idle()
    error = seen.one(TurnFinished).error
    assert error == seen.one(ToolFinished).error
    assert (error.code, error.message) == ("tool", "nothing broke: it gave back NoneType, not a ToolResult")


async def test_a_plugin_that_cannot_be_used_is_named_when_it_is_called(tmp_path: Path) -> None:
    session, seen = make_session(tmp_path, Echo())
    session.registry.failures.append(PluginFailure("build", "x:Build", "ImportError: no such module"))
    session.submit("build fails, why?")
    await session.idle()
    notice = seen.one(Notice)
    assert notice.message == "The plugin build cannot be used: ImportError: no such module"
    assert seen.one(TurnFinished).exit == 0
    session.submit("/build")
    await session.idle()
    error = seen.events[-1].error
    assert (error.code, error.message) == ("usage", notice.message)


async def test_an_unexpected_error_is_internal(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    session, seen = make_session(
        tmp_path, Echo(), model=RuntimeError("should not happen"), log_path=tmp_path / "own.log"
    )
    session.submit(" what is this?")
    await session.idle()
    assert seen.names() == ["TurnStarted", "TurnFinished"]
    error = seen.one(TurnFinished).error
    assert (error.code, seen.one(TurnFinished).exit) == ("internal", 1)
    assert str(tmp_path / "own.log") in error.hint
    assert "should not happen" in caplog.text


async def test_wrong_words_end_with_a_usage_error(tmp_path: Path) -> None:
    session, seen = make_session(tmp_path, Echo())
    session.submit("/nothing here")
    await session.idle()
    assert seen.names() == ["TurnStarted", "TurnFinished"]
    assert seen.one(TurnStarted).kind == "command"
    assert (seen.one(TurnFinished).exit, seen.one(TurnFinished).error.code) == (2, "usage")


async def test_prompts_wait_in_order(tmp_path: Path) -> None:
    wait = Wait()
    session, seen = make_session(tmp_path, wait, Echo())
    first = session.submit("wait on")
    await wait.running.wait()
    second, third = session.submit("echo b"), session.submit("echo c")
    assert [(event.turn_id, event.position) for event in seen.of(TurnQueued)] == [(second, 1), (third, 2)]
    assert (session.running, session.queued) == (first, ((second, "echo b"), (third, "echo c")))
    wait.go.set()
    await session.idle()
    assert [event.turn_id for event in seen.of(TurnFinished)] == [first, second, third]
    assert [event.turn_id for event in seen.of(TurnStarted)] == [first, second, third]


async def test_a_waiting_prompt_comes_back(tmp_path: Path) -> None:
    wait = Wait()
    session, seen = make_session(tmp_path, wait, Echo())
    first = session.submit("wait on")
    await wait.running.wait()
    second = session.submit("echo b")
    assert session.unqueue(second) == "echo b"
    assert session.unqueue(second) is None
    wait.go.set()
    await session.idle()
    assert seen.one(TurnUnqueued).turn_id == second
    assert [event.turn_id for event in seen.of(TurnFinished)] == [first]


async def test_cancelling_before_the_first_step(tmp_path: Path) -> None:
    session, seen = make_session(tmp_path, Echo())
    session.submit("echo hello")
    assert session.cancel()
    await session.idle()
    assert seen.names() == ["TurnStarted", "TurnFinished"]
    end = seen.one(TurnFinished)
    assert (end.outcome, end.exit, end.error.code) == ("stopped", 130, "interrupted")
    assert not session.cancel()


@pytest.mark.parametrize("stubborn", [False, True])
async def test_cancelling_in_a_tool(tmp_path: Path, stubborn: bool) -> None:
    wait = Wait(stubborn=stubborn)
    session, seen = make_session(tmp_path, wait, Echo())
    session.submit("wait on")
    await wait.running.wait()
    session.submit("echo next")
    assert session.cancel()
    await session.idle()
    first, second = seen.of(TurnFinished)
    assert wait.cleaned
    assert (first.outcome, first.exit) == ("stopped", 130)
    assert (second.outcome, second.exit) == ("answered", 0)
    done = seen.of(ToolFinished)[0]
    assert done.error.code == "interrupted"


async def test_cancelling_while_the_model_answers_keeps_what_came(tmp_path: Path) -> None:
    model = ScriptedModel([Reply.of("It is ", "a ", asyncio.Event())])
    session, seen = make_session(tmp_path, Echo(), model=model)
    with session.bus.subscribe() as events:
        session.submit(" what is this?")
        async for event in events:
            if isinstance(event, TextDelta):
                break
    session.cancel()
    await session.idle()
    end = seen.one(TurnFinished)
    streamed = "".join(event.text for event in seen.of(TextDelta))
    assert (end.outcome, end.exit, end.error.code) == ("stopped", 130, "interrupted")
    assert end.text == streamed and "It is" in streamed
    assert model.closed == 1


async def test_a_waiting_prompt_is_sent_now(tmp_path: Path) -> None:
    wait = Wait()
    session, seen = make_session(tmp_path, wait, Echo())
    first = session.submit("wait on")
    await wait.running.wait()
    second, third = session.submit("echo b"), session.submit("echo c")
    assert session.send_now(third)
    assert not session.send_now("no such turn")
    await session.idle()
    ended = [(event.turn_id, event.exit) for event in seen.of(TurnFinished)]
    assert ended == [(first, 130), (third, 0), (second, 0)]


async def test_closing_cancels_and_takes_back_and_closes_the_model(tmp_path: Path) -> None:
    wait = Wait()
    session, seen = make_session(tmp_path, wait)
    session.submit("wait on")
    await wait.running.wait()
    waiting = session.submit("wait more")
    await session.aclose()
    assert wait.cleaned
    assert seen.one(TurnFinished).exit == 130
    assert seen.one(TurnUnqueued).turn_id == waiting
    assert session.models.closed  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError):
        session.submit("echo")


async def test_old_sessions_that_cannot_be_let_go_of_do_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    session, _ = make_session(tmp_path, Echo())
    await session.conversation.begin("kept")
    session.submit("echo x")
    await session.idle()

    def prune() -> int:
        raise RecursionError

    monkeypatch.setattr(session.conversation.store, "prune", prune)
    await session.aclose()
    assert session.farewell and "old sessions" in caplog.text


async def test_idle_returns_at_once_when_nothing_runs(tmp_path: Path) -> None:
    session, _ = make_session(tmp_path, Echo())
    await session.idle()


async def test_a_typed_command_writes_its_whole_result(tmp_path: Path) -> None:
    written: list[str] = []

    async def write(text: str) -> None:
        written.append(text)

    session, _ = make_session(tmp_path, Echo(), write=write)
    session.submit("echo this")
    await session.idle()
    assert written == ["all of this\n"]


async def test_waiting_in_the_queue_does_not_count(tmp_path: Path) -> None:
    wait = Wait()
    session, seen = make_session(tmp_path, wait, Echo())
    session.submit("wait")
    session.submit("echo hello")
    await wait.running.wait()
    await asyncio.sleep(0.2)
    wait.go.set()
    await session.idle()
    first, second = seen.of(TurnFinished)
    assert second.seconds < first.seconds
