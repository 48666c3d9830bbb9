"""Records of learning as tests need them, and what a state says, to compare it with another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from agent_core.rl.api import SAFE_TOOLS, Part
from agent_core.rl.credit import score_of
from agent_core.rl.records import Decision, Record, Score, Signal
from agent_core.rl.store import statefile
from agent_core.rl.store.folding import State
from agent_core.rl.store.store import Store
from agent_core.workspace import Workspace


def decision(record_id: str = "", at: float = 1000.0, first: int = 0, **features: float) -> Decision:
    shown = SAFE_TOOLS[first:] + SAFE_TOOLS[:first]
    return Decision(
        id=record_id,
        at=at,
        surface="pane",
        features={"bias": 1.0, **features},
        allowed=SAFE_TOOLS,
        shown=shown,
        propensities=tuple(1 / (len(shown) - place) for place in range(len(shown))),
        policy="thompson",
    )


def signal(of: Decision, tool: str = "grep", part: Part = "opened", record_id: str = "") -> Signal:
    return Signal(id=record_id, at=of.at, decision=of.id, tool=tool, part=part)


def score(of: Decision, record_id: str = "", **parts: Part) -> Score:
    """Of a decision: what was done with each tool."""
    by_tool = {tool.replace("_", "-"): {part: 1.0} for tool, part in parts.items()}
    return msgspec.structs.replace(score_of(of, by_tool), id=record_id, at=of.at)


def history(writer: str, count: int, at: float = 1000.0) -> list[Record]:
    """Records of one writer: decisions, signals and scores in turn."""
    records: list[Record] = []
    parts: tuple[Part, ...] = ("opened", "dismissed", "verified")
    made = decision(f"{writer}:0")
    for number in range(1, count + 1):
        record_id, tool = f"{writer}:{number}", SAFE_TOOLS[number % 5]
        match number % 3:
            case 1:
                made = decision(record_id, at + number, number % 11, how=(number % 4) / 4)
                records.append(made)
            case 2:
                records.append(signal(made, tool, parts[number % 2], record_id))
            case _:
                records.append(score(made, record_id, **{tool.replace("-", "_"): parts[number % 3]}))
    return records


def opened(root: Path, **options: Any) -> Store:
    store = Store(Workspace.open(root), **options)
    assert store.open() == ()
    return store


def said(state: State, folder: Path) -> dict[str, Any]:
    """All that a state says, as its file says it, without the place in the log."""
    path = folder / "said.json"
    statefile.save(path, state, 0.0)
    plain = msgspec.json.decode(path.read_bytes())
    path.unlink()
    del plain["place"]
    return plain


def counted(state: State) -> dict[str, int]:
    """How many records of each writer a state knows of."""
    return {writer: mark.number for writer, mark in state.marks.writers.items()}
