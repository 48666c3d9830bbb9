from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.rl.api import SAFE_TOOLS
from agent_core.rl.overview import overview
from agent_core.rl.records import Control, Observed, Record, from_line, to_line
from agent_core.rl.store import folding, log, statefile
from agent_core.rl.store.folding import State, is_sound
from agent_core.rl.store.store import Store
from agent_core.workspace import Workspace
from tests.fakes.rl_records import counted, decision, history, opened, said, score, signal

WRITERS = ("a", "b", "c")


def folded(records: list[Record]) -> State:
    state = State()
    for record in records:
        state.take(record)
    return state


@st.composite
def interleaved(draw: st.DrawFn) -> list[Record]:
    """Records of several writers, each in its order, some of them again later."""
    rest = {writer: history(writer, draw(st.integers(0, 9))) for writer in WRITERS}
    order: list[Record] = []
    while any(rest.values()):
        writer = draw(st.sampled_from([writer for writer in WRITERS if rest[writer]]))
        order.append(rest[writer].pop(0))
        if draw(st.booleans()):
            order.append(draw(st.sampled_from(order)))
    return order


@given(records=interleaved(), cut=st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_any_split_with_anything_twice_is_the_same_state(
    records: list[Record], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("folding")
    unique = list({record.id: record for record in records}.values())
    whole = said(folded(unique), folder)
    assert said(folded(records), folder) == whole
    begun = folded(records[:cut])
    statefile.save(folder / "state.json", begun, 0.0)
    going_on = statefile.read(folder / "state.json").state
    assert going_on is not None
    for record in records:
        going_on.take(from_line(to_line(record)))
    assert said(going_on, folder) == whole


class Workplace:
    """Several processes on one workspace, as far as they can be played in one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.stores = [opened(root) for _ in range(3)]
        self.elsewhere = history("elsewhere", 400)
        self.applied = 0
        self.own: dict[str, int] = {}

    def append(self, who: int, how_many: int) -> None:
        for _ in range(how_many):
            made = self.stores[who].append(decision(at=self.stores[who].now(), first=how_many))
            writer, _, number = made.id.rpartition(":")
            self.own[writer] = int(number)
            self.stores[who].append(score(made, grep="opened"))
            self.own[writer] += 1

    def apply(self, who: int, how_many: int) -> None:
        """Some of what was applied before comes again."""
        begin = max(0, self.applied - how_many // 2)
        batch = self.elsewhere[begin : self.applied + how_many]
        assert self.stores[who].apply(batch) == max(0, begin + len(batch) - self.applied)
        self.applied = max(self.applied, begin + len(batch))

    def kill(self, who: int, how_many: int) -> None:
        """Without a farewell, perhaps in the middle of a line."""
        if how_many % 2:
            with self.stores[who].events_file.open("ab") as file:
                file.write(b'{"type":"score","id":"torn')
        self.stores[who] = opened(self.root)

    def save(self, who: int, how_many: int) -> None:
        self.stores[who].save()

    def sync(self, who: int, how_many: int) -> None:
        self.stores[who].sync()


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["append", "append", "apply", "kill", "save", "sync"]),
        st.integers(0, 2),
        st.integers(1, 12),
    ),
    max_size=25,
)


@given(actions=ACTIONS, size=st.sampled_from([2_500, 9_000, 1_000_000]))
@settings(max_examples=40, deadline=None)
def test_processes_that_come_and_go_count_everything_once(
    actions: list[tuple[str, int, int]], size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("root")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(log, "ROTATE_AT", size)
        place = Workplace(root)
        for action, who, how_many in actions:
            do: Callable[[int, int], Any] = getattr(place, action)
            do(who, how_many)
        last = opened(root)
        expected = dict(place.own)
        if place.applied:
            expected["elsewhere"] = place.applied
        assert counted(last.state) == expected
        assert last.state.decisions == sum(place.own.values()) // 2 + (place.applied + 2) // 3
        assert last.state.scores == sum(place.own.values()) // 2 + place.applied // 3
        assert last.state.duplicates == 0
        whole = said(last.state, root)
        for store in place.stores:
            store.sync()
            assert said(store.state, root) == whole
            store.close()
        last.close()


def test_what_is_counted_of_tools() -> None:
    made = decision("a:1", how=0.5)
    state = folded(
        [
            made,
            signal(made, "grep", "opened", "a:2"),
            signal(made, "grep", "opened", "a:3"),
            signal(made, "rm", "opened", "a:4"),
        ]
    )
    assert [one.signals for one in state.unscored.values()] == [(signal(made, "grep", "opened", "a:2"),)]
    assert state.knowledge.updates == 0
    state.take(score(made, "a:5", grep="opened", tree="dismissed"))
    assert not state.unscored
    assert state.scores == state.decisions == 1
    assert state.knowledge.updates == 3
    ctx, grep, tree = (state.tools[tool] for tool in ("ctx", "grep", "tree"))
    assert (ctx.first, ctx.observed, ctx.mean, ctx.parts) == (1, 1, 0.0, {})
    assert (grep.first, grep.observed, grep.mean, grep.parts) == (0, 1, 0.3, {"opened": 1})
    assert (tree.observed, tree.mean, tree.parts) == (1, -0.3, {"dismissed": 1})


def test_what_is_frozen_is_recorded_and_not_learnt() -> None:
    made = decision("a:1")
    state = folded(
        [
            Control(id="b:1", at=1.0, what="freeze"),
            made,
            msgspec.structs.replace(score(made, "a:2", ctx="accepted"), learn=False),
        ]
    )
    assert state.frozen
    assert state.scores == 1
    assert state.tools["ctx"].parts == {"accepted": 1}
    assert state.knowledge.updates == 0
    state.take(Control(id="b:2", at=1.0, what="thaw"))
    assert not state.frozen


def test_what_was_decided_before_a_reset_is_not_learnt_after_it(tmp_path: Path) -> None:
    store, other = opened(tmp_path), opened(tmp_path)
    before = store.append(decision(at=store.now()))
    other.reset()
    store.append(score(before, grep="opened"))
    after = store.append(decision(at=store.now()))
    store.append(score(after, ctx="accepted"))
    store.close()
    for one in (store, other, opened(tmp_path)):
        one.sync()
        assert (one.state.decisions, one.state.scores) == (1, 1)
        assert "grep" not in one.state.tools
    assert [told.id for told in overview(opened(tmp_path), "thompson").recent] == [after.id]


def test_a_reset_forgets_all_but_who_wrote(tmp_path: Path) -> None:
    state = folded([*history("a", 30), Control(id="b:1", at=1.0, what="reset")])
    fresh = State()
    assert (state.decisions, state.scores, state.tools, state.unscored) == (0, 0, {}, {})
    assert state.knowledge.to_plain() == fresh.knowledge.to_plain()
    assert state.resets == 1
    assert counted(state) == {"a": 30, "b": 1}


def test_writers_and_unscored_decisions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "MOST_WRITERS", 5)
    monkeypatch.setattr(folding, "MOST_UNSCORED", 4)
    state = State()
    touched = decision("first:1", at=1.0)
    for record in (touched, signal(touched, record_id="first:2")):
        state.take(record)
    for number in range(20):
        state.take(decision(f"w{number}:1", at=10.0 + number))
    assert list(state.unscored) == ["first:1", "w17:1", "w18:1", "w19:1"]
    assert list(state.marks.writers) == [f"w{number}" for number in range(15, 20)]
    assert state.marks.may_forget(decision("w3:1", at=13.0))
    assert not state.marks.may_forget(decision("w16:1", at=26.0))
    assert not state.marks.may_forget(decision("new:1", at=26.0))


def test_a_writer_that_may_be_forgotten_is_refused_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "MOST_WRITERS", 5)
    store = Store(Workspace.open(tmp_path), clock=lambda: 5.0)  # a clock that is far behind
    store.open()
    for number in range(10):
        assert store.apply([decision(f"w{number}:1", at=100.0 + number)]) == 1
    assert store.apply([decision("w1:1", at=101.0), decision("new:1", at=200.0)]) == 1
    assert store.left_out.too_old == 1
    own = store.append(decision(at=store.now()))
    assert own.id in store.state.unscored
    assert opened(tmp_path).state.decisions == store.state.decisions == 12


def other(record: Record, **values: Any) -> Record:
    return msgspec.structs.replace(record, **values)


@pytest.mark.parametrize(
    "record",
    [
        decision("no number:x"),
        decision(":1"),
        decision("x" * 200 + ":1"),
        decision("a:" + "9" * 30),
        decision("a:" + "9" * 9000),
        decision("a:1", at=-1.0),
        decision("a:1", at=1e300),
        decision("a:1", far=float("inf")),
        other(decision("a:1"), propensities=(0.5,)),
        other(decision("a:1"), propensities=(1.5,) * 11),
        other(decision("a:1"), shown=(), propensities=()),
        other(decision("a:1"), features={f"f{number}": 1.0 for number in range(1000)}),
        other(score(decision("a:1"), "a:2"), observed=(Observed(tool="ctx", position=1, reward=1e9),)),
    ],
)
def test_numbers_that_cannot_be_are_left_out(record: Record, tmp_path: Path) -> None:
    assert not is_sound(record)
    store = opened(tmp_path)
    assert store.apply([record]) == 0
    assert store.left_out.unsound == 1
    with pytest.raises(ValueError):
        store.append(record)  # pyright: ignore[reportArgumentType]
    assert not store.events_file.exists()
    store.close()


def test_tools_of_another_version_are_passed_over() -> None:
    made = other(decision("a:1"), shown=("divine", *SAFE_TOOLS[:10]))
    told = other(score(made, "a:2"), observed=(Observed(tool="divine", position=1, reward=0.5),))
    state = folded([made, told])
    assert (state.decisions, state.scores, state.tools) == (1, 1, {})


def test_interleaving_matters_for_nothing_but_the_order(tmp_path: Path) -> None:
    """Two processes that read the same log in different pieces have the same state, bit for bit."""
    one, two = opened(tmp_path), opened(tmp_path)
    chance = random.Random(5)
    for number in range(60):
        made = (one, two)[number % 2].append(decision(at=1.0, first=number % 11, how=chance.random()))
        (one, two)[chance.randrange(2)].append(score(made, intel="cited", ctx="accepted"))
        if chance.random() < 0.3:
            one.sync()
    one.sync()
    two.sync()
    assert said(one.state, tmp_path) == said(two.state, tmp_path)
    assert one.state.place == two.state.place
    one.close()
    two.close()
