"""A task that changes files, from what was asked to what is written.

The model proposes; what cannot be placed, and what the project's checks find that was not there before, goes
back to it, up to three times. Then the person is asked, with the diff and what the checks said; what was
chosen of it is checked again if it is not all of it, and written.
"""

from __future__ import annotations

import asyncio

import msgspec

from agent_core.agent.calls import Caller
from agent_core.agent.edit.checking import Checked, Checks
from agent_core.agent.edit.proposing import Proposal, Proposing
from agent_core.agent.edit.reviewing import review
from agent_core.agent.edit.telling import diff_of, proposed, tell_of_proposal
from agent_core.agent.edit.trial import TrialChecks
from agent_core.agent.estimate import Estimate, estimate_for
from agent_core.agent.loading import prepared
from agent_core.agent.looking import Looking
from agent_core.agent.modelcalls import ModelCalls
from agent_core.agent.port import Answer, Question, TaskInput, TurnPort
from agent_core.changes.hunks import choose
from agent_core.changes.model import Chosen, FileChange
from agent_core.edits.model import Resolved
from agent_core.errors import NothingDone, PermissionRefused
from agent_core.events import ChecksFinished, ProposedFile
from agent_core.llm.port import LanguageModel
from agent_core.text import one_line, plural, shorten

MOST_REPAIRS = 3
_MOST_WHY = 300
_AGAIN = "This is the same change as an earlier one, which did not do either. Another one is needed."


async def change(model: LanguageModel, task: TaskInput, turn: TurnPort) -> Answer:
    """Do a task that asks for a change.

    Raises:
        PermissionRefused: It may not be done, by a rule or the person.
        NothingDone: The model's edits could not be placed, or nothing of them was wanted.
        ChangeRefused: A file is not as it was any more, or cannot be written.
        ModelError: The model failed.
    """
    turn.check_possible("write")
    gathered, skill = await prepared(task, turn, "edit")
    caller, count = Caller(turn), estimate_for(model)
    calls = ModelCalls(model, task=task, turn=turn, gathered=gathered, tools=caller.specs, skill=skill)
    proposing = Proposing(
        calls,
        Looking(calls, caller),
        task=task,
        turn=turn,
        count=count,
    )
    async with TrialChecks(turn) as checks:
        with calls.context():
            return await _Change(proposing, checks, calls, turn, count).done()


class _Change:
    def __init__(
        self, proposing: Proposing, checks: Checks, calls: ModelCalls, turn: TurnPort, count: Estimate
    ) -> None:
        self._proposing, self._checks, self._calls, self._turn = proposing, checks, calls, turn
        self._round = 0
        self._doubted = self._reviewed = self._again = False
        self._tried: list[tuple[tuple[FileChange, ...], Checked]] = []
        self._count = count

    async def done(self) -> Answer:
        proposal = await self._proposing.first()
        if proposal is None or not proposal.holds_edits:
            return self._unchanged()
        proposal, checked = await self._repaired(proposal)
        if proposal.problem:
            raise _not_placed(proposal, self._round)
        wanted, checked = await self._approved(proposal.resolved, checked)
        paths = await self._turn.write(wanted)
        stream = self._calls.stream
        return Answer(
            text=stream.text,
            usage=stream.usage,
            changed=paths,
            verified=checked.verified,
            remark=checked.remark(),
            diff=await asyncio.to_thread(diff_of, wanted),
            reports=checked.reports,
            attempts=self._round,
        )

    def _unchanged(self) -> Answer:
        """What the model says instead of a change."""
        stream = self._calls.stream
        if not stream.text.strip():
            stream.release()
        if stream.text.strip():
            stream.remark("(Nothing was changed: the reply held no edit.)")
        reason = "unchanged" if stream.text else "empty"
        return Answer(text=stream.text, usage=stream.usage, stop_reason=reason)

    async def _repaired(self, proposal: Proposal) -> tuple[Proposal, Checked]:
        """The proposal once nothing is wrong with it, or as it is when the rounds are over."""
        while True:
            self._round += 1
            checked = await self._judged(proposal)
            problem = proposal.problem or checked.feedback() or self._doubts(checked)
            if problem and self._again:
                problem = f"{_AGAIN}\n{problem}"
            if not problem and not checked.verified and self._calls.left > 0 and not self._reviewed:
                self._reviewed = True
                found = await review(self._calls, self._turn, proposal.resolved, checked, count=self._count)
                checked = msgspec.structs.replace(checked, opinion=found.remark())
                problem = found.feedback() if found.rejects else ""
            if not problem or self._round > MOST_REPAIRS or self._calls.left <= 0:
                return proposal, checked
            better = await self._proposing.again(proposal, problem)
            if better is None or not better.holds_edits:
                return proposal, checked
            proposal = better

    def _doubts(self, checked: Checked) -> str:
        """What the change may have been meant to mend, said once: it may be another matter."""
        doubts = "" if self._doubted else checked.doubts()
        self._doubted = self._doubted or bool(doubts)
        return doubts

    async def _judged(self, proposal: Proposal) -> Checked:
        """What the checks say of it; of one that was checked before, what they said then."""
        changes = proposal.resolved.changes
        known = next((checked for tried, checked in self._tried if tried == changes), None)
        self._again = known is not None and not proposal.problem
        await tell_of_proposal(self._turn, proposal, self._round, again=self._again)
        if proposal.problem:
            return Checked()
        self._turn.check_possible("write", [change.path for change in changes])
        if known is None:
            known = await self._checks.check(changes, self._round)
            self._tried.append((changes, known))
        else:
            paths = tuple(change.path for change in changes)
            turn_id = self._turn.turn_id
            self._turn.publish(
                ChecksFinished(turn_id=turn_id, round=self._round, files=paths, reports=known.reports)
            )
        return known

    async def _approved(self, resolved: Resolved, checked: Checked) -> tuple[tuple[FileChange, ...], Checked]:
        """What of the changes is wanted, checked as it will be written."""
        changes = resolved.changes
        while True:
            chosen = await self._ask(await asyncio.to_thread(proposed, changes, resolved.notes), checked)
            wanted = await asyncio.to_thread(choose, changes, chosen)
            if not wanted:
                raise PermissionRefused("Nothing of the change is wanted")
            if wanted == changes:
                return changes, checked
            self._round += 1
            changes, checked = wanted, await self._checks.check(wanted, self._round)
            if not checked.doubt:
                return changes, checked

    async def _ask(self, files: tuple[ProposedFile, ...], checked: Checked) -> Chosen:
        return await self._turn.ask(
            Question(
                action="write",
                command=f"change {', '.join(file.path for file in files)}",
                reason=checked.remark() or "Nothing checked it.",
                files=files,
                reports=checked.reports,
                doubt=checked.doubt,
            )
        )


def _not_placed(proposal: Proposal, attempts: int) -> NothingDone:
    if proposal.resolved.complete:
        return NothingDone(
            "The files are already as the edits of the model would leave them",
            hint="There is nothing to do, or it takes more words to say what.",
        )
    why = shorten(one_line(proposal.problem.partition("\n")[0]), _MOST_WHY).removesuffix(":")
    return NothingDone(
        f"The edits of the model could not be placed after {plural(attempts, 'attempt')}: {why}",
        hint="Say which lines you mean, ask for less at a time, or use a larger model.",
    )
