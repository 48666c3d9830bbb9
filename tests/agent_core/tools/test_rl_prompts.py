"""The part of `rl train` that improves prompts: what it asks, and that it does not hang on the checks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any, NamedTuple

import msgspec
import pytest

from agent_core.config import Settings
from agent_core.errors import AgentError, LearningFault, LogFault, TrainingFault
from agent_core.events import Event
from agent_core.files import BusyError, locked
from agent_core.llm.errors import ModelUnreachable, NoModel
from agent_core.llm.port import ModelInfo
from agent_core.rl.beside import Beside
from agent_core.rl.config import CONFIG_FILE
from agent_core.rl.gepa.api import Budget, Outcome, Progress, Report, Spent
from agent_core.rl.gepa.owed import LOCK, owed_in
from agent_core.rl.offline.config import TrainingConfig, written
from agent_core.rl.offline.ended import all_ended
from agent_core.rl.offline.logs_now import LogsNow
from agent_core.tools.asking import Planned
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.rl import RlArgs, RlTool
from agent_core.tools.rl_report import kept_in, report_in
from agent_core.tools.rl_training import Tutor
from agent_core.workspace import Workspace
from tests.agent_core.rl.gepa.made import Obeys
from tests.agent_core.rl.offline.conftest import CONFIG, SHOP
from tests.agent_core.verify.conftest import Make, workspace
from tests.fakes.session import GivenModels
from tui.rl_options import RL_COMMANDS

__all__ = ["workspace"]
NEAR = ModelInfo(provider="ollama", name="qwen3:1.7b", host="localhost:11434", window=4096)
FAR = ModelInfo(provider="openai", name="gpt\x1b[2J\nbig", host="api.example.org", is_local=False)
CHECKS = (".venv/bin/python -m unittest discover -s tests -t .", ".venv/bin/ruff check --no-cache .")
CALLS = "improve prompts with qwen3:1.7b at localhost:11434 (this machine)"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that trains is there."""

    def found(_: str) -> object:
        return object()

    monkeypatch.setattr("agent_core.rl.offline.training.importlib.util.find_spec", found)


@pytest.fixture
def shop(workspace: Make, installed: None) -> Workspace:
    """A project with checks."""
    made = workspace(SHOP)
    (made.root / CONFIG_FILE).write_text(written(CONFIG))
    return made


class NoLogs:
    """Logs that cannot be read."""

    async def digest(self, _: object) -> object:
        raise LogFault("There are no logs")


def tool(info: ModelInfo | None = NEAR) -> RlTool:
    """`rl` with a model of these particulars."""
    nothing: Any = None
    logs: Any = NoLogs()
    models: Any = GivenModels(None if info is None else Obeys(info=info))
    now = LogsNow(logs=logs, settings=Settings(kafka_bootstrap="127.0.0.1:1"))
    return RlTool(learning=nothing, tutor=Tutor(models=models, registry=nothing, logs=logs, logs_now=now))


async def planned(workspace: Workspace, info: ModelInfo | None = NEAR, **more: Any) -> Planned:
    """What a training asks about."""
    args = RlArgs(what="train", **more)
    found = await tool(info).plan(args, workspace=workspace, settings=Settings(), typed=True)
    assert found is not None and found.action == "run"
    return found


async def test_the_permission_names_the_model_the_place_and_the_most_that_it_takes(shop: Workspace) -> None:
    found = await planned(shop)
    assert found.lines == (*CHECKS, CALLS)
    assert "calls qwen3:1.7b at localhost:11434 (this machine) up to 600 times" in found.reason
    assert "2,000,000 tokens" in found.reason and "--skip-gepa" in found.reason
    assert "bugs planted" in found.reason


async def test_a_host_elsewhere_is_named_and_nothing_gets_through(shop: Workspace) -> None:
    found = await planned(shop, FAR)
    assert found.lines[-1].endswith("at api.example.org (not this machine)")
    assert not {"\x1b", "\n"} & set(found.reason + found.lines[-1])


async def test_a_model_without_a_host_is_here(shop: Workspace) -> None:
    found = await planned(shop, msgspec.structs.replace(NEAR, host=""))
    assert "calls qwen3:1.7b on this machine up to" in found.reason


async def test_without_prompts_no_model_is_named_or_needed(shop: Workspace) -> None:
    found = await planned(shop, None, skip_gepa=True)
    assert found.lines == CHECKS and "calls" not in found.reason
    with pytest.raises(NoModel):
        await planned(shop, None)


