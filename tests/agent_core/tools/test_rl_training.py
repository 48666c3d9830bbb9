"""`rl train` and its neighbours as commands: from the shell's words to what lies in the workspace."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent_core.config import Settings
from agent_core.errors import LearningFault, TrainingFault
from agent_core.events import Event, Notice, ToolFinished, TrainingChanged, TurnFinished
from agent_core.llm.errors import ModelUnreachable
from agent_core.rl.config import CONFIG_FILE
from agent_core.rl.offline.begun import Begun, note, noted
from agent_core.rl.offline.config import written
from agent_core.rl.offline.ended import all_ended
from agent_core.rl.offline.options import Options
from agent_core.rl.offline.outcomes import OUTCOMES_FILE
from agent_core.rl.offline.progress import Progress
from agent_core.rl.offline.recording import Standing
from agent_core.rl.offline.registry import Registry
from agent_core.rl.offline.request import POLICY
from agent_core.rl.offline.running import Told, Trainee, TrainQuery, registry_of, run_training
from agent_core.runtime import open_runtime
from agent_core.tools.base import ToolContext
from agent_core.tools.rl import RlArgs, RlTool
from agent_core.workspace import Workspace
from tests.agent_core.rl.gepa.made import Obeys
from tests.agent_core.rl.offline.conftest import CONFIG, SHOP
from tests.agent_core.rl.offline.test_registry import about, network
from tests.agent_core.verify.conftest import Make, workspace
from tests.fixtures_rl import trainer
from tui.cli import main

__all__ = ["workspace"]
NO_MODEL = ("--set", "provider=none")


async def asked(
    space: Workspace, query: TrainQuery, tell: Callable[[Told], None] = lambda _: None
) -> Trainee:
    """A training without the command around it."""
    return await run_training(space, Settings(), query, sandbox=None, tell=tell)


@pytest.fixture
def shop(workspace: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Workspace:
    """A project with checks, and their configuration, as the folder that we are in."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = workspace(SHOP)
    (made.root / CONFIG_FILE).write_text(written(msgspec.structs.replace(CONFIG, n_envs=4)))
    monkeypatch.chdir(made.root)
    return made


