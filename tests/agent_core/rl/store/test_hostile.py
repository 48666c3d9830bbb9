"""Records from a topic may be anybody's: whatever they say, the state stays one that can be read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_core.files import STATE_LIMIT
from agent_core.rl.api import PARTS, SAFE_TOOLS
from agent_core.rl.records import Record, to_line
from agent_core.rl.store import statefile
from agent_core.rl.store.folding import MOST_UNSCORED, State
from agent_core.rl.store.keeping import Keeping, LeftOut, sound_record
from agent_core.rl.store.log import LONGEST
from tests.fakes.rl_records import decision, history, said, signal

GOOD = [json.loads(to_line(record)) for record in history("w", 6)]
Anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=90)
    | st.sampled_from(("grep", "tree", "accepted", "reset", "w:3", "w:99999999999999999999", ":", "\x1b[2J")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A record of which some parts are something else."""
    plain: dict[str, Any] = dict(draw(st.sampled_from(GOOD)))
    for name in draw(st.lists(st.sampled_from([*plain, "learn", "error", "new"]), max_size=3)):
        plain[name] = draw(Anything)
    return json.dumps(plain).encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.one_of(broken(), st.binary(max_size=60)), max_size=12))
def test_whatever_comes_the_state_is_kept_and_read_again(tmp_path: Path, lines: list[bytes]) -> None:
    state = State()
    for line in lines:
        if (record := sound_record(line)) is not None:
            state.take(record)
    path = tmp_path / "state.json"
    statefile.save(path, state, 0.0)
    again = statefile.read(path).state
    assert again is not None and said(again, tmp_path) == said(state, tmp_path)


def test_the_largest_records_do_not_make_a_state_that_is_too_large(tmp_path: Path) -> None:
    state = State()
    names = [*SAFE_TOOLS, *("t" * 60 + f"{number:04}" for number in range(50))]
    for number in range(MOST_UNSCORED + 5):
        features = {"f" * 60 + f"{each:04}": 0.123456789 for each in range(255)}
        made = msgspec.structs.replace(
            decision("w" * 110 + f":{number * 1000 + 1}", **features),
            shown=tuple(names), propensities=tuple(1.0 for _ in names), allowed=tuple(names),
        )  # fmt: skip
        assert sound_record(to_line(made)) is not None and len(to_line(made)) < LONGEST
        state.take(made)
        every = [(name, part) for name in names for part in PARTS]
        for count, (name, part) in enumerate(every, number * 1000 + 2):
            assert state.take(signal(made, name, part, "w" * 110 + f":{count}"))
    path = tmp_path / "state.json"
    statefile.save(path, state, 0.0)
    assert path.stat().st_size < STATE_LIMIT
    assert statefile.read(path).state is not None


@pytest.mark.parametrize(
    "record",
    [
        decision("w:1", 2e9), decision("w:1", float("inf")), decision("w" * 200 + ":1"), decision("w"),
        decision("w:1", **{"x" * 65: 1.0}), decision("w:1", x=float("nan")),
        msgspec.structs.replace(decision("w:1"), policy="p" * 70_000),
    ],
)  # fmt: skip
def test_what_cannot_be_is_left_out(record: Record, tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, clock=lambda: 1e9, tell=lambda _: None)
    keeping.load()
    left_out = LeftOut()
    assert not keeping.apply(record, left_out) and left_out.unsound == 1