@pytest.fixture
def bare(workspace: Make) -> Workspace:
    """A project in which nothing can be checked."""
    return workspace({"README.md": "Nothing yet.", CONFIG_FILE: written(TrainingConfig(puffer=False))})


@pytest.fixture
def without_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        return None

    monkeypatch.setattr("agent_core.rl.offline.training.importlib.util.find_spec", missing)


@pytest.mark.usefixtures("without_pytorch")
async def test_without_pytorch_it_asks_about_the_prompts_alone(workspace: Make) -> None:
    made = workspace(SHOP)
    found = await planned(made)
    assert found.lines == (CALLS,)
    assert "order of checks alone: Training needs" in found.reason and "600 times" in found.reason
    asked: tuple[dict[str, Any], ...] = ({"skip_gepa": True}, {"resume": True})
    for more in asked:
        with pytest.raises(TrainingFault, match="not installed"):
            await planned(made, **more)


@pytest.mark.usefixtures("installed")
async def test_without_checks_it_asks_about_the_prompts_alone(bare: Workspace) -> None:
    found = await planned(bare)
    assert found.lines == (CALLS,) and "Nothing can be run here" in found.reason
    with pytest.raises(LearningFault, match="Nothing can be run"):
        await planned(bare, skip_gepa=True)


SCARCE = Outcome(target="ask.act", verdict="scarce")
KEPT = Outcome(target="ask.conclude", verdict="equal", before=0.5)
NO_SOURCES = LearningFault("There are no Python sources here", hint="write some")
FULL = TrainingFault("What is learnt cannot be kept: no space", hint="Is the disk full?")
FULL.__cause__ = OSError("no space")
KILLED = TrainingFault("The training was killed", hint="`rl train --resume` goes on.", goes_on=True)


class Ran(NamedTuple):
    """What came of a training, and what was shown meanwhile."""

    result: ToolResult
    shown: list[str]


@pytest.fixture
def trained(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Awaitable[Ran]]:
    """Train where an order ends with this fault, and the prompts come to these outcomes, or this fault."""

    async def run(fault: AgentError, prompts: tuple[Outcome, ...] | AgentError, **more: Any) -> Ran:
        async def order(*_: Any, **__: Any) -> Any:
            raise fault

        async def improve(*_: Any, **__: Any) -> Report:
            if isinstance(prompts, AgentError):
                raise prompts
            return Report(model="m", outcomes=prompts, spent=Spent(calls=9))

        monkeypatch.setattr("agent_core.rl.offline.running.run_training", order)
        monkeypatch.setattr("agent_core.rl.gepa.optimising.optimise", improve)
        shown: list[str] = []
        context = ToolContext(workspace=shop, settings=Settings(), progress=shown.append)
        return Ran(await tool().run(RlArgs(what="train", **more), context), shown)

    return run


async def test_prompts_are_improved_where_no_order_can_be_trained(
    trained: Callable[..., Awaitable[Ran]],
) -> None:
    result, shown = await trained(NO_SOURCES, (KEPT, SCARCE))
    assert result.error is None
    assert result.text.startswith(
        "order of checks: left alone: There are no Python sources here\nwrite some\n"
    )
    assert "\n\nprompts\nask.conclude" in result.text and shown[0].startswith("order of checks: left alone")
    assert result.summary == "order of checks left alone; 0 of 1 prompt improved"
    assert result.data["training"] is None and result.data["not_trained"]["code"] == "learning"
    assert result.data["prompts"]["outcomes"][0]["target"] == "ask.conclude"


@pytest.mark.parametrize("prompts", [(), (SCARCE,), ModelUnreachable("nobody answers", hint="start it")])
async def test_where_no_prompt_could_be_tried_either_the_training_has_failed(
    trained: Callable[..., Awaitable[Ran]], prompts: Any
) -> None:
    result, _ = await trained(NO_SOURCES, prompts)
    ended_by = prompts if isinstance(prompts, AgentError) else NO_SOURCES
    assert result.error == ended_by.info, "what ended it, not what it began with"
    assert "left alone: There are no Python sources" in result.text and "\n\nprompts\n" in result.text
    assert not isinstance(prompts, AgentError) or "left alone: nobody answers" in result.text


@pytest.mark.parametrize(
    ("fault", "more"),
    [
        (NO_SOURCES, {"skip_gepa": True}),
        (NO_SOURCES, {"resume": True}),
        (KILLED, {}),
        (FULL, {}),
    ],
)
async def test_what_is_skipped_interrupted_or_cannot_be_kept_fails(
    trained: Callable[..., Awaitable[Ran]], fault: AgentError, more: dict[str, bool]
) -> None:
    with pytest.raises(type(fault)) as caught:
        await trained(fault, (KEPT,), **more)
    assert caught.value is fault