def typed(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """The program with these words: its exit code, output and diagnostics."""
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(main(list(words)))
    said = capfd.readouterr()
    return int(str(ended.value.code)), said.out, said.err


def test_a_configuration_is_written_once(shop: Workspace, capfd: pytest.CaptureFixture[str]) -> None:
    code, _, err = typed(capfd, "rl", "config", "init")
    assert code == 1 and "is there already" in err and "--force" in err
    code, out, _ = typed(capfd, "rl", "config", "init", "--out", "other.json")
    assert code == 0 and "every key" in out
    assert json.loads((shop.root / "other.json").read_text())["timeout_sec"] == 180.0
    assert typed(capfd, "rl", "config", "init", "--force")[0] == 0
    assert json.loads((shop.root / CONFIG_FILE).read_text())["n_envs"] == 1
    code, _, err = typed(capfd, "rl", "config", "init", "--out", "../other.json")
    assert code == 3 and "outside" in err


def test_policies_are_used_and_left_from_the_shell(
    shop: Workspace, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    registry = Registry(shop.ensure_state_dir("rl") / "policies")
    network(0).save(tmp_path / "new.npz")
    registry.add(tmp_path / "new.npz", about())
    registry.add(tmp_path / "new.npz", about("no better"))
    assert typed(capfd, "rl", "promote", "1")[:2][0] == 0
    code, out, _ = typed(capfd, "rl", "status", "--format", "json")
    trained = json.loads(out)["results"][0]["data"]["trained"]
    assert (
        code == 0 and trained["in_use"] == 1 and [each["version"] for each in trained["policies"]] == [2, 1]
    )
    code, _, err = typed(capfd, "rl", "promote", "2")
    assert code == 1 and "no better than the best fixed order" in err
    assert typed(capfd, "rl", "promote", "7")[0] == 2
    assert typed(capfd, "rl", "rollback")[0] == 0
    code, _, err = typed(capfd, "rl", "rollback")
    assert code == 1 and "No trained policy is in use" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--steps", "0"), "--steps is 0"),
        (("--n-envs", "65"), "not from 1 to 64"),
        (("--changes", "2"), "--changes is 2"),
        (("--lr", "nan"), "--lr is nan"),
        (("--steps", "many"), "not a number"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    shop: Workspace, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    code, _, err = typed(capfd, "rl", "train", "--skip-gepa", *words)
    assert code == 2 and said in err


def test_without_a_model_nothing_is_begun(shop: Workspace, capfd: pytest.CaptureFixture[str]) -> None:
    code, _, err = typed(capfd, "rl", "train", *NO_MODEL)
    assert code == 4 and "--skip-gepa" in err
    assert not list(shop.root.rglob(OUTCOMES_FILE))


def test_without_what_trains_nothing_is_recorded(
    shop: Workspace, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: str) -> None:
        return None

    monkeypatch.setattr("agent_core.rl.offline.training.importlib.util.find_spec", missing)
    code, _, err = typed(capfd, "rl", "train", "--skip-gepa")
    assert code == 1 and "not installed" in err and "rl install" in err
    assert not list(shop.root.rglob(OUTCOMES_FILE))


@pytest.mark.rl
def test_it_trains_to_a_report_and_a_flag_beats_the_file(
    shop: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    trainer("agent_core.rl.offline.trainer", "torch", "pufferlib")
    given = ("rl", "train", "--skip-gepa", "--steps", "40", "--changes", "12")
    code, out, err = typed(capfd, *given)
    assert code == 0 and "12 planted bugs, 24 runs of checks were new" in out, err
    assert "not enough evidence" in out and "recording" in err
    code, out, _ = typed(capfd, *given, "--n-envs", "2", "--format", "json")
    training = json.loads(out)["results"][0]["data"]["training"]
    assert code == 0 and training["ran"] == 0 and not training["in_use"]
    newest, oldest = registry_of(shop).all()
    assert (oldest.config.n_envs, newest.config.n_envs) == (4, 2), "the file's, and the flag's"
    assert newest.options.steps == 40 and registry_of(shop).in_use is None


@pytest.mark.rl
def test_what_cannot_be_gone_on_with_is_said_before_anything_runs(
    shop: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    trainer("agent_core.rl.offline.trainer", "torch", "pufferlib")
    given = ("rl", "train", "--skip-gepa", "--steps", "40")
    code, _, err = typed(capfd, *given, "--resume")
    assert code == 1 and "no training that was interrupted" in err and "trying" not in err
    (shop.root / "shop" / "cart.py").rename(shop.root / "cart.txt")
    code, _, err = typed(capfd, *given, "--changes", "9")
    assert code == 1 and "no Python sources" in err
    code, _, err = typed(capfd, *given, "--resume")
    assert code == 1 and "no training that was interrupted" in err, "it would come to the same"
    folder, config = shop.own.state_dir / "rl", msgspec.structs.replace(CONFIG, n_envs=3)
    command = "rl train --skip-gepa --steps 40 --changes 9"
    note(
        folder,
        Begun(options=Options(steps=40), config=config, changes=9, logs={}, project="p", command=command),
    )
    code, _, err = typed(capfd, "rl", "train", "--skip-gepa", "--steps", "41", "--resume")
    assert code == 1 and f"{command} (--steps 40 --n-envs 3 --changes 9)" in err and "trying" not in err
    assert noted(folder) is not None
    code, _, err = typed(capfd, "rl", "train", "--skip-gepa", "--resume")
    assert code == 1 and "no Python sources" in err, "it takes the options that it was begun with"
    killed = next(each for each in all_ended(folder) if "killed" in each.error.message)
    assert killed.command == command and noted(folder) is None


@pytest.mark.rl
def test_of_one_check_there_is_no_order_to_learn(shop: Workspace, capfd: pytest.CaptureFixture[str]) -> None:
    trainer("agent_core.rl.offline.trainer", "torch", "pufferlib")
    broken = msgspec.structs.replace(CONFIG, test_cmd="no-such-program")
    (shop.root / CONFIG_FILE).write_text(written(broken))
    code, _, err = typed(capfd, "rl", "train", "--skip-gepa", "--changes", "12")
    assert code == 1 and "Only lint works here" in err and "no-such-program" in err
    assert not list(shop.root.rglob(OUTCOMES_FILE))


@pytest.mark.rl
async def test_what_was_trained_is_told_although_the_prompts_failed(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer("agent_core.rl.offline.trainer", "torch", "pufferlib")

    async def away(*_: Any, **__: Any) -> None:
        raise ModelUnreachable("nobody answers", hint="start it")

    async def model(_: Any) -> Any:
        return Obeys()

    monkeypatch.setattr("agent_core.rl.gepa.optimising.optimise", away)
    monkeypatch.setattr("agent_core.rl.gepa.optimising.model_for", model)
    runtime = open_runtime(shop.root, interactive=False)
    try:
        tool = runtime.registry.get("rl")
        assert isinstance(tool, RlTool)
        context = ToolContext(workspace=runtime.workspace, settings=runtime.config.settings)
        result = await tool.run(RlArgs(what="train", steps=40, changes=6), context)
    finally:
        await runtime.aclose()
    assert result.error is not None and result.error.message == "nobody answers"
    assert "planted bug" in result.text and "left alone: nobody answers" in result.text
    assert len(registry_of(shop).all()) == 1


@pytest.mark.rl
async def test_one_that_is_stopped_says_what_is_kept(shop: Workspace) -> None:
    trainer("agent_core.rl.offline.trainer", "torch", "pufferlib")
    told: list[str] = []
    recording = asyncio.Event()

    def tell(line: str) -> None:
        told.append(line)
        if line.startswith("recording"):
            recording.set()

    runtime = open_runtime(shop.root, interactive=False)
    try:
        tool = runtime.registry.get("rl")
        assert isinstance(tool, RlTool)
        context = ToolContext(workspace=runtime.workspace, settings=runtime.config.settings, progress=tell)
        args = RlArgs(what="train", steps=40, changes=6, skip_gepa=True)
        running = asyncio.create_task(tool.run(args, context))
        await recording.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert "is kept" in told[-1] and "--resume" in told[-1]
        result = await tool.run(msgspec.structs.replace(args, resume=True), context)
    finally:
        await runtime.aclose()
    assert result.error is None and len(registry_of(shop).all()) == 1


@pytest.mark.rl
async def test_where_somebody_looks_it_goes_on_beside_the_conversation(shop: Workspace) -> None:
    trainer("agent_core.rl.offline.trainer", "torch", "pufferlib")
    given = "/rl train --skip-gepa --steps 40 --changes 6"
    runtime = open_runtime(shop.root, interactive=True, allow=("run",), flags={"provider": "none"})
    events: list[Event] = []

    async def follow() -> None:
        with runtime.bus.subscribe() as told:
            async for event in told:
                events.append(event)

    async def typed(text: str) -> TurnFinished:
        turn = runtime.session.submit(text)
        await runtime.session.idle()
        while not (
            found := [each for each in events if isinstance(each, TurnFinished) and each.turn_id == turn]
        ):
            await asyncio.sleep(0.01)
        return found[0]

    async def ended() -> Notice:
        while runtime.training.goes_on:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.05)
        return [each for each in events if isinstance(each, Notice)][-1]

    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    try:
        assert (await typed(given)).error is None and runtime.training.goes_on
        assert (await typed("/ls")).outcome == "answered" and runtime.training.goes_on
        refused = (await typed(given)).error
        assert refused is not None and "A training goes on already: rl train --steps 40" in refused.message
        while not any(isinstance(each, TrainingChanged) and "recording" in each.told for each in events):
            await asyncio.sleep(0.05)
        assert (await typed("/rl stop")).error is None
        assert (await ended()).message == "Training: The training was stopped"
        (stopped,) = all_ended(shop.own.state_dir / "rl")
        assert stopped.go_on == "rl train --steps 40 --changes 6 --skip-gepa --resume"
        status = await typed("/rl status")
        assert status.error is None
        assert any(isinstance(each, ToolFinished) and stopped.go_on in each.text for each in events)
        assert (await typed(f"/{stopped.go_on}")).error is None
        assert (await ended()).message.startswith("The training is done: policy 1")
        assert (await typed("/rl stop")).error is not None
    finally:
        await runtime.aclose()
        await asyncio.gather(following, return_exceptions=True)
    marks = [each.point for each in events if isinstance(each, TrainingChanged) and each.point]
    assert marks and runtime.training.farewell == ()


@pytest.mark.rl
async def test_an_earlier_training_does_not_stand_in_the_way_of_a_later_one(shop: Workspace) -> None:
    trainer("agent_core.rl.offline.trainer", "torch", "pufferlib")
    query = TrainQuery(options=Options(steps=40), changes=6)
    left = shop.own.state_dir / "rl" / "training"
    await asked(shop, query)
    assert not list(left.glob("*checkpoint*")) and not (left / POLICY).exists()
    (left / "checkpoint").write_bytes(b"of an earlier version")

    def stop(told: Told) -> None:
        if isinstance(told, Standing) and told.left is not None:
            raise asyncio.CancelledError

    more = msgspec.structs.replace(query, changes=7)
    with pytest.raises(asyncio.CancelledError):
        await asked(shop, more, stop)
    trainee = await asked(shop, msgspec.structs.replace(more, resume=True))
    assert trainee.about.changes == 7


@pytest.mark.rl
async def test_one_that_goes_on_in_another_state_of_the_workspace_says_so_first(shop: Workspace) -> None:
    trainer("agent_core.rl.offline.trainer", "torch", "pufferlib")
    query = TrainQuery(options=Options(steps=4000), changes=6)

    def stop(told: Told) -> None:
        if isinstance(told, Progress):
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await asked(shop, query, stop)
    assert (shop.own.state_dir / "rl" / "training" / "checkpoint").exists()
    (shop.root / "app.log").write_text("a line more is no other workspace\n")
    told: list[Told] = []
    more = msgspec.structs.replace(query, resume=True)

    def hear(each: Told) -> None:
        told.append(each)
        stop(each)

    with pytest.raises(asyncio.CancelledError):
        await asked(shop, more, hear)
    assert not any("the workspace changed" in str(each) for each in told)

    told.clear()
    with (shop.root / "shop" / "cart.py").open("a") as file:
        file.write("\n\ndef free():\n    return 0\n")
    trainee = await asked(shop, more, told.append)
    assert "the workspace changed" in str(told[0])
    assert trainee.ran == 12 and len(registry_of(shop).all()) == 1


@pytest.mark.rl
@pytest.mark.parametrize(("changes", "few"), [(80, True), (119, True), (120, False)])
async def test_that_bugs_may_be_too_few_is_said_at_once(shop: Workspace, changes: int, few: bool) -> None:
    trainer("agent_core.rl.offline.trainer", "torch", "pufferlib")
    told: list[str] = []

    def stop(each: Told) -> None:
        if not isinstance(each, str):
            raise asyncio.CancelledError
        told.append(each)

    with pytest.raises(asyncio.CancelledError):
        await asked(shop, TrainQuery(changes=changes), stop)
    said = f"{changes} bugs may be too few for a policy to be used: --changes 120 is usually enough"
    assert told == ([said] if few else [])


@pytest.mark.rl
async def test_a_module_that_cannot_be_used_is_noticed_before_anything_is_recorded(shop: Workspace) -> None:
    trainer("agent_core.rl.offline.trainer", "torch", "pufferlib")
    config = msgspec.structs.replace(CONFIG, verifiers_module="judges")
    (shop.root / CONFIG_FILE).write_text(written(config))
    (shop.root / "judges.py").write_text("import nowhere\n")
    told: list[Told] = []
    with pytest.raises(LearningFault, match="No module named 'nowhere'"):
        await asked(shop, TrainQuery(options=Options(steps=40), changes=6), told.append)
    assert told[-1] == "asking judges" and not any(isinstance(each, Standing) for each in told)
    assert not list(shop.root.rglob(OUTCOMES_FILE))
    (shop.root / "judges.py").write_text("def get_verifiers():\n    return []\n")
    told.clear()
    await asked(shop, TrainQuery(options=Options(steps=40), changes=6), told.append)
    assert told.count("asking judges") == 2


@pytest.mark.rl
async def test_a_folder_that_goes_away_is_no_crash(shop: Workspace) -> None:
    trainer("agent_core.rl.offline.trainer", "torch", "pufferlib")
    runtime = open_runtime(shop.root, interactive=False)

    def tell(line: str) -> None:
        if line.startswith("recording"):
            shutil.rmtree(shop.own.state_dir / "rl", ignore_errors=True)

    try:
        tool = runtime.registry.get("rl")
        assert isinstance(tool, RlTool)
        context = ToolContext(workspace=runtime.workspace, settings=runtime.config.settings, progress=tell)
        with pytest.raises(TrainingFault) as caught:
            await tool.run(RlArgs(what="train", steps=40, changes=6, skip_gepa=True), context)
    finally:
        await runtime.aclose()
    assert "cannot be kept" in caught.value.message and "removed meanwhile" in caught.value.hint
