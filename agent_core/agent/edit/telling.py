"""Showing a proposal: as a step of the turn, as what is asked about, and as a patch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from agent_core.agent.edit.proposing import Proposal
from agent_core.agent.port import TurnPort
from agent_core.changes.hunks import counts, unified
from agent_core.changes.model import FileChange
from agent_core.changes.sides import sides
from agent_core.edits.model import Note
from agent_core.errors import EditRefused
from agent_core.events import ProposedFile, ToolFinished, ToolStarted
from agent_core.text import one_line, plural, printable

_SURE = 0.995
_MOST_DIFF = 64 * 1024


def diff_of(changes: Sequence[FileChange]) -> str:
    """The changes as one patch, printable."""
    text = "".join(unified(change) for change in changes)
    return printable(text.encode("utf-8", "replace").decode("utf-8"))


def proposed(changes: Sequence[FileChange], notes: Sequence[Note] = ()) -> tuple[ProposedFile, ...]:
    """The changes as they are asked about."""
    return tuple(_proposed(change, notes) for change in changes)


def _proposed(change: FileChange, notes: Sequence[Note]) -> ProposedFile:
    before, after, whole = sides(change)
    note = _uncertain([note for note in notes if note.path == change.path])
    return ProposedFile(path=change.path, before=before, after=after, note=note, whole=whole)


async def tell_of_proposal(turn: TurnPort, proposal: Proposal, number: int, *, again: bool = False) -> None:
    """Publish it as a call of `edit`: its diff, and whatever of it was refused.

    Args:
        turn: Where it was made.
        proposal: What was proposed.
        number: Which attempt it is, from 1.
        again: Whether it is the same as an earlier one, which is not checked again.
    """
    began = time.monotonic()
    call_id = turn.next_call_id()
    changes = proposal.resolved.changes
    refused = tuple(refusal.path for refusal in proposal.resolved.refusals)
    paths = ", ".join(dict.fromkeys(filter(None, (*(change.path for change in changes), *refused))))
    command = f"edit {one_line(paths)}".strip() + (f"  (attempt {number})" if number > 1 else "")
    turn.publish(
        ToolStarted(turn_id=turn.turn_id, call_id=call_id, name="edit", command=command, action="read")
    )
    diff = await asyncio.to_thread(diff_of, changes)
    problem = proposal.problem
    turn.publish(
        ToolFinished(
            turn_id=turn.turn_id,
            call_id=call_id,
            name="edit",
            summary=_summary(changes, again) if not problem else one_line(problem.partition("\n")[0])[:200],
            text="\n\n".join(filter(None, (printable(problem), diff[:_MOST_DIFF]))),
            data={"files": [change.path for change in changes], "attempt": number},
            seconds=time.monotonic() - began,
            error=EditRefused(one_line(problem.partition("\n")[0])[:300]).info if problem else None,
        )
    )


def _summary(changes: Sequence[FileChange], again: bool) -> str:
    if again:
        return "the same change again"
    added, removed = (sum(side) for side in zip(*(counts(change) for change in changes), strict=True))
    return f"proposes +{added:,} -{removed:,} in {plural(len(changes), 'file')}"


def _uncertain(notes: Sequence[Note]) -> str:
    """What had to be tolerated to place the edits of a file."""
    unsure = [note for note in notes if note.changed and note.confidence < _SURE]
    return "; ".join(f"line {note.line}: {note.how} ({note.confidence:.0%} sure)" for note in unsure)