async def test_of_a_training_in_another_session_that_is_said(
    trained: Callable[..., Awaitable[Ran]], shop: Workspace
) -> None:
    with pytest.raises(BusyError, match="A training goes on here in another session") as caught:
        await trained(BusyError("run is in use by another process"), (KEPT,))
    assert "rl stop" in caught.value.hint
    folder = shop.ensure_state_dir("rl")
    with locked(folder / LOCK):
        result, _ = await trained(NO_SOURCES, (KEPT,))
    assert result.error is not None and "in another session" in result.error.message


async def test_who_looks_whether_somebody_trains_is_waited_for(
    trained: Callable[..., Awaitable[Ran]], shop: Workspace
) -> None:
    folder = shop.ensure_state_dir("rl")
    with ExitStack() as held:
        held.enter_context(locked(folder / LOCK, shared=True))
        asyncio.get_running_loop().call_later(0.2, held.close)
        result, _ = await trained(NO_SOURCES, (KEPT,))
    assert result.error is None


async def test_unknown_keys_are_told_before_anything_runs(
    trained: Callable[..., Awaitable[Ran]], shop: Workspace
) -> None:
    (shop.root / CONFIG_FILE).write_text('{"n_envz": 2}')
    _, shown = await trained(NO_SOURCES, (KEPT,))
    assert "n_envz" in shown[0] and "left alone" in shown[1]


async def test_the_report_of_the_last_training_is_kept_and_shown_safely(
    trained: Callable[..., Awaitable[Ran]], shop: Workspace
) -> None:
    assert report_in(shop, now=0.0) == ""
    shop.ensure_state_dir("rl")
    result, _ = await trained(NO_SOURCES, (KEPT, SCARCE), steps=9)
    said = report_in(shop, now=time.time())
    assert said.startswith("the last training, ") and "rl train --steps 9\n" in said
    assert said.endswith(result.text)
    for hostile in (
        b"{",
        b'{"at": 1, "command": "\\u001b[2J", "report": "a\\u001b[2J\\n' + b"x" * 9999 + b'"}',
    ):
        (shop.own.state_dir / "rl" / "report.json").write_bytes(hostile)
        assert "\x1b" not in (said := report_in(shop, now=0.0)) and len(said) < 1000


