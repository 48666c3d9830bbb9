"""`stack` in a session: it asks with what would change or with what it would run, and does it when it may."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent_core.events import ApprovalNeeded, Event, Notice, ToolFinished, ToolProgress, TurnFinished
from agent_core.runtime import Runtime, open_runtime
from stack.tool import StackTool
from tests.fakes.docker import put_docker


async def said(runtime: Runtime, line: str, answer: str = "") -> list[Event]:
    events: list[Event] = []
    with runtime.bus.subscribe() as subscription:
        runtime.session.submit(line)
        async for event in subscription:
            events.append(event)
            if isinstance(event, ApprovalNeeded):
                runtime.session.answer(event.call_id, answer)  # type: ignore[arg-type]
            if isinstance(event, TurnFinished):
                return events
    raise AssertionError


def finished(events: list[Event]) -> ToolFinished:
    return next(event for event in events if isinstance(event, ToolFinished))


async def test_it_asks_writes_and_shows_what_would_change(tmp_path: Path) -> None:
    runtime = open_runtime(tmp_path, interactive=True, tools=(StackTool(),))
    folder = tmp_path / "docker" / "lightweight"
    line = "stack init --install-source pip --pip-spec dspy-code==1.0 --db none"
    try:
        assert finished(await said(runtime, line, "no")).error is not None and not folder.exists()
        events = await said(runtime, line, "yes")
        question = next(event for event in events if isinstance(event, ApprovalNeeded))
        assert question.action == "write" and "new  docker-compose.yml" in question.command
        result = finished(events)
        assert result.error is None and (folder / "docker-compose.yml").is_file()
        assert "docker/lightweight/docker-compose.yml" in result.data["changed"]
        assert result.data["database"].startswith("none") and "none:" in result.text
        assert not any(isinstance(event, ApprovalNeeded) for event in await said(runtime, line))
        events = await said(runtime, line.replace("1.0", "2.0"), "yes")
        question = next(event for event in events if isinstance(event, ApprovalNeeded))
        assert "-        PIP_SPEC: dspy-code==1.0\n+        PIP_SPEC: dspy-code==2.0" in question.command
    finally:
        await runtime.aclose()


async def test_where_nobody_can_be_asked_a_rule_decides(tmp_path: Path) -> None:
    line = "stack init --install-source pip"
    for allow, code in (((), "permission"), (("write:docker/*",), "")):
        runtime = open_runtime(tmp_path, interactive=False, allow=allow, tools=(StackTool(),))
        try:
            error = finished(await said(runtime, line)).error
            assert (error.code if error else "") == code
            assert (tmp_path / "docker").exists() == (not code)
        finally:
            await runtime.aclose()


async def test_what_makes_no_sense_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    runtime = open_runtime(tmp_path, interactive=True, tools=(StackTool(),))
    try:
        events = await said(runtime, "stack init --out-dir ../elsewhere")
        error = finished(events).error
        assert error is not None and error.code == "path-outside"
        assert not any(isinstance(event, ApprovalNeeded) for event in events)
    finally:
        await runtime.aclose()


def with_files(root: Path) -> Path:
    at = root / "docker" / "lightweight"
    at.mkdir(parents=True)
    (at / "docker-compose.yml").write_text("services: {kafka: {image: x}}\n")
    return root


async def test_what_changes_the_services_asks_as_what_runs_programs_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_docker(with_files(tmp_path), monkeypatch)
    runtime = open_runtime(tmp_path, interactive=True, tools=(StackTool(),))
    try:
        events = await said(runtime, "stack up kafka --build", "no")
        question = next(event for event in events if isinstance(event, ApprovalNeeded))
        assert (question.action, question.command) == (
            "run",
            "docker compose up --detach --wait --build kafka",
        )
        refused = finished(events).error
        assert refused is not None and refused.code == "permission"
        events = await said(runtime, "stack up kafka", "yes")
        result = finished(events)
        assert result.error is None and result.summary == "0 of 2 services up"
        assert result.data["command"] == "docker compose up --detach --wait kafka"
        shown = [event.text for event in events if isinstance(event, ToolProgress)]
        assert shown[0] == "$ docker compose up --detach --wait kafka\n"
        events = await said(runtime, "stack down --volumes", "no")
        question = next(event for event in events if isinstance(event, ApprovalNeeded))
        assert "You lose the volumes with all their data" in question.reason
        events = await said(runtime, "stack clean", "no")
        question = next(event for event in events if isinstance(event, ApprovalNeeded))
        assert question.command.count("prune --force") == 3 and "volumes stay" in question.reason
        assert "stopped containers of this stack with their logs" in question.reason
        assert "build cache that nothing uses, of all projects" in question.reason
        for free in ("stack ps", "stack doctor"):
            assert not any(isinstance(event, ApprovalNeeded) for event in await said(runtime, free))
    finally:
        await runtime.aclose()


async def test_rules_look_at_the_command_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_docker(with_files(tmp_path), monkeypatch)
    for rule, line, code in (
        ("run:docker compose up *", "stack up", ""),
        ("run:docker compose up *", "stack down", "permission"),
        ("write", "stack up", "permission"),
    ):
        runtime = open_runtime(tmp_path, interactive=False, allow=(rule,), tools=(StackTool(),))
        try:
            error = finished(await said(runtime, line)).error
            assert (error.code if error else "") == code, line
        finally:
            await runtime.aclose()


async def test_what_was_broken_off_is_still_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_docker(with_files(tmp_path), monkeypatch, up="echo begun >&2; exec sleep 60")
    runtime = open_runtime(tmp_path, interactive=False, allow=("run",), tools=(StackTool(),))
    events: list[Event] = []
    try:
        with runtime.bus.subscribe() as subscription:
            runtime.session.submit("stack up")
            async with asyncio.timeout(60):
                async for event in subscription:
                    events.append(event)
                    if isinstance(event, ToolProgress) and "begun" in event.text:
                        runtime.session.cancel()
                    if isinstance(event, TurnFinished):
                        break
        notice = next(event for event in events if isinstance(event, Notice))
        assert "was broken off" in notice.message and "`stack down`" in notice.hint
    finally:
        await runtime.aclose()


async def test_what_is_followed_is_told_as_it_comes_until_it_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = "echo 'app-1  | 2026-11-28T16:26:34.626Z one'; echo 'app-1  | two'; exec sleep 60"
    put_docker(with_files(tmp_path), monkeypatch, logs=logs)
    runtime = open_runtime(tmp_path, interactive=True, tools=(StackTool(),))
    told = ""
    try:
        with runtime.bus.subscribe() as subscription:
            runtime.session.submit("stack logs app --follow")
            async with asyncio.timeout(60):
                async for event in subscription:
                    if isinstance(event, ToolProgress):
                        told += event.text
                        if "two" in told:
                            runtime.session.cancel()
                    if isinstance(event, TurnFinished):
                        assert event.outcome == "stopped"
                        break
        assert "one\n" in told
    finally:
        await runtime.aclose()


@pytest.mark.parametrize(
    "line",
    [
        "stack ps --follow",
        "stack init --follow",
        "stack up --wheelhouse x",
        "stack ps kafka",
        "stack scale kafka",
        "stack init x",
    ],
)
async def test_words_that_do_not_belong_together(tmp_path: Path, line: str) -> None:
    runtime = open_runtime(tmp_path, interactive=True, tools=(StackTool(),))
    try:
        error = finished(await said(runtime, line)).error
        assert error is not None and error.code == "usage"
    finally:
        await runtime.aclose()
