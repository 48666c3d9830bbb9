"""What people and the agent do, as parts of rewards."""

from __future__ import annotations

from typing import Any

import pytest

from agent_core.errors import ErrorInfo
from agent_core.events import Outcome, PlaceOpened, ToolFinished, TurnFinished, TurnKind, TurnStarted, Usage
from agent_core.rl.api import LOWEST, PARTS, SAFE_TOOLS
from agent_core.rl.credit import TURNS_KEPT, Credit, score_of
from agent_core.rl.records import Decision, Score, Signal


def decision(name: str = "w:1", *shown: str, turn: bool = False) -> Decision:
    tools = shown or SAFE_TOOLS
    return Decision(
        id=name, at=1.0, surface="turn" if turn else "pane", features={"bias": 1.0}, allowed=tools,
        shown=tools, propensities=tuple(1 / (len(tools) - place) for place in range(len(tools))),
        policy="thompson",
    )  # fmt: skip


class Story:
    """What happens, told in a few words; everything that is to be recorded is kept."""

    def __init__(self) -> None:
        self.credit = Credit()
        self.records: list[Signal | Score] = []
        self._turns = 0

    def begin(self, text: str, kind: TurnKind) -> str:
        self._turns += 1
        self.records += self.credit.take(TurnStarted(turn_id=f"t{self._turns}", text=text, kind=kind))
        return f"t{self._turns}"

    def tool(self, turn: str, name: str, *paths: str, error: ErrorInfo | None = None) -> None:
        event = ToolFinished(
            turn_id=turn, call_id="c", name=name, summary="", text="", seconds=0.0, error=error,
            data={"hits": [{"path": path, "start": 1, "end": 1} for path in paths]},
        )  # fmt: skip
        self.records += self.credit.take(event)

    def end(self, turn: str, outcome: Outcome = "answered", error: str = "", **data: Any) -> None:
        event = TurnFinished(
            turn_id=turn, outcome=outcome, reason="", text="", exit=0, seconds=0.0, usage=Usage(), data=data,
            error=ErrorInfo(error, "") if error else None,
        )  # fmt: skip
        self.records += self.credit.take(event)

    def run(self, command: str, *paths: str, kind: TurnKind = "command") -> None:
        turn = self.begin(command, kind)
        self.tool(turn, command.split()[0], *paths)
        self.end(turn)

    def open(self, path: str) -> None:
        self.records += self.credit.take(PlaceOpened(path=path))

    @property
    def scores(self) -> list[Score]:
        return [record for record in self.records if isinstance(record, Score)]

    @property
    def signals(self) -> list[tuple[str, str]]:
        return [(record.tool, record.part) for record in self.records if isinstance(record, Signal)]


def observed(score: Score) -> dict[str, float]:
    return {one.tool: round(one.reward, 6) for one in score.observed}


def cites(*paths: str) -> dict[str, Any]:
    return {"hits": [{"path": path, "start": 1, "end": 2} for path in paths]}


def test_a_list_that_is_replaced_before_anything_is_done_says_nothing() -> None:
    story = Story()
    story.records += story.credit.show(decision("w:1"))
    story.records += story.credit.show(decision("w:2"))
    assert story.records == []


def test_a_list_that_was_passed_over_counts_against_its_first_alone() -> None:
    story = Story()
    story.credit.show(decision())
    turn = story.begin("how is a port parsed?", "task")
    story.end(turn)
    (score,) = story.scores
    assert score.status == "ignored"
    assert observed(score) == {"ctx": 0.0}


def test_what_was_accepted_led_to_what_was_opened_and_those_above_were_passed_over() -> None:
    story = Story()
    story.credit.show(decision())
    story.records += story.credit.accept("w:1", "grep", "grep -w port")
    story.run("grep -w port", "src/port.py")
    assert story.scores == [], "more may come of it"
    story.open("src/other.py")
    story.open("src/port.py")
    story.open("src/port.py")
    assert story.signals == [("grep", "accepted"), ("grep", "opened")], "each part once"
    for _ in range(TURNS_KEPT):
        story.run("help")
    (score,) = story.scores
    assert score.status == "accepted"
    assert observed(score) == {
        "ctx": 0.0,
        "codectx": 0.0,
        "grep": round(PARTS["accepted"] + PARTS["opened"], 6),
    }


