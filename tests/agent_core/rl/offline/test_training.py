"""Training in a process of its own: interrupted in any way, it comes to the same numbers."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psutil
import pytest

from agent_core.errors import AgentError, TrainingFault, UsageError
from agent_core.files import BusyError
from agent_core.rl.offline import training
from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.network import Network
from agent_core.rl.offline.options import Options
from agent_core.rl.offline.pace import Pace
from agent_core.rl.offline.progress import Finished, Point, Progress, Told
from agent_core.rl.offline.replay import observed
from agent_core.rl.offline.request import POLICY, fingerprint_of, read_request, write_request
from tests.conftest import ROOT
from tests.fixtures_rl import ACTIONS, told_changes, trainer

pytestmark = pytest.mark.rl
trainers = trainer("agent_core.rl.offline.trainer", "torch")
CHANGES = told_changes(120, seed=1)
OPTIONS = Options(steps=800, lr=2e-3, seed=3)
PLAIN, PUFFER = TrainingConfig(n_envs=4, puffer=False), TrainingConfig(n_envs=4)
needs_puffer = pytest.mark.skipif(
    importlib.util.find_spec("pufferlib") is None, reason="pufferlib not installed: dspy-tui rl install"
)


def here(
    folder: Path, *, config: TrainingConfig = PLAIN, options: Options = OPTIONS, resume: bool = False
) -> Any:
    """A training in this process."""
    folder.mkdir(exist_ok=True)
    write_request(folder, CHANGES, config=config, options=options, resume=resume)
    return trainers.Training(*read_request(folder), folder=folder)


def run(made: Any, *, ends_after: int = 0) -> list[Told]:
    """What it tells; with `ends_after` it is ended after so many messages."""
    told: list[Told] = []

    def tell(message: Told) -> None:
        told.append(message)
        made.ended = len(told) == ends_after

    made.run(tell)
    return told


def trainings(folder: Path) -> list[psutil.Process]:
    """The processes that train in a folder."""
    children = psutil.Process().children(recursive=True)
    return [
        child for child in children
        if child.status() != psutil.STATUS_ZOMBIE and child.cwd() == str(folder)
        and "agent_core.rl.offline.trainer" in child.cmdline()
    ]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Point, ...], bytes]:
    """The curve and the policy of a training that nobody interrupts."""
    folder = tmp_path_factory.mktemp("whole")
    finished = run(here(folder))[-1]
    assert isinstance(finished, Finished)
    return finished.curve, (folder / POLICY).read_bytes()


def test_it_tells_every_update_and_keeps_the_best_weights(tmp_path: Path) -> None:
    told = run(here(tmp_path))
    progress = [each for each in told if isinstance(each, Progress)]
    finished = told[-1]
    assert isinstance(finished, Finished) and len(progress) == len(told) - 1
    assert [each.point.update for each in progress] == list(range(1, len(progress) + 1))
    assert progress[-1].point.steps == progress[-1].steps == 800 and not finished.stopped_early
    assert all(each.steps_per_s > 0 for each in progress)
    shares = [point.share for point in finished.curve if point.share is not None]
    assert len(shares) == len(finished.curve) and finished.best.share == progress[-1].best
    assert finished.best.share is not None and finished.best.share < min(shares) * 1.002 < shares[0]
    network = Network.load(tmp_path / POLICY, observed=observed(ACTIONS), actions=ACTIONS)
    assert network.header.steps == finished.best.steps and network.header.seed == 3
    assert network.header.fingerprint == finished.fingerprint


@needs_puffer
def test_pufferlib_and_the_plain_loop_come_to_the_same(
    tmp_path: Path, whole: tuple[tuple[Point, ...], bytes]
) -> None:
    finished = run(here(tmp_path, config=PUFFER))[-1]
    assert isinstance(finished, Finished) and finished.curve == whole[0]


def test_ended_anywhere_it_goes_on_to_the_same_numbers(
    tmp_path: Path, whole: tuple[tuple[Point, ...], bytes]
) -> None:
    interrupted, count = False, 0
    while True:
        told = run(here(tmp_path, resume=True), ends_after=1 + count % 4)
        count += 1
        if isinstance(told[-1], Finished):
            break
        interrupted = True
        assert not (tmp_path / POLICY).exists()
    assert interrupted and count > 5
    assert told[-1].curve == whole[0] and (tmp_path / POLICY).read_bytes() == whole[1]
    again = run(here(tmp_path, resume=True))
    assert again == [told[-1]], "what is finished tells its end again"


async def test_killed_by_the_system_it_says_so_and_goes_on_to_the_same_numbers(
    tmp_path: Path, whole: tuple[tuple[Point, ...], bytes]
) -> None:
    told: list[Progress] = []

    def kill(progress: Progress) -> None:
        told.append(progress)
        for child in trainings(tmp_path) if len(told) == 7 else ():
            child.send_signal(signal.SIGKILL)

    with pytest.raises(TrainingFault, match="memory is short") as raised:
        await training.train(CHANGES, config=PLAIN, options=OPTIONS, folder=tmp_path, on_progress=kill)
    assert "--resume" in raised.value.hint and not (tmp_path / POLICY).exists()
    told.clear()
    trained = await training.train(
        CHANGES, config=PLAIN, options=OPTIONS, folder=tmp_path, resume=True, on_progress=told.append
    )
    assert trained.finished.curve == whole[0] and (tmp_path / POLICY).read_bytes() == whole[1]
    assert told[0].point.update > 6, "it did not begin anew"
    assert trained.path == tmp_path / POLICY and trained.network.header.steps == trained.finished.best.steps


def test_it_ends_with_whoever_listens(tmp_path: Path) -> None:
    write_request(tmp_path, CHANGES, config=PLAIN, options=OPTIONS, resume=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "agent_core.rl.offline.trainer", str(tmp_path)],
        stdout=subprocess.PIPE, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait() == 1
    assert not (tmp_path / POLICY).exists() and (tmp_path / "checkpoint").exists()


@needs_puffer
async def test_cancelled_it_leaves_no_process_and_a_checkpoint(tmp_path: Path) -> None:
    began = asyncio.Event()
    long = msgspec.structs.replace(OPTIONS, steps=900_000_000)
    running = asyncio.create_task(
        training.train(
            CHANGES, config=PUFFER, options=long, folder=tmp_path, on_progress=lambda _: began.set()
        )
    )
    await began.wait()
    assert len(trainings(tmp_path)) == 1
    with pytest.raises(BusyError):
        await training.train(
            CHANGES, config=PUFFER, options=long, folder=tmp_path, on_progress=lambda _: None
        )
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not trainings(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {
        "checkpoint", "episodes.npz", "request.json", "training.lock",
    }  # fmt: skip


def test_a_checkpoint_that_is_damaged_or_of_another_training_is_refused(tmp_path: Path) -> None:
    run(here(tmp_path), ends_after=3)
    path = tmp_path / "checkpoint"
    data = path.read_bytes()
    for broken in (b"", data[:-1], data[:100], data[:200] + bytes([data[200] ^ 1]) + data[201:]):
        path.write_bytes(broken)
        with pytest.raises(TrainingFault, match="damaged"):
            run(here(tmp_path, resume=True))
    path.write_bytes(data)
    with pytest.raises(TrainingFault, match="of another training") as raised:
        run(here(tmp_path, options=Options(steps=700), resume=True))
    assert "without --resume" in raised.value.hint
    assert isinstance(run(here(tmp_path))[-1], Finished), "without resuming it begins anew"


def test_it_ends_early_where_nothing_gets_better(tmp_path: Path) -> None:
    blind = told_changes(100, seed=5, noise=1.0)
    write_request(
        tmp_path, blind, config=msgspec.structs.replace(PLAIN, n_envs=16),
        options=Options(steps=20_000, lr=1e-3), resume=False,
    )  # fmt: skip
    finished = run(trainers.Training(*read_request(tmp_path), folder=tmp_path))[-1]
    assert isinstance(finished, Finished) and finished.stopped_early
    assert finished.best.update < finished.curve[-1].update < Pace(20_000, 16).updates


@pytest.mark.parametrize("envs", [1, 64])
def test_few_steps_are_enough_to_end(tmp_path: Path, envs: int) -> None:
    config = TrainingConfig(n_envs=envs, puffer=False)
    told = run(here(tmp_path, config=config, options=Options(steps=1)))
    assert isinstance(told[-1], Finished) and told[-1].curve[-1].steps == envs
    told = run(here(tmp_path, config=config, options=Options(steps=300)))
    assert isinstance(told[-1], Finished) and len(told[-1].curve) > 1


@pytest.mark.parametrize(
    "options",
    [Options(steps=0), Options(lr=0.0), Options(lr=float("nan")), Options(entropy=-1.0), Options(seed=-1)],
)
async def test_options_that_make_no_sense_are_refused(tmp_path: Path, options: Options) -> None:
    with pytest.raises(UsageError, match="--"):
        await training.train(
            CHANGES, config=PLAIN, options=options, folder=tmp_path, on_progress=lambda _: None
        )


async def test_changes_that_are_of_no_use_are_refused(tmp_path: Path) -> None:
    broken = told_changes(20, seed=1)
    broken.seconds[3, 1] = np.nan
    for changes, why in (
        (CHANGES.of(np.arange(0)), "nothing to train on"),
        (broken, "not finite"),
        (dataclasses.replace(CHANGES, features=CHANGES.features[:, :-1]), "another version"),
    ):
        with pytest.raises(TrainingFault, match=why):
            await training.train(
                changes, config=PLAIN, options=OPTIONS, folder=tmp_path, on_progress=lambda _: None
            )


async def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = importlib.util.find_spec
    gone = {"pufferlib"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in gone else there(name))

    async def refused() -> AgentError:
        with pytest.raises(TrainingFault) as raised:
            await training.train(
                CHANGES, config=PUFFER, options=OPTIONS, folder=tmp_path / "none", on_progress=lambda _: None
            )
        return raised.value

    error = await refused()
    assert "PufferLib" in error.message and "rl install" in error.hint and "puffer" in error.hint
    gone |= {"torch"}
    error = await refused()
    assert "torch, pufferlib" in error.message and "rl install" in error.hint
    assert not (tmp_path / "none").exists()


def test_a_fingerprint_is_of_everything_that_counts() -> None:
    base = fingerprint_of(CHANGES, config=PLAIN, options=OPTIONS)
    assert base == fingerprint_of(told_changes(120, seed=1), config=PLAIN, options=OPTIONS)
    others = [
        fingerprint_of(told_changes(120, seed=2), config=PLAIN, options=OPTIONS),
        fingerprint_of(CHANGES.of(np.arange(119)), config=PLAIN, options=OPTIONS),
        fingerprint_of(CHANGES, config=PUFFER, options=OPTIONS),
        fingerprint_of(CHANGES, config=PLAIN, options=msgspec.structs.replace(OPTIONS, entropy=0.1)),
    ]
    assert len({base, *others}) == 5


def test_a_request_that_was_changed_is_refused(tmp_path: Path) -> None:
    write_request(tmp_path, CHANGES, config=PLAIN, options=OPTIONS, resume=False)
    request, changes = read_request(tmp_path)
    assert request.options == OPTIONS and np.array_equal(changes.features, CHANGES.features)
    other = msgspec.structs.replace(request, options=msgspec.structs.replace(OPTIONS, seed=9))
    (tmp_path / "request.json").write_bytes(msgspec.json.encode(other))
    with pytest.raises(TrainingFault, match="damaged"):
        read_request(tmp_path)
    (tmp_path / "episodes.npz").write_bytes(b"PK")
    with pytest.raises(TrainingFault, match="cannot be read"):
        read_request(tmp_path)
