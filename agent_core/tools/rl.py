"""`rl`: what is learnt here: how suggestions stand, and offline training of the order of checks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ClassVar

import msgspec

from agent_core.commandline import render
from agent_core.config import Settings
from agent_core.errors import LearningFault, ToolError, UsageError
from agent_core.events import ActionClass
from agent_core.rl.api import Learning
from agent_core.rl.beside import Beside, Came, Follows
from agent_core.text import human_duration, one_line
from agent_core.tools.asking import Planned
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.fields import fields_of
from agent_core.tools.rl_args import RlArgs
from agent_core.tools.rl_config import init_config
from agent_core.tools.rl_policies import choose_policy, comparison, policies
from agent_core.tools.rl_report import MORE, noticed_in, report_in
from agent_core.tools.rl_training import Tutor, plan_training, train, version_in
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.rl.offline.running import TrainQuery

_FIRST_TOLD_S, _TOLD_EVERY_S = 1.0, 5.0
_TAKES: Mapping[str, tuple[str, ...]] = {
    "export": ("path", "force"),
    "config": ("path", "out", "force"),
    "promote": ("path",),
    "train": ("steps", "n_envs", "lr", "entropy", "seed", "changes", "skip_gepa", "resume"),
}
"""Which arguments each has; the others have none."""

_BESIDE = (
    "It goes on beside the conversation, and ends with the program; a note says what it came to."
    " The Learning screen shows how far it is, `rl stop` ends it."
)


class RlTool:
    """Looks after what is learnt in this workspace.

    Reset, export and a configuration ask, as what changes files does; training asks as what runs programs
    does; everything else is free.
    """

    name: ClassVar[str] = "rl"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "what is learnt here: status, evaluate, train, freeze, reset, export …"
    action: ClassVar[ActionClass] = "write"
    args_type: ClassVar[type[msgspec.Struct]] = RlArgs
    positional: ClassVar[tuple[str, ...]] = ("what", "path")
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False
    keeps_state: ClassVar[bool] = True

    def __init__(self, *, learning: Learning, tutor: Tutor, beside: Beside | None = None) -> None:
        """With `beside` a training goes on beside the conversation; without, its turn ends when it has."""
        self._learning, self._tutor, self._beside = learning, tutor, beside

    async def plan(
        self, args: RlArgs, *, workspace: Workspace, settings: Settings, typed: bool
    ) -> Planned | None:
        """What is asked about: a reset, an export, a training; raises what would keep it from being done."""
        await asyncio.to_thread(_check, args, workspace)
        if args.what == "reset":
            return Planned((render(self.name, args),), "It forgets what was learnt; a backup is kept.")
        if args.what in ("export", "config"):
            return Planned((render(self.name, args),), "It writes a file.")
        if args.what == "train":
            if self._beside is not None:
                self._beside.check_free()
            return await plan_training(
                workspace, settings, self._tutor, skip_gepa=args.skip_gepa, resume=args.resume
            )
        return None

    async def run(self, args: RlArgs, context: ToolContext) -> ToolResult:
        """Do what the first word says; raises `LearningFault`, and what `plan` raises."""
        await asyncio.to_thread(_check, args, context.workspace)
        match args.what:
            case "status":
                return await self._status(context.workspace, context.settings)
            case "evaluate":
                return await self._evaluate(context)
            case "freeze" | "thaw":
                return await self._freeze(args.what == "freeze")
            case "reset":
                return await self._reset(context.workspace)
            case "export":
                return await self._export(args, context.workspace)
            case "train":
                return await self._train(args, context)
            case "stop":
                return self._stop()
            case "config":
                return await init_config(args.out, context)
            case "promote" | "rollback":
                return await choose_policy(args.what, args.path, context.workspace)

    async def _train(self, args: RlArgs, context: ToolContext) -> ToolResult:
        command = render(self.name, args)
        query = msgspec.structs.replace(_query(args), command=command)
        if self._beside is None:
            return await train(query, context, self._tutor, skip_gepa=args.skip_gepa)

        async def begun(follows: Follows) -> Came:
            apart = msgspec.structs.replace(context, progress=follows.say, write=None, turn=None)
            result = await train(query, apart, self._tutor, skip_gepa=args.skip_gepa, mark=follows.mark)
            return Came(said=result.summary, error=result.error, version=version_in(result), more=MORE)

        self._beside.begin(command, begun)
        noticed = await noticed_in(context.workspace)
        return ToolResult(
            text="\n".join((*noticed, _BESIDE)),
            summary="the training goes on beside the conversation",
        )

    def _stop(self) -> ToolResult:
        if self._beside is not None and self._beside.is_stopping:
            return ToolResult(text="It is being stopped.", summary="the training is being stopped")
        if self._beside is None or not self._beside.stop():
            raise LearningFault(
                "No training goes on in this session", hint="One that was started elsewhere is ended there."
            )
        said = "The training is being stopped; what was recorded is kept, and --resume goes on with it."
        return ToolResult(text=said, summary="the training is being stopped")

    async def _status(self, workspace: Workspace, settings: Settings) -> ToolResult:
        from agent_core.rl.telling import in_short, status

        overview = await self._learning.overview()
        trained, data = await policies(workspace, settings)
        last = await asyncio.to_thread(report_in, workspace, now=time.time())
        return ToolResult(
            text="\n\n".join(filter(None, (status(overview, now=time.time()), trained, last))),
            summary=in_short(overview),
            data={**msgspec.to_builtins(overview), "trained": data},
            note=one_line(overview.trouble),
        )

    async def _evaluate(self, context: ToolContext) -> ToolResult:
        from agent_core.rl.ope.saying import table

        async with _telling(context.progress):
            evaluation = await self._learning.evaluate()
        trained, data = await comparison(context.workspace)
        return ToolResult(
            text=f"{table(evaluation)}\n\n{trained}",
            summary=evaluation.verdict,
            data={**msgspec.to_builtins(evaluation), "trained": data},
        )

    async def _freeze(self, frozen: bool) -> ToolResult:
        before = (await self._learning.overview()).frozen
        await self._learning.freeze(frozen)
        if frozen:
            text = "Learning is frozen: what happens is recorded and not learnt. `rl thaw` goes on."
        else:
            text = "Learning goes on. What was recorded while it was frozen stays out of it."
        already = " already" if before == frozen else ""
        return ToolResult(
            text=text,
            summary=f"{'frozen' if frozen else 'learning'}{already}",
            data={"frozen": frozen, "changed_it": before != frozen},
        )

    async def _reset(self, workspace: Workspace) -> ToolResult:
        backup = workspace.relative(await self._learning.reset())
        return ToolResult(
            text=f"Forgotten. The state as it was is kept in {one_line(backup)}; the recorded events stay.",
            summary=f"forgotten; backup in {one_line(backup)}",
            data={"backup": backup},
        )

    async def _export(self, args: RlArgs, workspace: Workspace) -> ToolResult:
        written = workspace.relative(await self._learning.export(args.path, replace=args.force))
        return ToolResult(
            text=f"The recorded events are in {one_line(written)}, one JSON object a line, oldest first.",
            summary=f"written to {one_line(written)}",
            data={"path": written},
            changed=(written,),
        )


def _query(args: RlArgs) -> TrainQuery:
    from agent_core.rl.offline.options import Options
    from agent_core.rl.offline.running import TrainQuery

    return TrainQuery(
        options=Options(steps=args.steps, lr=args.lr, entropy=args.entropy, seed=args.seed),
        n_envs=args.n_envs or None,
        changes=args.changes or None,
        resume=args.resume,
    )


def _check(args: RlArgs, workspace: Workspace) -> None:
    """Refuse what cannot be done before anybody is asked about it."""
    taken = _TAKES.get(args.what, ())
    for field in fields_of(RlArgs)[1:]:
        if field.name not in taken and getattr(args, field.name) != field.default:
            given = field.flags[0] if field.has_flag else one_line(str(getattr(args, field.name)))
            said = f"does not take {given}" if taken else "takes nothing else"
            raise UsageError(f"rl {args.what} {said}", hint="`help rl` says what it takes.")
    match args.what:
        case "train":
            from agent_core.rl.offline.running import check_query

            check_query(_query(args))
        case "config" if args.path != "init":
            raise UsageError("rl config needs `init`", hint="`rl config init --out FILE` writes one.")
        case "export" if not args.path:
            raise UsageError("rl export needs a path", hint="Such as: rl export events.jsonl")
        case "config" | "export":
            _check_target(args.out if args.what == "config" else args.path, workspace, force=args.force)
        case _:
            pass


def _check_target(path: str, workspace: Workspace, *, force: bool) -> None:
    target = workspace.resolve(path)
    if target.is_dir():
        raise ToolError(f"{one_line(path)} is a folder", hint="Name a file.")
    if target.exists() and not force:
        raise ToolError(f"{one_line(path)} is there already", hint="--force replaces it.")


@asynccontextmanager
async def _telling(show: Callable[[str], None]) -> AsyncGenerator[None]:
    """While the block takes longer than a moment, show that it goes on."""
    ticking = asyncio.create_task(_tick(show))
    try:
        yield
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)


async def _tick(show: Callable[[str], None]) -> None:
    began = time.monotonic()
    await asyncio.sleep(_FIRST_TOLD_S)
    while True:
        show(f"evaluating the recorded decisions, {human_duration(time.monotonic() - began)}\n")
        await asyncio.sleep(_TOLD_EVERY_S)
