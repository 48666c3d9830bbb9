"""`rl train` from end to end: record changes, train, compare, keep the policy, use it where it is better."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent_core.config import Settings
from agent_core.errors import LearningFault, TrainingFault, UsageError
from agent_core.rl.alone import alone
from agent_core.rl.config import load_rl_config
from agent_core.rl.gepa.owed import settle
from agent_core.rl.offline.begun import TRAINING, Begun, forget, note, noted, renew
from agent_core.rl.offline.comparing import LEAST, compare
from agent_core.rl.offline.config import MOST_ENVS, TrainingConfig, load_training_config
from agent_core.rl.offline.ended import keep_killed
from agent_core.rl.offline.gathering import episodes_of, held_out, logs_seen
from agent_core.rl.offline.module import Measures, measures_of
from agent_core.rl.offline.options import Options, check_options
from agent_core.rl.offline.outcomes import fingerprint_of
from agent_core.rl.offline.progress import Progress
from agent_core.rl.offline.recording import LogsSaid, Recorder, Recording, Standing
from agent_core.rl.offline.registry import About, Registry
from agent_core.rl.offline.replay import rates_of
from agent_core.rl.offline.training import check_installed, train
from agent_core.rl.store.rights import owners_folder
from agent_core.text import one_line, shorten
from agent_core.verify.sandbox import Sandbox
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.rl.offline.episodes import Episodes

FOLDER = "rl"
_LOCK = "run"
_ANEW = "`rl train` without --resume begins anew; what was recorded is not run again."
_CHANGED = "the workspace changed since it was interrupted: its checks run anew"
_LONGEST = 200
_NO_PROMPTS = "--skip-gepa"
_AN_ORDER = 2
"""With fewer checks there is nothing to order."""
_FEWEST, _MOST = 120, 240
_LEAST_CHANGES, _MOST_CHANGES = 6, 10_000
_PER_CHANGE = 4
"""Steps of a training for each change that is recorded, as far as there are that many."""
_ENOUGH = 2 * 3 * LEAST
"""So many changes leave enough to compare by: a third of them, where something tells of every other one."""


class TrainQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How to train, as it was asked for. None is what the configuration says, or how many changes fit the
    steps; `changes` are recorded, a third of them to compare by. With `resume` an interrupted training goes
    on from its checkpoint, with the options that it was begun with. `command` is what was typed."""

    options: Options = Options()
    n_envs: int | None = None
    changes: int | None = None
    resume: bool = False
    command: str = "rl train"