async def test_what_a_prompt_took_is_kept_although_it_was_not_done_with(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in a prompt, and killed there: the next one does not begin with a whole budget."""
    folder = shop.own.state_dir / "rl"
    context = ToolContext(workspace=shop, settings=Settings())
    kept: list[Spent] = []

    async def order(*_: Any, **__: Any) -> Any:
        raise NO_SOURCES

    async def stopped(*_: Any, on_progress: Any, **__: Any) -> Report:
        for calls in (0, 30, 70):
            on_progress(Progress(phase="measuring", target="ask.conclude", spent=Spent(calls=calls)))
            owed = owed_in(folder)
            assert owed is not None
            kept.append(owed.spent)
        raise asyncio.CancelledError

    monkeypatch.setattr("agent_core.rl.offline.running.run_training", order)
    monkeypatch.setattr("agent_core.rl.gepa.optimising.optimise", stopped)
    with pytest.raises(asyncio.CancelledError):
        await tool().run(RlArgs(what="train"), context)
    assert [each.calls for each in kept] == [0, 0, 0], "not written with each call"
    owed = owed_in(folder)
    assert owed is not None and owed.spent.calls == 70

    monkeypatch.setattr("agent_core.tools.rl_prompts._KEPT_EVERY_S", 0.0)
    kept.clear()
    with pytest.raises(asyncio.CancelledError):
        await tool().run(RlArgs(what="train", resume=True), context)
    assert [each.calls for each in kept] == [70, 70, 70], (
        "what comes before the first call takes nothing back"
    )


@pytest.mark.parametrize("there", [True, False])
def test_that_a_checkpoint_is_kept_is_said_where_there_is_one(shop: Workspace, there: bool) -> None:
    folder = shop.ensure_state_dir("rl") / "training"
    folder.mkdir()
    if there:
        (folder / "checkpoint").write_bytes(b"x")
    assert ("checkpoint" in kept_in(shop)) == there and "--resume" in kept_in(shop)


async def test_one_that_is_stopped_in_the_prompts_goes_on_there(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    context = ToolContext(workspace=shop, settings=Settings(), progress=shown.append)
    asked: list[tuple[tuple[Outcome, ...], Spent]] = []
    trying = asyncio.Event()
    spent = Spent(calls=40, tokens=4000)

    async def order(*_: Any, **__: Any) -> Any:
        raise NO_SOURCES

    async def hang(*_: Any, done: Any, spent: Any, on_outcome: Any, on_progress: Any, **__: Any) -> Report:
        asked.append((done, spent))
        on_progress(Progress(phase="measuring", target="ask.conclude"))
        on_outcome(KEPT, Spent(calls=40, tokens=4000))
        trying.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def end(*_: Any, done: Any, spent: Any, **__: Any) -> Report:
        asked.append((done, spent))
        return Report(model="m", outcomes=done, spent=spent)

    def nothing(*_: object) -> None:
        return None

    async def again(*_: Any, **__: Any) -> Any:
        raise AssertionError("the order is done with")

    monkeypatch.setattr("agent_core.rl.offline.running.run_training", order)
    monkeypatch.setattr("agent_core.rl.gepa.optimising.optimise", hang)
    running = asyncio.create_task(tool().run(RlArgs(what="train", steps=9), context))
    await trying.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert "add --resume to go on with the others" in shown[-1]
    folder = shop.own.state_dir / "rl"
    (ended,) = all_ended(folder)
    assert (ended.go_on, ended.error.message) == ("rl train --steps 9 --resume", "It was stopped")
    assert ended.told.startswith("ask.conclude")

    assert (await planned(shop, resume=True)).lines == (CALLS,), "no check is run again"
    monkeypatch.setattr("agent_core.rl.offline.running.run_training", again)
    monkeypatch.setattr("agent_core.rl.gepa.optimising.optimise", end)
    (folder / "ended.json").unlink()  # as if it had been killed
    other = tool(msgspec.structs.replace(NEAR, name="another"))
    with monkeypatch.context() as patch:
        patch.setattr("agent_core.tools.rl_prompts.keep_owed", nothing)
        patch.setattr("agent_core.tools.rl_prompts.settle", nothing)
        await other.run(RlArgs(what="train", resume=True), context)
    assert asked[-1] == ((), Spent()), "what one model replied says nothing of another"
    result = await tool().run(RlArgs(what="train", resume=True), context)
    assert asked[0] == ((), Spent()) and asked[-1] == ((KEPT,), spent)
    assert result.summary == "order of checks left alone; 0 of 1 prompt improved"
    (killed,) = all_ended(folder)
    assert result.error is None and killed.go_on == "" and "killed" in killed.error.message


async def test_a_model_that_nobody_was_asked_about_is_not_called(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ToolContext(workspace=shop, settings=Settings())
    models: Any = GivenModels(Obeys(info=NEAR))
    nothing: Any = None
    now = LogsNow(logs=nothing, settings=Settings())
    tutor = Tutor(models=models, registry=nothing, logs=nothing, logs_now=now)
    training = RlTool(learning=nothing, tutor=tutor)

    async def switched(*_: Any, **__: Any) -> Any:
        monkeypatch.setattr(models, "_model", Obeys(info=FAR))
        raise NO_SOURCES

    async def improve(*_: Any, **__: Any) -> Report:
        raise AssertionError

    monkeypatch.setattr("agent_core.rl.offline.running.run_training", switched)
    monkeypatch.setattr("agent_core.rl.gepa.optimising.optimise", improve)

    async def unasked(_: object) -> str:
        return ""

    monkeypatch.setattr("agent_core.tools.rl_training._unseen", unasked)
    result = await training.run(RlArgs(what="train"), context)
    assert "not the one that was asked about" in result.text


def test_the_shell_says_what_typing_it_permits() -> None:
    (train,) = (each for each in RL_COMMANDS if each.words == ("rl", "train"))
    assert f"{Budget().calls:,} times" in train.help and f"{Budget().tokens:,} tokens" in train.help


async def test_in_the_app_what_is_wrong_with_the_configuration_is_said_at_once(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop.root / CONFIG_FILE).write_text('{"n_envz": 2}')

    async def order(*_: Any, **__: Any) -> Any:
        raise FULL

    monkeypatch.setattr("agent_core.rl.offline.running.run_training", order)
    events = list[Event]()
    beside = Beside(publish=events.append)
    asked = tool()
    monkeypatch.setattr(asked, "_beside", beside)
    result = await asked.run(
        RlArgs(what="train", skip_gepa=True), ToolContext(workspace=shop, settings=Settings())
    )
    assert "n_envz" in result.text.splitlines()[0] and "goes on beside" in result.text
    await beside.aclose()
