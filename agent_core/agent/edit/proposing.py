"""Getting a proposal out of a model, and a better one where something was wrong with it."""

from __future__ import annotations

import asyncio

import msgspec

from agent_core.agent.edit.locating import locate
from agent_core.agent.edit.showing import shown_files
from agent_core.agent.estimate import Estimate
from agent_core.agent.gather import rules_for
from agent_core.agent.looking import Looking
from agent_core.agent.modelcalls import ModelCalls, NoTools, Reply
from agent_core.agent.port import TaskInput, TurnPort
from agent_core.edits.disk import parse_in, resolve_in
from agent_core.edits.model import Parsed, Resolved
from agent_core.events import Hit
from agent_core.llm.errors import ContextTooSmall
from agent_core.masking import masker
from agent_core.workspace import Workspace

KEEP = 4
"""Calls of the model that looking around leaves: for the proposal and its repairs."""
_REMARK_SHARE = 0.3
"""Of what a prompt may take, for what was wrong with the last reply."""
_LEAST_FILES = 100
"""Tokens of a file below which no change can be written."""
_NO_EDITS = (
    "Your reply held no change in the form that is asked for. If the task needs no change, say why in one "
    "sentence; else write the change."
)


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What a model proposed: its reply, the edits in it, and what they come to in the files as they are."""

    reply: str
    parsed: Parsed
    resolved: Resolved

    @property
    def holds_edits(self) -> bool:
        """Whether it proposes anything at all."""
        return bool(self.parsed.edits or self.parsed.faults)

    @property
    def problem(self) -> str:
        """Why it cannot be taken as it is, in words for the model; "" when it can."""
        if not self.resolved.complete:
            return self.resolved.feedback()
        return "" if self.resolved.changes else "The files are already as these edits would leave them."


class Proposing:
    """The model's part in one change.

    Args:
        calls: The turn's calls, with the skill `edit`.
        looking: Carries out what it calls.
        task: What is asked for.
        turn: The turn it happens in.
        count: Estimates tokens.
    """

    def __init__(
        self,
        calls: ModelCalls,
        looking: Looking,
        *,
        task: TaskInput,
        turn: TurnPort,
        count: Estimate,
    ) -> None:
        self._calls, self._looking, self._task, self._turn = calls, looking, task, turn
        self._count = count
        self._mask = masker(turn.settings)
        self._found: tuple[Hit, ...] = calls.known.places
        self._paths: tuple[str, ...] = ()

    async def first(self) -> Proposal | None:
        """The first proposal; None when the model said nothing. One without edits is asked for once more."""
        await self._calls.ready()
        reply = await self._looked()
        if reply is None:
            places = (*self._looking.seen, *self._found)
            self._paths = await locate(self._task, self._turn, self._calls, places)
            reply = await self._write("")
        if reply is None:
            return None
        proposal = await self._proposal(reply)
        if proposal.holds_edits or self._calls.left <= 0:
            return proposal
        self._calls.stream.release()
        second = await self._write(self._remark(proposal.reply, _NO_EDITS))
        return proposal if second is None else await self._proposal(second)

    async def again(self, before: Proposal, problem: str) -> Proposal | None:
        """Another proposal instead of one that has a problem; None when the model said nothing."""
        touched = (change.path for change in before.resolved.changes if change.before is not None)
        refused = (refusal.path for refusal in before.resolved.refusals if refusal.path)
        self._paths = tuple(dict.fromkeys((*refused, *touched, *self._paths)))
        reply = await self._write(self._remark(before.reply, problem))
        return None if reply is None else await self._proposal(reply)

    async def _looked(self) -> Reply | None:
        if not self._calls.native:
            return None
        keep = min(KEEP, max(1, self._calls.left - 1))
        try:
            return await self._looking.natively(show="prose", keep=keep)
        except NoTools:
            return None

    async def _write(self, remark: str) -> Reply | None:
        """Have the change written from the files as they stand."""
        calls = self._calls
        if calls.left <= 0:
            return None
        seen = (*self._looking.seen, *self._found)
        room = await calls.room_for_files("write", {"remark": remark})
        if room < _LEAST_FILES:
            raise ContextTooSmall(
                f"the model's window of {calls.known.window:,} tokens has no room for the files to change",
                hint="Ask in fewer words, or raise context_window (for Ollama: num_ctx).",
            )
        calls.known.files = await asyncio.to_thread(
            shown_files,
            self._paths,
            seen,
            workspace=self._turn.workspace,
            tokens=room,
            count=self._count,
            mask=self._mask,
        )
        calls.known.places = tuple(hit for hit in self._found if hit.path not in self._paths)
        calls.known.rules = await rules_for((*self._paths, *(hit.path for hit in seen)), self._turn)
        # What it says beside a second attempt it has said beside the first.
        show = "never" if remark else "prose"
        reply = await calls.call("write", "edit", show=show, fields={"remark": remark})
        return reply if reply.text.strip() else None

    def _remark(self, reply: str, problem: str) -> str:
        room = int(self._calls.known.budget * _REMARK_SHARE)
        problem = self._count.cut(problem, room * 2 // 3)
        reply = self._count.cut(reply.strip(), max(64, room - self._count(problem)))
        return (
            f"{reply}\n\nWhat was wrong with it:\n{problem}\n\n"
            "Write the whole change again, against the files as they stand now."
        )

    async def _proposal(self, reply: Reply) -> Proposal:
        default = self._paths[0] if len(self._paths) == 1 else ""
        return await asyncio.to_thread(_read, self._turn.workspace, reply.text, default)


def _read(workspace: Workspace, reply: str, default: str) -> Proposal:
    parsed = parse_in(workspace, reply, default=default)
    return Proposal(reply=reply, parsed=parsed, resolved=resolve_in(workspace, parsed))
