"""Every event has its words, or is left out on purpose; no words of ours are symbols."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from agent_core import events as e
from agent_core.checkpoints.api import ChangedFile
from agent_core.errors import ErrorInfo
from agent_core.index.api import IndexStatus
from agent_core.rl.api import Suggestion
from agent_core.verify.api import Report
from tests.plain.conftest import SYMBOLS
from tui.plain.speaking import Speaking

ERROR = ErrorInfo("tool", "it broke", "Mend `it`.")
USAGE = e.Usage(prompt_tokens=1200, completion_tokens=50, cost_usd=0.0012)
SAID: dict[type[Any], tuple[Any, list[str]]] = {
    e.TurnStarted: (e.TurnStarted(turn_id="1", text="why?", kind="task"), []),
    e.TurnQueued: (
        e.TurnQueued(turn_id="2", text="and\nthen?", position=1),
        ["Waits, number 1: and then?"],
    ),
    e.TurnUnqueued: (e.TurnUnqueued(turn_id="2"), ["What waited was taken back; it does not run."]),
    e.ContextPacked: (
        e.ContextPacked(
            turn_id="1", used=9, window=10, items=(e.ContextItem("hit", "a.py", 5, included=False),)
        ),
        ["The model's window has no room for 1 part of what was gathered; window tells."],
    ),
    e.ModelCallStarted: (
        e.ModelCallStarted(turn_id="1", step=1, model="m", purpose="answer", prompt_tokens=1),
        [],
    ),
    e.ModelProgress: (e.ModelProgress(turn_id="1", phase="reading", seconds=12.0), []),
    e.TextDelta: (
        e.TextDelta(turn_id="1", text="It is defined in a.py and there alone. And"),
        ["It is defined in a.py and there alone."],
    ),
    e.ReasoningDelta: (e.ReasoningDelta(turn_id="1", text="hm"), []),
    e.ToolStarted: (
        e.ToolStarted(turn_id="1", call_id="c", name="cat", command="cat src/app.py", action="read"),
        ["And", "Reading src/app.py."],
    ),
    e.ToolProgress: (e.ToolProgress(turn_id="1", call_id="c", text="half\n"), []),
    e.HookRunning: (
        e.HookRunning(turn_id="1", call_id="c", name="h", on="after_tool", seconds=3.0),
        [],
    ),
    e.ToolFinished: (
        e.ToolFinished(
            turn_id="1", call_id="c", name="cat", summary="12 lines", text="x", data={}, seconds=0.31
        ),
        ["Done: 12 lines, 0.3 s."],
    ),
    e.ChecksFinished: (
        e.ChecksFinished(
            turn_id="1",
            round=1,
            files=("a.py",),
            reports=(
                Report(verifier="pytest", kind="run_tests", command="pytest", state="passed", passed=3),
            ),
        ),
        ["Checked: pytest passed after 0.0 s (3 passed)."],
    ),
    e.ApprovalNeeded: (
        e.ApprovalNeeded(turn_id="1", call_id="q", action="shell", command="!ls", reason="", rule="shell:ls"),
        [],
    ),
    e.ApprovalGiven: (
        e.ApprovalGiven(turn_id="1", call_id="q", decision="always"),
        ["Your answer: always."],
    ),
    e.UsageReported: (e.UsageReported(turn_id="1", model="m", usage=USAGE), []),
    e.Notice: (
        e.Notice(level="warning", message="The disk is full", hint="Make `room`"),
        ["Warning: The disk is full.", "Make room."],
    ),
    e.WorkspaceChanged: (
        e.WorkspaceChanged(
            turn_id="1",
            number=3,
            files=(ChangedFile(path="a.py", how="changed", added=2, removed=1),),
            total=1,
            added=2,
            removed=1,
        ),
        ["Files changed: 1, 2 lines added, 1 removed.", "  a.py, changed", "undo takes it back."],
    ),
    e.TurnFinished: (
        e.TurnFinished(turn_id="1", outcome="answered", reason="", text="", exit=0, seconds=3.2, usage=USAGE),
        ["Answered, 3.2 s, 1,200 tokens read and 50 written, cost 0.0012 dollars."],
    ),
    e.ModelChanged: (
        e.ModelChanged(provider="ollama", model="qwen3:1.7b", state="ready", window=8192),
        ["Model: qwen3:1.7b, a window of 8,192 tokens."],
    ),
    e.PullProgress: (e.PullProgress(model="m", status="", done=True), ["Pulled m."]),
    e.IndexChanged: (
        e.IndexChanged(status=IndexStatus(phase="failed", trouble="the disk is full")),
        ["Warning, the index: the disk is full. index --status says how it stands."],
    ),
    e.SessionOpened: (
        e.SessionOpened(session_id="s", name="parser", turns=3, waiting=("and?",)),
        ["Resumed: parser, 3 turns.", "Never ran: and?"],
    ),
    e.HistoryCompacted: (
        e.HistoryCompacted(turn_id="1", exchanges=(), before=9000, after=700),
        ["The conversation was summed up: 9,000 tokens became 700."],
    ),
    e.SuggestionsRanked: (e.SuggestionsRanked(items=(), evidence=""), []),
    e.ToolSuggested: (
        e.ToolSuggested(turn_id="1", suggestion=Suggestion("ctx", "ctx", "what went wrong", 0.5)),
        ["RL suggested tool: ctx (50%), what went wrong."],
    ),
    e.PlaceOpened: (e.PlaceOpened(path="a.py"), []),
    e.BusChanged: (
        e.BusChanged(state="up", where="localhost:9092", topics=("logs.ctx.web",)),
        ["Note: Kafka answers at localhost:9092: 1 topic of ours, key events of 1 service."],
    ),
    e.TrainingChanged: (
        e.TrainingChanged(command="rl train", state="ended", told="120 steps", version=2),
        ["The training ended. 120 steps. It made policy 2."],
    ),
}


def speaking(at: float = 0.0) -> Speaking:
    return Speaking(clock=lambda: at)


def test_every_event_is_here() -> None:
    assert set(SAID) == set(get_args(e.Event))


def test_each_is_told_like_this_one_after_the_other() -> None:
    said = speaking()
    for event, lines in SAID.values():
        assert said.say(event) == lines


@pytest.mark.parametrize("kind", list(SAID))
def test_no_line_has_a_symbol(kind: type[Any]) -> None:
    event, _ = SAID[kind]
    for line in speaking().say(event):
        assert not SYMBOLS.search(line)


def test_an_error_says_the_next_step_once() -> None:
    said = speaking()
    said.say(e.TurnStarted(turn_id="1", text="cat x", kind="command"))
    said.say(e.ToolStarted(turn_id="1", call_id="c", name="cat", command="cat x", action="read"))
    finished = e.ToolFinished(
        turn_id="1", call_id="c", name="cat", summary="", text="", data={}, seconds=0.1, error=ERROR
    )
    end = e.TurnFinished(
        turn_id="1", outcome="stopped", reason="", text="", exit=1, seconds=0.1, usage=e.Usage(), error=ERROR
    )
    assert [*said.say(finished), *said.say(end)] == ["Failed: it broke, 0.1 s.", "Mend it."]


def test_what_takes_long_is_told_now_and_then_and_not_all_the_time() -> None:
    now = [0.0]
    said = Speaking(clock=lambda: now[0])
    told: list[str] = []
    for second in range(35):
        now[0] = float(second)
        told += said.say(e.ModelProgress(turn_id="1", phase="loading", seconds=float(second)))
    assert len(told) == 3
    assert told[0] == "The model is being loaded. 10 seconds so far."


def test_a_typed_command_is_not_read_out_again_and_its_result_is() -> None:
    said = speaking()
    said.say(e.TurnStarted(turn_id="1", text="!make", kind="shell"))
    started = e.ToolStarted(turn_id="1", call_id="c", name="shell", command="!make", action="shell")
    pieces = [e.ToolProgress(turn_id="1", call_id="c", text=text) for text in ("on", "e\ntw", "o\nend")]
    finished = e.ToolFinished(
        turn_id="1", call_id="c", name="shell", summary="exit 0", text="one\ntwo\nend", data={}, seconds=1.0
    )
    assert said.say(started) == []
    assert [said.say(piece) for piece in pieces] == [[], ["one"], ["two"]]
    assert said.say(finished) == ["end", "Done: exit 0, 1.0 s."], "what was heard is not said again"


def test_what_waited_is_named_when_it_begins() -> None:
    said = speaking()
    assert said.say(e.TurnStarted(turn_id="1", text="!make", kind="shell")) == []
    said.say(e.TurnQueued(turn_id="2", text="ls", position=1))
    assert said.say(e.TurnStarted(turn_id="2", text="ls", kind="command")) == ["Now: ls"]


def test_a_result_that_is_not_read_out_is_summed_up() -> None:
    said = speaking()
    said.say(e.TurnStarted(turn_id="1", text="why?", kind="task"))
    finished = e.ToolFinished(
        turn_id="1", call_id="c", name="ctx", summary="2 events", text="2 events\n", data={}, seconds=1.0
    )
    assert said.say(finished) == ["Done: 2 events, 1.0 s."]


def test_hostile_names_are_pictured() -> None:
    said = speaking()
    said.say(e.TurnStarted(turn_id="1", text="x", kind="task"))
    hostile = "cat \x1b]0;owned\x07\u202eevil\r.py"
    (line,) = said.say(e.ToolStarted(turn_id="1", call_id="c", name="cat", command=hostile, action="read"))
    assert line == "Reading ⟨U+202E⟩evil␍.py."
    assert "\x1b" not in line


def test_that_there_is_no_bus_is_told_where_somebody_chose_one() -> None:
    absent = e.BusChanged(state="refused", where="kafka:9092", fault=ERROR)
    lost = e.BusChanged(state="lost", where="kafka:9092", fault=ERROR)
    assert speaking().say(lost)[0].startswith("Warning: The bus is lost")
    assert Speaking(clock=float, chosen_bus=True).say(absent)


def test_the_events_survive_as_they_are() -> None:
    for event, _ in SAID.values():
        assert e.from_json(msgspec.json.encode(event)) == event
