"""Putting the tracebacks of one event in order: Python tells causes first, and members after their group."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent_core.logs.traces.drafting import DraftFault
from agent_core.logs.traces.model import Relation


@dataclass(slots=True)
class Block:
    """One traceback: how deep in groups it lies, how it hangs on the one before, and its fault.

    `newest_first` is the order of the frames in a crash's report.
    """

    depth: int
    link: Relation = ""
    fault: DraftFault = field(default_factory=DraftFault)
    closed: bool = False
    newest_first: bool = False


def ordered(blocks: list[Block]) -> list[DraftFault]:
    """The faults, outermost first: Python tells a cause before what followed from it."""
    chain: list[list[Block]] = []
    done: list[DraftFault] = []
    for block in blocks:
        block.fault.notes[:] = [
            note for note in block.fault.notes if not note.startswith("Extension modules:")
        ]
        if not block.newest_first:
            block.fault.frames.reverse()
        if not block.fault.text:
            block.fault.text = block.fault.frames[0].source if block.fault.frames else ""
        if chain and block.depth > chain[-1][0].depth and block.link not in ("cause", "context"):
            chain[-1].append(block)
        elif chain and block.link in ("cause", "context") and block.depth == chain[-1][0].depth:
            chain.append([block])
        elif chain and block.link in ("cause", "context"):
            _hang(chain[-1], block)
        else:
            done.extend(_told(chain))
            chain = [[block]]
    done.extend(_told(chain))
    return done


def _hang(group: list[Block], block: Block) -> None:
    """Put a block that followed from the last member of a group before that member."""
    last = group.pop() if len(group) > 1 else None
    group.append(block)
    if last is not None:
        last.fault.relation, block.fault.relation = block.link or "cause", "member"
        group.append(last)


def _told(chain: list[list[Block]]) -> list[DraftFault]:
    faults: list[DraftFault] = []
    relation: Relation = ""
    for first, *members in reversed(chain):
        first.fault.relation = relation or ("thread" if first.link == "thread" else "")
        relation = first.link
        faults.append(first.fault)
        for member in members:
            member.fault.relation = member.fault.relation or "member"
            faults.append(member.fault)
    return faults
