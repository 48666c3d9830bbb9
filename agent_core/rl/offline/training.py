"""Training, as the program sees it: a process of its own that tells how far it is."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent_core.errors import TrainingFault
from agent_core.files import locked
from agent_core.process import NotStarted, Process, stream_process
from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.network import Network
from agent_core.rl.offline.options import Options
from agent_core.rl.offline.progress import Failed, Finished, Progress, Told
from agent_core.rl.offline.replay import observed
from agent_core.rl.offline.request import POLICY, write_request
from agent_core.text import one_line

if TYPE_CHECKING:
    from agent_core.rl.offline.episodes import Episodes

_MODULE = "agent_core.rl.offline.trainer"
_GRACE_S = 10.0
_LIBRARIES = ("OMP", "OPENBLAS", "MKL")
_SAID = 300
_GO_ON = "`rl train --resume` goes on from the last checkpoint; without one the training itself begins anew."


@dataclass(frozen=True, slots=True)
class Trained:
    """A training that came to its end.

    Args:
        path: The policy's file.
        network: It, read.
        finished: The curve, and which point's weights it has.
    """

    path: Path
    network: Network
    finished: Finished


async def train(
    episodes: Episodes,
    *,
    config: TrainingConfig,
    options: Options,
    folder: Path,
    resume: bool = False,
    on_progress: Callable[[Progress], None],
) -> Trained:
    """Train a policy on recorded changes. Cancelling ends the process and keeps the last checkpoint.

    Args:
        episodes: The changes; a fifth of them is kept back to judge by.
        config: What a reward is, how many environments, and whether PufferLib steps them.
        options: How long and how.
        folder: Of this training alone: its request, its checkpoint, its policy. It need not exist.
        resume: Whether it goes on from the folder's checkpoint, if there is one.
        on_progress: Told after each update.

    Raises:
        UsageError: An option makes no sense.
        TrainingFault: Something is not installed, the episodes or the checkpoint are of no use, or the
            process came to no end.
        BusyError: Somebody else trains in the folder.
        OSError: The folder cannot be written.
    """
    await asyncio.to_thread(check_installed, config)
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    with locked(folder / "training", timeout=0.0):
        await asyncio.to_thread(
            write_request, folder, episodes, config=config, options=options, resume=resume
        )
        finished = await _run(folder, on_progress)
    path = folder / POLICY
    network = await asyncio.to_thread(
        Network.load, path, observed=observed(episodes.actions), actions=episodes.actions
    )
    return Trained(path, network, finished)


async def _run(folder: Path, on_progress: Callable[[Progress], None]) -> Finished:
    # -P keeps the working folder off the module path: nothing of it may be imported
    command = [sys.executable, "-P", "-m", _MODULE, "."]
    environment = {**os.environ, **{f"{name}_NUM_THREADS": "1" for name in _LIBRARIES}}
    try:
        async with stream_process(command, cwd=folder, env=environment, grace=_GRACE_S) as process:
            async with aclosing(_messages(process)) as messages:
                async for told in messages:
                    match told:
                        case Progress():
                            on_progress(told)
                        case Finished():
                            await process.wait()
                            return told
                        case Failed(error=error):
                            raise TrainingFault(error.message, hint=error.hint)
            raise _no_end(await process.wait(), process.errors)
    except NotStarted as error:
        raise TrainingFault(f"The training cannot be started ({error.strerror})") from error


async def _messages(process: Process) -> AsyncGenerator[Told]:
    decoder = msgspec.json.Decoder[Told](Told)
    rest = b""
    async for chunk in process:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            try:
                yield decoder.decode(line)
            except msgspec.MsgspecError as error:
                raise TrainingFault(f"The training told what cannot be read ({error})") from error


def _no_end(status: int, said: str) -> TrainingFault:
    if status == -signal.SIGKILL:
        what = "The training was killed: the system does so where memory is short"
    elif status < 0:
        what = f"The training was ended by {signal.Signals(-status).name}"
    else:
        what = f"The training ended with status {status}: {one_line(said)[-_SAID:]}"
    return TrainingFault(what, hint=_GO_ON, goes_on=True)


def check_installed(config: TrainingConfig) -> None:
    """Raises `TrainingFault` where what trains is not installed."""
    wanted = ("torch", "gymnasium", "psutil", "pufferlib") if config.puffer else ("torch",)
    missing = [name for name in wanted if importlib.util.find_spec(name) is None]
    if "pufferlib" in missing and len(missing) == 1:
        raise TrainingFault(
            "Training steps its environments by PufferLib, which is not installed",
            hint='`dspy-tui rl install` installs it; `"puffer": false` in .dspy_rl.json does without.',
        )
    if missing:
        raise TrainingFault(
            f"Training needs what is not installed: {', '.join(missing)}",
            hint="`dspy-tui rl install` says how to get the extra `rl`, and installs PufferLib.",
        )