class Trainee(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: the policy as it is kept, whether it is in use now, what was noticed on the way."""

    about: About
    in_use: bool
    without: tuple[str, ...] = ()
    ran: int = 0
    stopped_early: bool = False
    warnings: tuple[str, ...] = ()


Told = Standing | Progress | str
"""How far it is: in recording, in training, or what begins now."""


async def run_training(
    workspace: Workspace,
    settings: Settings,
    query: TrainQuery,
    *,
    sandbox: Sandbox | None,
    logs: LogsSaid | None = None,
    tell: Callable[[Told], None] = lambda _: None,
) -> Trainee:
    """Train a policy for a workspace. Cancelling leaves nothing running; what was recorded and the last
    checkpoint are kept, and the next one goes on from there.

    Args:
        workspace: Whose changes.
        settings: What is run where the training names nothing.
        query: How to train.
        sandbox: Where checks run; None runs them as the user's own.
        logs: Tells what the logs say now, by feature.
        tell: Is told how far it is.

    Raises:
        ConfigError, UsageError: The configuration or an option makes no sense.
        LearningFault: There is nothing to learn from.
        TrainingFault: What trains is not installed, did not come to its end, or nothing can be kept.
        ToolError: The workspace cannot be copied.
        BusyError: Somebody else trains here.
    """
    try:
        return await _run(workspace, settings, query, sandbox=sandbox, logs=logs, tell=tell)
    except OSError as error:
        raise TrainingFault(
            f"What is learnt cannot be kept: {error.strerror or one_line(str(error))}",
            hint=f"Is the disk full, or was .dspy_tui/{FOLDER} removed meanwhile? `rl train` begins anew.",
        ) from error


async def _run(
    workspace: Workspace,
    settings: Settings,
    query: TrainQuery,
    *,
    sandbox: Sandbox | None,
    logs: LogsSaid | None,
    tell: Callable[[Told], None],
) -> Trainee:
    began = time.time()
    check_query(query)
    config, warnings = await asyncio.to_thread(load_training_config, workspace.root)
    if query.n_envs is not None:
        config = msgspec.structs.replace(config, n_envs=query.n_envs)
    await asyncio.to_thread(check_installed, config)  # before anything is run for a long time
    folder = await asyncio.to_thread(owners_folder, workspace, FOLDER)
    async with alone(folder / _LOCK), AsyncExitStack() as stack:
        project = await asyncio.to_thread(fingerprint_of, workspace)
        said = (await logs() if logs is not None else None) or {}
        begun = await asyncio.to_thread(_begin, folder, query, config, said, project)
        await stack.enter_async_context(_forgotten_where_useless(folder))
        config = begun.config
        if begun.project != project:
            tell(_CHANGED)
            begun = await asyncio.to_thread(note, folder, msgspec.structs.replace(begun, project=project))
        if begun.changes < _ENOUGH:
            few = f"{begun.changes} bugs may be too few for a policy to be used"
            tell(f"{few}: --changes {_ENOUGH} is usually enough")
        await _measures(None, workspace, config, sandbox, tell)  # it fails now, not after hours of recording
        recorder = Recorder(
            workspace=workspace,
            settings=settings,
            config=config,
            folder=folder,
            sandbox=sandbox,
            progress=tell,
            logs=logs,
            as_edits=True,
        )
        recording = await recorder.record(
            begun.changes, seed=begun.options.seed, least=_AN_ORDER, project=project
        )
        measures = await _measures(recording, workspace, config, sandbox, tell)
        name = workspace.root.name or "workspace"
        known, held = await asyncio.to_thread(_split, name, recording, begun.logs, measures)
        tell("training")
        started = time.monotonic()
        trained = await train(
            known,
            config=config,
            options=begun.options,
            folder=folder / TRAINING,
            resume=query.resume,
            on_progress=tell,
        )
        seconds = time.monotonic() - started
        tell("comparing")
        simple, _ = await asyncio.to_thread(load_rl_config, workspace.root)
        comparison = await asyncio.to_thread(
            compare, trained.network, held, config=simple, past=known, seed=begun.options.seed
        )
        about = About(
            version=0,  # the registry numbers it
            at=began,
            actions=recording.actions,
            config=config,
            options=begun.options,
            data=trained.finished.fingerprint,
            project=recording.project,
            changes=len(recording.bugs),
            seconds=seconds,
            curve=trained.finished.curve,
            comparison=comparison,
            usual=tuple(map(float, known.usual[0])),
            rates=tuple(map(float, rates_of(known)[0])),
            logs=begun.logs,
            logs_seen=logs_seen(known),
        )
        registry = Registry(folder / "policies")
        about = await asyncio.to_thread(registry.add, trained.path, about)
        better = comparison.verdict == "better"
        if better:
            await asyncio.to_thread(registry.promote, about.version)
        await asyncio.to_thread(forget, folder)
    return Trainee(
        about=about,
        in_use=better,
        without=recording.without,
        ran=recording.ran,
        stopped_early=trained.finished.stopped_early,
        warnings=warnings,
    )


def _begin(
    folder: Path, query: TrainQuery, config: TrainingConfig, logs: dict[str, float], project: str
) -> Begun:
    """Note what is begun, or read what was; raises `TrainingFault` where that is none, or another one."""
    keep_killed(folder, holding=_LOCK)
    if not query.resume:
        settle(folder)
        changes = query.changes or changes_for(query.options.steps)
        begun = Begun(
            options=query.options, config=config, changes=changes, logs=logs, project=project,
            command=query.command,
        )  # fmt: skip
        return note(folder, begun)
    kept = noted(folder)
    if kept is None:
        raise TrainingFault("There is no training that was interrupted here", hint=_ANEW)
    check_query(TrainQuery(options=kept.options, n_envs=kept.config.n_envs, changes=kept.changes))
    if query.n_envs is None:
        config = msgspec.structs.replace(config, n_envs=kept.config.n_envs)
    given = kept.options if query.options == Options() else query.options
    if (kept.options, kept.config) != (given, config) or query.changes not in (None, kept.changes):
        command = shorten(one_line(kept.command), _LONGEST)
        ran = f"--steps {kept.options.steps} --n-envs {kept.config.n_envs} --changes {kept.changes}"
        raise TrainingFault(
            "The training that was interrupted had other options or another configuration:"
            f" {command} ({ran})",
            hint=f"--resume alone takes its options. {_ANEW}",
        )
    command = [word for word in kept.command.split() if word != _NO_PROMPTS]
    command += [_NO_PROMPTS] if _NO_PROMPTS in query.command.split() else []
    kept = msgspec.structs.replace(kept, project=kept.project or project, command=" ".join(command))
    return renew(folder, kept)


@asynccontextmanager
async def _forgotten_where_useless(folder: Path) -> AsyncGenerator[None]:
    """Forget what was begun where the block ends in what going on would not change. What was recorded is
    kept; an interruption, and a process that died or could not be started, can be gone on with."""
    try:
        yield
    except (LearningFault, TrainingFault) as fault:
        if isinstance(fault, LearningFault) or not (fault.goes_on or isinstance(fault.__cause__, OSError)):
            with suppress(OSError):  # why it ended is what is told
                await asyncio.to_thread(forget, folder)
        raise


def check_query(query: TrainQuery) -> None:
    """Raises `UsageError` where training so makes no sense."""
    check_options(query.options)
    if query.n_envs is not None and not 1 <= query.n_envs <= MOST_ENVS:
        raise UsageError(f"--n-envs is {query.n_envs}, not from 1 to {MOST_ENVS}")
    if query.changes is not None and not _LEAST_CHANGES <= query.changes <= _MOST_CHANGES:
        raise UsageError(f"--changes is {query.changes}, not from {_LEAST_CHANGES} to {_MOST_CHANGES:,}")


def changes_for(steps: int) -> int:
    """How many changes fit so many steps."""
    return min(_MOST, max(_FEWEST, steps // _PER_CHANGE))


async def _measures(
    of: Recording | None,
    workspace: Workspace,
    config: TrainingConfig,
    sandbox: Sandbox | None,
    tell: Callable[[Told], None],
) -> Measures | None:
    """What the configured module tells of a recording; of none, only whether it can be used is found out."""
    if not config.verifiers_module:
        return None
    tell(f"asking {config.verifiers_module}")
    return await measures_of(
        config.verifiers_module,
        workspace=workspace,
        actions=of.actions if of else (),
        bugs=of.bugs if of else (),
        rows=of.rows if of else (),
        timeout=config.timeout_sec,
        sandbox=sandbox,
    )


def _split(
    name: str, recording: Recording, logs: dict[str, float], measures: Measures | None
) -> tuple[Episodes, Episodes]:
    """The changes to train on, and those to compare by."""
    import numpy as np

    everything = episodes_of(
        {name: recording}, logs=logs, measures=None if measures is None else {name: measures}
    )
    if not everything.found.any():
        raise LearningFault(
            "No check tells anything of any bug that was planted, so that there is nothing to learn",
            hint="Do the checks look at the sources here? `run_tests` shows what is run.",
        )
    held = held_out(recording.bugs)
    return everything.of(np.flatnonzero(~held)), everything.of(np.flatnonzero(held))


def registry_of(workspace: Workspace) -> Registry:
    """The policies of a workspace."""
    return Registry(workspace.own.state_dir / FOLDER / "policies")
