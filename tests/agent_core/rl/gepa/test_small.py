"""The small parts: comparing, the budget, new instructions, and what was changed."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.rl.gepa.api import Budget, Outcome, Progress, Report, Spent
from agent_core.rl.gepa.comparing import CHANCE, Compared, beyond_chance, compare
from agent_core.rl.gepa.lines import changed_lines, f1
from agent_core.rl.gepa.proposing import instructions_in, told
from agent_core.rl.gepa.purse import BudgetSpent, Purse
from agent_core.rl.gepa.saying import in_short, progress_line, table
from agent_core.rl.gepa.watching import Watching
from agent_core.text import human_duration, printable

SCORES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12)


def won(found: Compared) -> bool:
    """Whether it is beyond chance where no other prompt was tried."""
    return beyond_chance((found.chance,))[0]


def test_a_gain_on_every_example_is_no_chance() -> None:
    found = compare([0.0] * 5, [1.0] * 5)
    assert (found.before, found.after, found.better, found.worse) == (0.0, 1.0, 5, 0)
    assert found.chance == 1 / 32 and won(found)


def test_a_gain_on_few_examples_may_be_chance() -> None:
    found = compare([0.0, 0.0, 0.5, 0.5, 0.5], [1.0, 1.0, 0.5, 0.5, 0.5])
    assert found.after > found.before and found.chance == 1 / 4 and not won(found)


def test_one_great_gain_among_losses_is_no_win() -> None:
    found = compare([0.0, 0.5, 0.5, 0.5, 0.5, 0.5], [1.0, 0.4, 0.4, 0.4, 0.4, 0.4])
    assert found.after > found.before and found.worse == 5 and not won(found)


def test_no_difference_is_no_win() -> None:
    assert not won(compare([0.5] * 20, [0.5] * 20))


def test_many_examples_are_drawn_and_come_to_the_same_each_time() -> None:
    spread = [0.1 * ((n % 5) - 1.5) for n in range(20)]
    one, two = (compare([0.5] * 20, [0.5 + d for d in spread]) for _ in range(2))
    assert one == two and 0 < one.chance < 1


@given(SCORES)
def test_what_is_better_one_way_is_worse_the_other(scores: list[tuple[float, float]]) -> None:
    before, after = zip(*scores, strict=True)
    one, two = compare(before, after), compare(after, before)
    assert (one.better, one.worse) == (two.worse, two.better)
    assert not (won(one) and won(two)) and 0 < one.chance <= 1
    assert not won(one) or (one.chance <= CHANCE and one.after > one.before)


def test_a_win_is_rare_where_there_is_no_difference() -> None:
    """Over all ways in which 8 differences of one size can fall, a win comes at most as often as it may."""
    wins = 0
    for signs in itertools.product((0.1, -0.1), repeat=8):
        wins += won(compare([0.5] * 8, [0.5 + sign for sign in signs]))
    assert 0 < wins / 256 <= CHANCE


@pytest.mark.parametrize(
    ("chances", "found"),
    [
        ((), ()),
        ((0.1,), (True,)),
        ((0.06, 0.06), (False, False)),
        ((0.1, 0.05), (True, True)),
        ((0.04, 0.03, 0.5), (True, True, False)),
        ((0.04, 0.034, 0.01), (True, True, True)),
        ((0.01, 0.07, 0.06), (True, False, False)),
        ((0.1, *[1.0] * 8), (False,) * 9),
        ((0.011, *[1.0] * 8), (True, *[False] * 8)),
    ],
)
def test_the_more_prompts_are_tried_the_less_likely_a_gain_has_to_be(
    chances: tuple[float, ...], found: tuple[bool, ...]
) -> None:
    assert beyond_chance(chances) == found


@given(st.lists(st.floats(0, 1), max_size=12))
def test_what_is_less_likely_is_never_refused_alone(chances: list[float]) -> None:
    found = beyond_chance(chances)
    for one, two in itertools.permutations(zip(chances, found, strict=True), 2):
        assert not two[1] or one[1] or one[0] >= two[0]
    assert all(chance <= CHANCE for chance, is_won in zip(chances, found, strict=True) if is_won)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("budget", "what"),
    [(Budget(calls=2), "2 calls"), (Budget(tokens=30), "30 tokens"), (Budget(seconds=4), "4 seconds")],
)
def test_each_part_of_a_budget_ends_it(budget: Budget, what: str) -> None:
    clock = Clock()
    purse = Purse(budget, clock=clock)
    for _ in range(2):
        purse.take()
        purse.used(15)
        clock.now += 2
    with pytest.raises(BudgetSpent, match=what):
        purse.take()
    assert (purse.spent.calls, purse.spent.tokens, purse.spent.seconds) == (2, 30, 4.0)


def test_what_comes_next_is_reckoned_by_what_was() -> None:
    clock = Clock()
    purse = Purse(Budget(calls=100, tokens=100, seconds=100), clock=clock)
    clock.now += 1000
    assert purse.affords(100) and purse.seconds_left == 100, "the time begins with the first call"
    purse.take()
    purse.used(10)
    clock.now += 5
    assert purse.affords(9) and not purse.affords(10)
    share = purse.share(3)
    assert (share.calls, share.tokens, share.seconds) == (34, 40, 5 + 95 / 3)
    assert purse.affords(3, share=share) and not purse.affords(4, share=share)
    assert purse.seconds_left == 95
    assert (purse.parts(3, most=8), purse.parts(3, most=2), purse.parts(50, most=8)) == (3, 2, 1)


GOOD = "Cite the first place that is shown as `path:line`."


@pytest.mark.parametrize(
    "reply",
    [
        GOOD, f"```\n{GOOD}\n```", f"Here are the new instructions:\n\n{GOOD}", f"<think>hm</think>\n{GOOD}",
        f"Sure, this is better:\n```text\n{GOOD}\n```", f"```{GOOD}", f"~~~\n{GOOD}\n~~~\nI hope this helps!",
    ],
)  # fmt: skip
def test_instructions_are_found_however_they_are_wrapped(reply: str) -> None:
    assert instructions_in(reply, 200) == GOOD


@pytest.mark.parametrize("reply", ["", "```\n```", "Too short.", "x" * 201, f"<think>{GOOD}</think>"])
def test_what_are_no_instructions_is_not_taken(reply: str) -> None:
    assert instructions_in(reply, 200) == ""


@given(st.text(max_size=300))
def test_instructions_never_hide_anything(reply: str) -> None:
    found = instructions_in(reply, 200)
    assert printable(found) == found and len(found) <= 200


@given(st.lists(st.text(max_size=2000), min_size=1, max_size=3), st.integers(600, 4000))
def test_what_is_told_of_examples_is_bounded(texts: list[str], room: int) -> None:
    rows = [{"Inputs": {"a": t}, "Generated Outputs": {"b": t}, "Feedback": t} for t in texts]
    assert len(told(rows, room)) <= room + 100 * len(rows)


def test_what_is_told_of_an_example_has_all_of_it() -> None:
    rows = [{"Inputs": {"a": "place", "tools": "[]"}, "Generated Outputs": {}, "Feedback": "no citation"}]
    assert told(rows, 1000) == "1. Given:\nplace\nReply:\n(nothing)\nWhat was wrong: no citation"


def test_changed_lines_and_how_far_they_are_the_same() -> None:
    assert changed_lines("a\nb\nc", "a\n  x\nc") == {"-b", "+x"}
    assert changed_lines("a", "a") == set()
    assert (f1({"a"}, {"a"}), f1({"a"}, {"b"}), f1({"a", "b"}, {"a"})) == (1.0, 0.0, 2 / 3)


def outcome(verdict: Any, **more: Any) -> Outcome:
    return Outcome(
        target="ask.conclude", verdict=verdict, learn=12, validate=8, sources={"history": 20}, **more
    )


FIGURES: dict[str, Any] = {"before": 0.25, "after": 0.75, "better": 6, "worse": 1, "chance": 0.0234}


GAIN = "0.25 → 0.75 (+0.50) on 8 examples, better on 6, worse on 1, by chance 2.3%"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (outcome("won", version=2, **FIGURES), f"saved as version 2: {GAIN}"),
        (outcome("equal", **FIGURES), f"kept: {GAIN}, which is not better beyond chance"),
        (
            outcome("equal", among=9, **FIGURES),
            f"kept: {GAIN}, which is not better beyond chance among 9 prompts",
        ),
        (outcome("equal", before=0.5, note="n"), "kept: 0.50, no better candidate was found (n)"),
        (outcome("perfect", before=1.0), "left alone: it scores 1.00"),
        (outcome("budget", note="The time was up"), "not decided: The time was up"),
        (outcome("budget", before=0.5, note="x\ny"), "measured 0.50, then not decided: x y"),
        (outcome("scarce"), "left alone: it takes 5 examples to learn from and 5 others"),
    ],
)
def test_what_came_of_a_prompt_is_said_with_its_figures(made: Outcome, said: str) -> None:
    spent = Spent(calls=9, tokens=1200, seconds=60.0)
    report = Report(model="small", outcomes=(made,), spent=spent, notes=("n",))
    first, empty, last, note = table(report).split("\n")
    assert first == f"ask.conclude  12 + 8 examples (20 of history)  {said}"
    assert (empty, last, note) == ("", f"9 calls, 1,200 tokens, {human_duration(60)} of small", "n")
    won, tried = int(made.verdict == "won"), int(made.before is not None)
    assert in_short(report) == f"{won} of {tried} prompt{'' if tried == 1 else 's'} improved"


def test_how_far_it_is_is_said() -> None:
    assert progress_line(Progress(phase="collecting")) == "collecting examples"
    far = Progress(
        phase="improving", target="ask.conclude", number=1, total=3, candidates=2, best=0.5,
        spent=Spent(calls=12, tokens=900, seconds=61.0),
    )  # fmt: skip
    assert progress_line(far).startswith(
        "ask.conclude (1 of 3): improving it, best 0.50 of 2 candidates; 12 calls"
    )


class Follow:
    """A watcher, what it was told, and whether there is enough."""

    def __init__(self) -> None:
        self.enough = True
        self.shown: list[dict[str, Any]] = []
        self.watching = Watching(affords=lambda: self.enough, show=lambda **what: self.shown.append(what))

    def rounds(self, count: int) -> int:
        """How many of so many rounds were made until it said stop."""
        for number in range(count):
            if self.watching.stop(None):
                return number
            self.watching.on_iteration_start(None)
        return count

    def found(self, number: int, score: float) -> None:
        self.watching.on_valset_evaluated({"candidate_idx": number, "average_score": score})


def test_gepa_ends_when_there_is_nothing_left_to_improve() -> None:
    follow = Follow()
    follow.found(0, 0.5)
    assert follow.rounds(3) == 3
    follow.found(1, 1.0)
    assert follow.rounds(3) == 0
    assert follow.shown[-1] == {"candidates": 2, "best": 1.0} and follow.watching.rounds == 3


def test_gepa_ends_when_the_budget_does_or_when_nothing_comes_of_it() -> None:
    follow = Follow()
    follow.found(0, 0.5)
    assert follow.rounds(100) == 10
    follow.found(1, 0.6)
    assert follow.rounds(4) == 4
    follow.enough = False
    assert follow.rounds(4) == 0
