"""Records what every action tells of changes, and what it takes: really run once, kept by content."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from agent_core.config import Settings
from agent_core.errors import LearningFault
from agent_core.masking import masker
from agent_core.rl.offline.actions import Action, actions_of
from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.doubting import Doubts
from agent_core.rl.offline.outcomes import Outcome, Outcomes, Usual, fingerprint_of, key_of
from agent_core.rl.offline.planting import Bug, plant
from agent_core.rl.offline.trying import usual
from agent_core.text import one_line, plural, shorten
from agent_core.verify.sandbox import Sandbox
from agent_core.verify.trial import Trial
from agent_core.workspace import Workspace

_NAMED, _LONGEST = 3, 80
LogsSaid = Callable[[], Awaitable[dict[str, float] | None]]


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded: a row of outcomes for each bug, in the order of the actions.

    `usual` are the seconds of each action on the unchanged workspace; `without` says what of the
    configuration cannot be run, and why; `ran` counts the runs that were not known before.
    """

    actions: tuple[str, ...]
    bugs: tuple[Bug, ...]
    rows: tuple[tuple[Outcome, ...], ...]
    usual: tuple[float, ...]
    project: str
    without: tuple[str, ...] = ()
    ran: int = 0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is: runs done of all that there are, what is being run, and the seconds that are left as
    far as is known; None before anything is."""

    done: int
    total: int
    now: str
    left: float | None = None


class Recorder:
    """Records the changes of one workspace, which itself is never written to.

    Args:
        workspace: Whose.
        settings: What is run where the training names nothing, and which secrets are hidden.
        config: How it is trained.
        folder: Where outcomes are kept.
        sandbox: Where checks run; None runs them as the user's own.
        progress: Is told before each run.
        logs: Tells what the logs say now, by feature; None where nobody knows. Each outcome keeps it.
        as_edits: Run tests as they are run for an edit: those that concern the change first.
    """

    def __init__(
        self,
        *,
        workspace: Workspace,
        settings: Settings,
        config: TrainingConfig,
        folder: Path,
        sandbox: Sandbox | None = None,
        progress: Callable[[Standing], None] = lambda _: None,
        logs: LogsSaid | None = None,
        as_edits: bool = False,
    ) -> None:
        self._workspace, self._settings, self._config = workspace, settings, config
        self._folder, self._sandbox, self._tell, self._logs = folder, sandbox, progress, logs
        self._as_edits = as_edits
        self._outcomes: Outcomes | None = None
        self._project = ""

    async def record(
        self, count: int, *, seed: int = 0, least: int = 1, project: str | None = None
    ) -> Recording:
        """Run every action on so many changes, but for what is known. What is done when it is cancelled is
        kept.

        Args:
            count: How many at most.
            seed: Of their draw.
            least: So many actions have to work; else nothing is recorded.
            project: What stands for the workspace's content, where that is known.

        Raises:
            LearningFault: There is nothing to run, nothing to plant a bug into, or too few checks work.
            ToolError: The workspace cannot be copied.
            OSError: Outcomes cannot be written.
        """
        actions, without = await asyncio.to_thread(actions_of, self._workspace, self._settings, self._config)
        bugs = await asyncio.to_thread(plant, self._workspace, count, seed=seed)
        if not bugs:
            raise LearningFault(
                "There are no Python sources here to plant bugs in, which is what is learnt from",
                hint="Train at the root of a project, and see what .gitignore hides.",
            )
        self._project = project or await asyncio.to_thread(fingerprint_of, self._workspace)
        self._outcomes = await asyncio.to_thread(Outcomes, self._folder)
        async with AsyncExitStack() as stack:
            lent = _Lent(self._trial, stack, check=self._check_unchanged)
            usable, faults = await self._usable(lent, actions)
            without += faults
            if len(usable) < least:
                raise _too_few([each.action.name for each in usable], without)
            rows, ran, unsteady = await self._rows(lent, bugs, usable)
        return Recording(
            actions=tuple(each.action.name for each in usable),
            bugs=bugs,
            rows=rows,
            usual=tuple(each.seconds for each in usable),
            project=self._project,
            without=(*without, *unsteady),
            ran=ran,
        )

    def _trial(self) -> Trial:
        return Trial(
            self._workspace,
            sandbox=self._sandbox,
            timeout=self._config.timeout_sec,
            mask=masker(self._settings),
        )

    async def _check_unchanged(self) -> None:
        """What was read before the copy was made is to be what lies in it."""
        if await asyncio.to_thread(fingerprint_of, self._workspace) != self._project:
            raise LearningFault(
                "The workspace was changed while the training began",
                hint="Train again: once its copy is made, it does not matter any more.",
            )

    async def _usable(self, lent: _Lent, actions: Sequence[Action]) -> tuple[list[Usual], tuple[str, ...]]:
        """The actions with a check that works on the unchanged workspace, and why others do not."""
        assert self._outcomes is not None
        found: list[Usual] = []
        for number, action in enumerate(actions):
            key = self._key("", action)
            known = await asyncio.to_thread(self._outcomes.usual, key)
            if known is None:
                self._tell(Standing(done=number, total=len(actions), now=f"{action.name}, nothing changed"))
                known = await usual(await lent.trial(), action)
                await asyncio.to_thread(self._outcomes.put_usual, key, known)
            found.append(known)
        faults = tuple(fault for each in found for fault in each.faults)
        return [each for each in found if each.action.verifiers], faults

    async def _rows(
        self, lent: _Lent, bugs: Sequence[Bug], usable: Sequence[Usual]
    ) -> tuple[tuple[tuple[Outcome, ...], ...], int, tuple[str, ...]]:
        """The outcomes, how many were run for them, and what fails now and then."""
        assert self._outcomes is not None
        doubts = {each.action: Doubts(each, as_edits=self._as_edits) for each in usable}
        keys = {(bug.id, each.action): self._key(bug.id, each.action) for bug in bugs for each in usable}
        waiting = [
            (bug, each) for bug in bugs for each in usable if keys[bug.id, each.action] not in self._outcomes
        ]
        left = sum(each.seconds for _, each in waiting)
        for number, (bug, each) in enumerate(waiting):
            now = f"{each.action.name}, {bug.path}:{bug.mutation.line} ({bug.mutation.kind})"
            self._tell(Standing(done=len(keys) - len(waiting) + number, total=len(keys), now=now, left=left))
            key = keys[bug.id, each.action]
            said = await self._logs() if self._logs is not None else None
            trial, doubt = await lent.trial(), doubts[each.action]
            outcome = await doubt.tried(trial, bug, key=key)
            await asyncio.to_thread(self._outcomes.put, msgspec.structs.replace(outcome, logs=said))
            if doubt.expected is not each:
                await asyncio.to_thread(self._outcomes.put_usual, self._key("", each.action), doubt.expected)
            left = max(0.0, left - each.seconds)
        rows = [
            tuple(
                doubts[each.action].reconsidered(self._outcomes[keys[bug.id, each.action]]) for each in usable
            )
            for bug in bugs
        ]
        return tuple(rows), len(waiting), tuple(filter(None, map(_unsteady, doubts.values())))

    def _key(self, change: str, action: Action) -> str:
        as_edits = self._as_edits and bool(change) and action.name == "run_tests"
        return key_of(self._project, change, action, timeout=self._config.timeout_sec, as_edits=as_edits)


def _unsteady(doubts: Doubts) -> str:
    """What there is to say of the tests that fail now and then; "" for nothing."""
    tests = doubts.expected.unsteady
    if not tests:
        return ""
    more = f" and {len(tests) - _NAMED} more" if len(tests) > _NAMED else ""
    named = ", ".join(shorten(one_line(test), _LONGEST) for test in tests[:_NAMED])
    return f"{plural(len(tests), 'test fails', 'tests fail')} now and then without any change: {named}{more}"


def _too_few(work: Sequence[str], without: Sequence[str]) -> LearningFault:
    why = "; ".join(without)
    if not work:
        said = f"No check of this project works as it is: {why}"
        return LearningFault(said, hint="`run_tests`, `lint` and `build` run them one by one.")
    alone = f"Only {', '.join(work)} works here, so that there is no order to learn"
    return LearningFault(f"{alone}: {why}" if why else alone, hint="Set commands in .dspy_rl.json.")


class _Lent:
    """The copy, made and checked when something has to be run in it."""

    def __init__(
        self, make: Callable[[], Trial], stack: AsyncExitStack, *, check: Callable[[], Awaitable[None]]
    ) -> None:
        self._make, self._stack, self._check = make, stack, check
        self._trial: Trial | None = None

    async def trial(self) -> Trial:
        if self._trial is None:
            trial = await self._stack.enter_async_context(self._make())
            await self._check()
            self._trial = trial
        return self._trial
