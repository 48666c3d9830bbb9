"""`.dspy_rl_state.json`: what the records add up to, for people and for the next session to begin with.

It is never the only place where something is known for long: the log holds all that it lacks.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec

from agent_core.files import STATE_LIMIT, NotRegularError, keep_aside, kind_of, read_bounded, write_atomic
from agent_core.rl.api import HIGHEST, LOWEST, SAFE_TOOLS
from agent_core.rl.knowledge import Knowledge
from agent_core.rl.records import SCHEMA
from agent_core.rl.store.folding import Marks, State, ToolCount, Unscored
from agent_core.rl.store.log import Place
from agent_core.rl.store.rights import mode_in

STATE = ".dspy_rl_state.json"
_OLDER_NAMES = {"context": "ctx"}
_MOST_OLDER = 10**9
"""A count of more observations is taken for so many."""


class ForeignState(OSError):
    """What lies in the place of the state may not be replaced."""


class Loaded(NamedTuple):
    """The state of the file, None where there is none that can be used, and what is to be said of it.

    `older` is whether the file has the format of before the log, and has to be replaced.
    """

    state: State | None
    warning: str = ""
    older: bool = False


class _Saved(msgspec.Struct, kw_only=True):
    """The file, in the order in which people read it."""

    schema: int
    saved: str
    decisions: int
    scores: int
    frozen: bool
    resets: int
    broken: int
    duplicates: int
    tools: dict[str, ToolCount]
    knowledge: dict[str, Any]
    place: Place | None
    unscored: list[Unscored]
    marks: Marks
    forgotten: list[str] = []


def load(path: Path) -> Loaded:
    """Read the state; a file that is broken or of another program is kept aside. Raises `ForeignState`."""
    try:
        return read(path)
    except ValueError as error:
        aside = keep_aside(path)
        if aside is None:
            raise ForeignState(f"{path.name} is broken and cannot be moved") from None
        told = f"{path.name} is broken ({error}); kept as {aside.name}, and made anew from the events"
        return Loaded(None, told)


def read(path: Path) -> Loaded:
    """Read the state and change nothing.

    Raises:
        ForeignState: It is of a newer version, or something that is neither followed nor replaced: a link, a
            folder, a pipe, a file that cannot be read.
        ValueError: It is broken, or of another program.
    """
    try:
        content = read_bounded(path, STATE_LIMIT + 1, follow=False)
    except FileNotFoundError:
        return Loaded(None)
    except NotRegularError:
        raise ForeignState(f"{path.name} is {kind_of(path.lstat().st_mode)}; it is left alone") from None
    except OSError as error:
        raise ForeignState(f"{path.name} cannot be read ({error.strerror or error})") from None
    try:
        return _parsed(path, content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def save(path: Path, state: State, now: float) -> None:
    """Replace the file; raises OSError."""
    saved = _Saved(
        schema=SCHEMA,
        saved=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        decisions=state.decisions,
        scores=state.scores,
        frozen=state.frozen,
        resets=state.resets,
        broken=state.broken,
        duplicates=state.duplicates,
        tools={tool: state.tools[tool] for tool in SAFE_TOOLS if tool in state.tools},
        knowledge=state.knowledge.to_plain(),
        place=state.place,
        unscored=list(state.unscored.values()),
        marks=state.marks,
        forgotten=state.forgotten,
    )
    content = msgspec.json.format(msgspec.json.encode(saved), indent=2) + b"\n"
    write_atomic(path, content, mode=mode_in(path.parent), exact=True)


def _parsed(path: Path, content: bytes) -> Loaded:
    if len(content) > STATE_LIMIT:
        raise ValueError("it is too large")
    plain: object = msgspec.json.decode(content)
    if not isinstance(plain, dict):
        raise ValueError("it is no object")
    values = cast("dict[str, Any]", plain)
    schema = values.get("schema")
    if schema is None and "values" in values and "counts" in values:
        return Loaded(_of_older(values), f"{path.name} is of an older version; it is taken over", older=True)
    if isinstance(schema, int) and schema > SCHEMA:
        raise ForeignState(f"{path.name} is of a newer version ({schema}); it is left alone")
    if schema != SCHEMA:
        raise ValueError("it is not of this program")
    return Loaded(_of_saved(msgspec.convert(values, _Saved)))


def _of_saved(saved: _Saved) -> State:
    return State(
        knowledge=Knowledge.from_plain(saved.knowledge),
        frozen=saved.frozen,
        decisions=saved.decisions,
        scores=saved.scores,
        resets=saved.resets,
        broken=saved.broken,
        duplicates=saved.duplicates,
        tools=saved.tools,
        unscored={one.decision.id: one for one in saved.unscored},
        marks=saved.marks,
        place=saved.place,
        forgotten=saved.forgotten,
    )


def _of_older(values: Mapping[str, Any]) -> State:
    """What the file of an older version knew: values and counts as lists beside `tools`, or by tool."""
    state = State()
    means, counts = _by_tool(values, "values"), _by_tool(values, "counts")
    for tool, count in counts.items():
        name = _OLDER_NAMES.get(tool, tool)
        if name in SAFE_TOOLS and count > 0 and tool in means:
            state.knowledge.absorb_counts(name, count, means[tool])
            state.add_older(name, round(min(count, _MOST_OLDER)), min(HIGHEST, max(LOWEST, means[tool])))
    return state


def _by_tool(values: Mapping[str, Any], key: str) -> dict[str, float]:
    given = values[key]
    if isinstance(given, dict):
        return msgspec.convert(given, dict[str, float])
    numbers = msgspec.convert(given, list[float])
    tools: Sequence[str] = msgspec.convert(values.get("tools"), list[str])
    if len(tools) != len(numbers):
        raise ValueError(f"it has {len(tools)} tools and {len(numbers)} {key}")
    return dict(zip(tools, numbers, strict=True))