def test_a_queued_suggestion_is_known_again_when_it_runs() -> None:
    story = Story()
    story.credit.show(decision())
    story.records += story.credit.accept("w:1", "ctx", "ctx")
    story.end(story.begin("something that was typed before", "task"))
    story.run("ctx", "a.py")
    story.open("a.py")
    assert story.signals == [("ctx", "accepted"), ("ctx", "opened")]


def test_a_command_typed_by_hand_is_used_and_the_first_was_not() -> None:
    story = Story()
    story.credit.show(decision())
    story.run("esearch port", "src/port.py")
    story.records += story.credit.close()
    (score,) = story.scores
    assert score.status == "used"
    assert observed(score) == {"ctx": 0.0, "esearch": PARTS["used"]}


def test_a_tool_that_failed_was_of_no_use() -> None:
    story = Story()
    story.credit.show(decision())
    turn = story.begin("esearch port", "command")
    story.tool(turn, "esearch", "src/port.py", error=ErrorInfo("tool", "broke"))
    story.end(turn)
    assert [score.status for score in story.scores] == ["ignored"]


def test_what_the_agent_ran_counts_only_where_its_answer_cites_it() -> None:
    """That a tool printed something is no use by itself."""
    story = Story()
    story.credit.show(decision(turn=True), "t1")
    turn = story.begin("where is the port?", "task")
    story.tool(turn, "grep", "src/port.py")
    story.tool(turn, "tree", "README.md")
    story.end(turn, **cites("src/port.py"))
    assert story.signals == [("grep", "cited")]
    story.records += story.credit.close()
    (score,) = story.scores
    assert observed(score) == {"ctx": 0.0, "grep": PARTS["cited"]}
    assert score.status == "used"


def test_a_verified_change_of_what_was_found_is_credited_turns_later() -> None:
    story = Story()
    story.credit.show(decision())
    story.records += story.credit.accept("w:1", "ctx", "ctx")
    story.run("ctx", "src/port.py", "src/host.py")
    turn = story.begin("fix it", "task")
    story.end(turn, "verified", changed=["src/port.py"])
    story.run("help")
    (score,) = story.scores
    assert observed(score) == {"ctx": round(PARTS["accepted"] + PARTS["verified"], 6)}


def test_a_change_that_did_not_verify_is_no_success() -> None:
    story = Story()
    story.credit.show(decision(turn=True), "t1")
    turn = story.begin("fix it", "task")
    story.tool(turn, "grep", "src/port.py")
    story.end(turn, "changed", changed=["src/port.py"])
    assert story.signals == []


def test_a_turn_that_was_cancelled_says_nothing() -> None:
    story = Story()
    story.credit.show(decision(turn=True), "t1")
    story.end(story.begin("where?", "task"), "stopped", "interrupted")
    assert story.credit.close() == [] and story.records == []


def test_what_was_dismissed_is_worth_less_than_nothing() -> None:
    story = Story()
    story.credit.show(decision())
    story.records += story.credit.dismiss("w:1", "tree")
    story.records += story.credit.show(decision("w:2"))
    (score,) = story.scores
    assert score.status == "dismissed"
    assert observed(score) == {"ctx": 0.0, "tree": LOWEST}


def test_a_decision_is_scored_once_whatever_comes() -> None:
    story = Story()
    story.credit.show(decision())
    story.records += story.credit.accept("w:1", "grep", "grep x")
    for _ in range(6):
        story.run("grep x", "a.py")
        story.open("a.py")
    story.records += story.credit.close() + story.credit.close()
    assert [score.decision for score in story.scores] == ["w:1"]
    assert story.credit.accept("w:1", "grep", "grep x") == [], "it is not open any more"


def test_open_decisions_are_bounded() -> None:
    story = Story()
    for number in range(200):
        story.records += story.credit.show(decision(f"w:{number}", turn=True), f"x{number}")
    assert len(story.scores) > 100
    assert len({score.decision for score in story.scores}) == len(story.scores)


@pytest.mark.parametrize("tool", ["unknown", "context"])
def test_a_tool_that_was_not_shown_is_left_out_of_the_score(tool: str) -> None:
    score = score_of(decision(), {tool: {"accepted": 1.0}})
    assert [one.tool for one in score.observed] == ["ctx"]
