"""Sessions as they are saved: the file after each event, after a kill, and read again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.errors import ToolError, UsageError
from agent_core.events import (
    Event,
    SessionOpened,
    TextDelta,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    TurnFinished,
    TurnQueued,
    TurnStarted,
    TurnUnqueued,
    Usage,
)
from agent_core.files import BusyError
from agent_core.masking import mask_secrets
from agent_core.session.saved import store as stores
from agent_core.session.saved.conversation import Conversation, exchanges_of
from agent_core.session.saved.markdown import as_markdown
from agent_core.session.saved.model import Loaded
from agent_core.session.saved.saving import Saving
from agent_core.session.saved.shrink import line_of
from agent_core.session.saved.store import SavedSessions
from agent_core.text import encodable
from agent_core.workspace import Workspace
from tests.fakes.session import Echo, Wait, make_session

SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2"


def opened(root: Path) -> tuple[Conversation, SavedSessions]:
    store = SavedSessions(Workspace.open(root))
    saving = Saving(store=store, mask=mask_secrets, enabled=True)
    return Conversation(store=store, saving=saving), store


def turn(conversation: Conversation, text: str, answer: str = "", kind: Any = "task") -> str:
    """A whole turn of this text, whose answer comes word by word."""
    turn_id = conversation.next_turn_id()
    conversation.take(TurnStarted(turn_id=turn_id, text=text, kind=kind))
    for word in answer.split(" "):
        conversation.take(TextDelta(turn_id=turn_id, text=word + " "))
    said = "".join(word + " " for word in answer.split(" "))
    conversation.take(finished(turn_id, text=said))
    return turn_id


def finished(turn_id: str, *, text: str = "", **more: Any) -> TurnFinished:
    usage = Usage(prompt_tokens=10, completion_tokens=5)
    values: dict[str, Any] = {
        "outcome": "answered",
        "reason": "",
        "exit": 0,
        "seconds": 1.0,
        "usage": usage,
        **more,
    }
    return TurnFinished(turn_id=turn_id, text=text, **values)


def lines_of(store: SavedSessions, conversation: Conversation) -> list[dict[str, Any]]:
    return [json.loads(line) for line in store.path_of(conversation.id).read_bytes().splitlines()]


async def test_nothing_is_written_before_the_first_turn(tmp_path: Path) -> None:
    conversation, store = opened(tmp_path)
    turn(conversation, "sessions", kind="command")
    turn(conversation, "/resume last", kind="command")
    assert conversation.close() == ()
    assert not list(tmp_path.iterdir())
    assert store.list() == []


async def test_each_event_is_in_the_file_before_it_is_seen(tmp_path: Path) -> None:
    session, seen = make_session(tmp_path, Echo(), saved=True)
    path = session.conversation.store.path_of(session.conversation.id)
    publish, there = session.bus.publish, list[bool]()

    def look(event: Event) -> None:
        if isinstance(event, TurnStarted | ToolStarted | ToolFinished | TurnFinished):
            kind = json.loads(path.read_bytes().splitlines()[-1])["type"]
            there.append(kind == event.__struct_config__.tag)
        publish(event)

    session.bus.publish = look  # type: ignore[method-assign]
    session.submit("echo hello")
    await session.idle()
    assert there == [True] * 4
    await session.aclose()
    assert seen.one(TurnFinished).outcome == "answered"


async def test_a_long_answer_is_a_few_lines_and_reads_back_whole(tmp_path: Path) -> None:
    conversation, store = opened(tmp_path)
    answer = " ".join(f"word{number}" for number in range(20_000))
    turn(conversation, "tell me all", answer)
    rows = lines_of(store, conversation)
    assert len(rows) < 20
    assert rows[-1]["text"] == "", "what was streamed is not saved twice"
    loaded = store.load(conversation.id)
    (exchange,) = exchanges_of(loaded.records)
    assert exchange.question == "tell me all"
    assert exchange.answer == answer + " "
    assert loaded.saved.turns == 1
    assert loaded.saved.tokens == 15


@pytest.mark.parametrize("cut", [3, 17, 40])
async def test_secrets_are_masked_wherever_a_text_is_cut_into_pieces(tmp_path: Path, cut: int) -> None:
    conversation, store = opened(tmp_path)
    turn_id = conversation.next_turn_id()
    text = f"line\ntoken = {SECRET}\nend\n"
    conversation.take(TurnStarted(turn_id=turn_id, text=f"use {SECRET}", kind="task"))
    for start in range(0, len(text), cut):
        conversation.take(TextDelta(turn_id=turn_id, text=text[start : start + cut]))
    conversation.take(ToolStarted(turn_id=turn_id, call_id="c", name="x", command=SECRET, action="read"))
    data = {"deep": [{"er": f"x {SECRET}"}]}
    conversation.take(
        ToolFinished(turn_id=turn_id, call_id="c", name="x", summary="", text=SECRET, data=data, seconds=0)
    )
    conversation.take(finished(turn_id, text=text))
    conversation.close(waiting=(SECRET,))
    content = store.path_of(conversation.id).read_text()
    assert SECRET not in content
    assert "line" in content


async def test_a_turn_that_was_cut_off_ends_as_interrupted_and_broken_lines_are_named(tmp_path: Path) -> None:
    conversation, store = opened(tmp_path)
    turn(conversation, "first", "yes")
    half = conversation.next_turn_id()
    conversation.take(TurnStarted(turn_id=half, text="second", kind="task"))
    waits = conversation.next_turn_id()
    conversation.take(TurnQueued(turn_id=waits, text="third", position=1))
    path = store.path_of(conversation.id)
    rows = path.read_bytes().splitlines(keepends=True)
    rows.insert(2, b'{"type": "text_delta", "turn_id": 1\n')
    rows.insert(3, b'{"type": "from_the_future", "at": 1, "x": {}}\n')
    path.write_bytes(b"".join(rows) + b'{"type":"turn_fin')
    loaded = store.load(conversation.id)
    last = loaded.records[-1].event
    assert isinstance(last, TurnFinished)
    assert (last.turn_id, last.outcome, last.error and last.error.code) == (half, "stopped", "interrupted")
    assert loaded.waiting == ("third",)
    assert "2 lines could not be read (3, " in loaded.warnings[0]
    assert loaded.count == 3


async def test_what_goes_on_in_a_session_has_other_turn_ids_and_continues_its_file(tmp_path: Path) -> None:
    first, store = opened(tmp_path)
    ids = [turn(first, "one", "1"), turn(first, "two", "2")]
    with pytest.raises(BusyError):
        await opened(tmp_path)[0].prepare(first.id)
    first.close()
    second, _ = opened(tmp_path)
    await second.prepare("last")
    with pytest.raises(BusyError):
        await opened(tmp_path)[0].prepare("last")
    loaded = second.switch()
    assert loaded is not None
    assert second.id == first.id
    ids.append(turn(second, "three", "3"))
    second.close()
    assert ids == [f"{first.id}.{number}" for number in (1, 2, 3)]
    assert [pair.question for pair in exchanges_of(store.load(first.id).records)] == ["one", "two", "three"]
    await asyncio.gather(opened(tmp_path)[0].prepare("last"))


async def test_a_fork_goes_its_own_way(tmp_path: Path) -> None:
    conversation, store = opened(tmp_path)
    turn(conversation, "one", "1")
    conversation.rename("trunk")
    original = conversation.id
    await conversation.fork(name="branch")
    conversation.switch()
    turn(conversation, "two", "2")
    conversation.close()
    fork = store.find("branch")
    assert fork.id == conversation.id != original
    assert fork.forked_from == original
    assert [pair.question for pair in exchanges_of(store.load(fork.id).records)] == ["one", "two"]
    assert [pair.question for pair in exchanges_of(store.load(original).records)] == ["one"]
    assert store.find("trunk").id == original


async def test_the_index_is_made_anew_and_follows_the_files(tmp_path: Path) -> None:
    conversation, store = opened(tmp_path)
    turn(conversation, "one", "1")
    conversation.close()
    (before,) = store.list()
    index = tmp_path / ".dspy_tui/sessions/index.json"
    for broken in (b"{", b"[]", b'{"schema": 99}'):
        index.write_bytes(broken)
        assert SavedSessions(Workspace.open(tmp_path)).list() == [before]
    store.rename(before.id, "a name")
    assert store.find("a na").name == "a name"
    store.path_of("20200101-000000-0000").write_text("no session\n")
    assert [saved.id for saved in store.list()] == [before.id]
    assert "does not begin as a session does" in store.warnings[0]
    store.delete(before.id)
    assert store.list() == []
    with pytest.raises(UsageError):
        store.find("last")


async def test_the_oldest_without_a_name_go_first_and_an_open_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    for number in range(6):
        conversation, _ = opened(tmp_path)
        turn(conversation, f"prompt {number}", "x")
        if number == 0:
            conversation.rename("kept")
        made.append(conversation.id)
        if number != 1:
            conversation.close()
        os.utime(SavedSessions(Workspace.open(tmp_path)).path_of(conversation.id), (number, number))
    monkeypatch.setattr(stores, "MOST", 3)
    store = SavedSessions(Workspace.open(tmp_path))
    assert store.prune() == 3
    left = {saved.id for saved in store.list()}
    assert {made[0], made[1]} <= left
    assert len(left) == 3


async def test_names_that_mean_something_else_are_refused(tmp_path: Path) -> None:
    conversation, store = opened(tmp_path)
    turn(conversation, "one", "1")
    for name in ("last", conversation.id, "--of", "x" * 81):
        with pytest.raises(UsageError):
            conversation.rename(name)
    conversation.close()
    newer = store.path_of(conversation.id)
    newer.write_bytes(newer.read_bytes().replace(b'"schema":1', b'"schema":2'))
    with pytest.raises(ToolError, match="newer version"):
        store.load(conversation.id)


async def test_a_disk_that_takes_nothing_ends_the_saving_and_not_the_session(tmp_path: Path) -> None:
    conversation, _ = opened(tmp_path)
    (tmp_path / ".dspy_tui").write_text("in the way")
    warning = conversation.take(TurnStarted(turn_id="x.1", text="a", kind="task"))
    assert "not saved any more" in warning
    assert conversation.take(finished("x.1")) == ""


async def test_a_command_that_shows_without_end_does_not_fill_the_file(tmp_path: Path) -> None:
    conversation, store = opened(tmp_path)
    turn_id = conversation.next_turn_id()
    conversation.take(TurnStarted(turn_id=turn_id, text="!yes", kind="shell"))
    for _ in range(1000):
        conversation.take(ToolProgress(turn_id=turn_id, call_id="c", text="y" * 2000 + "\n"))
    conversation.take(finished(turn_id))
    assert store.path_of(conversation.id).stat().st_size < 200_000
    conversation.close()


async def test_a_session_resumes_another_when_its_turn_ends(tmp_path: Path) -> None:
    from agent_core.tools.fork import ForkTool
    from agent_core.tools.resume import ResumeTool

    session, _ = make_session(tmp_path, Echo(), saved=True)
    session.submit("echo hello")
    await session.idle()
    first = session.conversation.id
    await session.aclose()
    again, seen = make_session(tmp_path, Echo(), Wait(), saved=True)
    for tool in (ResumeTool, ForkTool):
        again.registry.add(tool(conversation=again.conversation))
    again.submit("resume last")
    await again.idle()
    assert seen.one(SessionOpened).session_id == first == again.conversation.id
    assert isinstance(again.conversation.earlier[0].event, TurnStarted)
    assert again.submit("fork copy") == f"{first}.2"
    await again.idle()
    assert again.conversation.name == "copy"
    await again.aclose()
    assert len(again.conversation.store.list()) == 2


async def test_prompts_that_wait_go_along_to_the_other_session(tmp_path: Path) -> None:
    from agent_core.tools.resume import ResumeTool

    session, _ = make_session(tmp_path, Echo(), saved=True)
    session.submit("echo hello")
    await session.idle()
    first = session.conversation.id
    await session.aclose()
    again, seen = make_session(tmp_path, Echo(), Wait(), saved=True)
    again.registry.add(ResumeTool(conversation=again.conversation))
    other = again.conversation.id
    for text in ("echo other", "resume last", "echo two", "echo three"):
        again.submit(text)
    await again.idle()
    at = next(number for number, event in enumerate(seen.events) if isinstance(event, SessionOpened))
    before, after = seen.events[:at], seen.events[at:]
    assert [event.turn_id for event in before if isinstance(event, TurnUnqueued)] == [
        f"{other}.3",
        f"{other}.4",
    ]
    assert [event.turn_id for event in after if isinstance(event, TurnQueued)] == [f"{first}.2", f"{first}.3"]
    await again.aclose()
    store = again.conversation.store
    asked = {
        name: [event.text for _, event in store.load(name).records if isinstance(event, TurnStarted)]
        for name in (first, other)
    }
    assert asked == {first: ["echo hello", "echo two", "echo three"], other: ["echo other"]}
    assert store.load(other).waiting == ()


async def test_what_waited_and_is_no_part_of_it_is_not_told_of(tmp_path: Path) -> None:
    conversation, store = opened(tmp_path)
    turn(conversation, "one", "1")
    turn_id = conversation.next_turn_id()
    conversation.take(TurnQueued(turn_id=turn_id, text="sessions", position=1))
    conversation.take(TurnStarted(turn_id=turn_id, text="sessions", kind="command"))
    conversation.take(finished(turn_id))
    loaded = store.load(conversation.id)
    assert (loaded.waiting, loaded.saved.turns) == ((), 1)
    conversation.close()


async def test_a_file_that_says_it_is_another_is_itself(tmp_path: Path) -> None:
    """So that nothing outside of the folder is deleted or written in its name."""
    conversation, store = opened(tmp_path)
    turn(conversation, "one", "1")
    conversation.close()
    (saved,) = store.list()
    path = store.path_of(saved.id)
    path.write_text(path.read_text().replace(f'"id":"{saved.id}"', '"id":"../../outside"', 1))
    (tmp_path / "outside.jsonl").write_text("")
    assert [row.id for row in store.list()] == [saved.id]
    index = path.with_name("index.json")
    index.write_text(index.read_text().replace(f'"id":"{saved.id}"', '"id":"../../outside"'))
    assert [row.id for row in store.list()] == [saved.id], "what the index says counts as little"
    store.delete(store.find("last").id)
    assert (tmp_path / "outside.jsonl").exists() and not path.exists()


async def test_what_waited_is_told_to_the_next_program_alone(tmp_path: Path) -> None:
    first, store = opened(tmp_path)
    turn(first, "one", "1")
    first.take(TurnQueued(turn_id=first.next_turn_id(), text="two", position=1))
    assert "  Never ran: two" in first.close(waiting=("two",))
    second, _ = opened(tmp_path)
    assert (await second.prepare("last")).waiting == ("two",)
    second.switch()
    turn(second, "three", "3")
    second.close()
    assert store.load(first.id).waiting == ()


async def test_what_a_session_came_to_is_told(tmp_path: Path) -> None:
    conversation, _ = opened(tmp_path)
    turn(conversation, "mend the parser", "done")
    for text, name, data, outcome in (
        ("edit parser", "edit", {"changed": ["parser.py", "lexer.py"]}, "changed"),
        ("run_tests", "run_tests", {}, "stopped"),
        ("undo", "undo", {"changed": ["lexer.py"]}, "changed"),
    ):
        turn_id = conversation.next_turn_id()
        error = ToolError("1 failed").info if outcome == "stopped" else None
        conversation.take(TurnStarted(turn_id=turn_id, text=text, kind="command"))
        conversation.take(
            ToolStarted(turn_id=turn_id, call_id=turn_id, name=name, command=text, action="write")
        )
        conversation.take(
            ToolFinished(
                turn_id=turn_id,
                call_id=turn_id,
                name=name,
                summary=text,
                text="",
                data=data,
                seconds=0,
                error=error,
            )
        )
        conversation.take(finished(turn_id, outcome=outcome, error=error))
    ending = conversation.ending()
    assert ending.changed == ("parser.py",)
    assert not ending.verified
    assert ending.failed == ("run_tests",)
    assert ending.undone == ("undo",)
    assert [step.partition(" ")[0] for step in ending.next_steps] == ["Mend", "Check", "Review"]
    assert "Changed (not verified): parser.py" in ending.lines
    verified = conversation.next_turn_id()
    conversation.take(TurnStarted(turn_id=verified, text="fix it", kind="task"))
    conversation.take(finished(verified, outcome="verified", data={"changed": ["parser.py"]}))
    assert conversation.ending().verified
    conversation.close()


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_markdown_keeps_hostile_text_in_its_place(prompt: str, output: str) -> None:
    from agent_core.session.saved.model import Record, SavedSession

    events = (
        TurnStarted(turn_id="a.1", text="!" + prompt, kind="shell"),
        ToolStarted(turn_id="a.1", call_id="c", name="shell", command="!" + prompt, action="shell"),
        ToolFinished(turn_id="a.1", call_id="c", name="shell", summary="s", text=output, data={}, seconds=0),
        finished("a.1"),
    )
    text = as_markdown(Loaded(saved=SavedSession(id="a"), records=tuple(Record(0.0, e) for e in events)))
    assert text.count("\n</details>\n") >= 1
    inside = text.partition("</summary>\n\n")[2]
    fence = inside[: len(inside) - len(inside.lstrip("`"))]
    body = inside.partition("\n")[2].rpartition(f"\n{fence}\n\n</details>")[0]
    assert fence not in body


_PROGRAM = """
import asyncio, sys
from agent_core.events import TextDelta
from tests.agent_core.session.saved.test_saving import opened, turn
from pathlib import Path

async def main():
    conversation, _ = opened(Path(sys.argv[1]))
    number = 0
    while True:
        number += 1
        turn(conversation, f"prompt {number}", "the answer")
        print(number, flush=True)

asyncio.run(main())
"""


def test_a_killed_program_loses_nothing_that_was_told(tmp_path: Path) -> None:
    for seed in range(5):
        root = tmp_path / str(seed)
        root.mkdir()
        program = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(root)], stdout=subprocess.PIPE, cwd=Path.cwd()
        )
        assert program.stdout is not None
        told = 0
        for _ in range(20 + 37 * seed):
            told = int(program.stdout.readline())
        program.send_signal(signal.SIGKILL)
        told = max([told, *map(int, program.stdout.read().split())])
        program.wait()
        store = SavedSessions(Workspace.open(root))
        (saved,) = store.list()
        loaded = store.load(saved.id)
        answered = [pair for pair in exchanges_of(loaded.records) if pair.answer]
        assert len(answered) >= told
        assert not loaded.warnings or "1 line could" in loaded.warnings[0]
        assert not store.is_open(saved.id)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("Cut off in:\n```py\nx = '<b>'", "Cut off in:\n```py\nx = '<b>'\n```"),
        ("~~~~\n```\n~~~\n<!--", "~~~~\n```\n~~~\n<!--\n~~~~"),
        ("<!-- `<b>` ``<i>`` 1 < 2 </details>", "&lt;!-- `<b>` ``<i>`` 1 < 2 &lt;/details>"),
        ("```x``` is <b>\n```\ncode\n```\n<i>", "```x``` is &lt;b>\n```\ncode\n```\n&lt;i>"),
    ],
)
async def test_an_answer_in_markdown_ends_where_it_ends(tmp_path: Path, answer: str, shown: str) -> None:
    conversation, _ = opened(tmp_path)
    turn(conversation, "one", answer)
    text = as_markdown(await conversation.load())
    assert f"\n\n{shown}\n\n*✓ answered" in text
    conversation.close()


_PIECES = st.sampled_from(
    [
        SECRET,
        'password = "hunter2!"',
        "Bearer ",
        "abcdef0123456789",
        "\n",
        "\0",
        "\n\0\n",
        "\ud800",
        "ä",
        "token=",
        "-----BEGIN PRIVATE KEY-----\n",
        "https://",
        "me:pa55w0rd@",
        "x" * 20,
    ]
)


@given(st.lists(st.lists(_PIECES, max_size=4).map("".join), max_size=8))
def test_texts_are_masked_as_if_each_stood_alone(texts: list[str]) -> None:
    event = ToolFinished(
        turn_id="a",
        call_id="b",
        name="c",
        summary="",
        text="",
        seconds=0.0,
        data={"hits": [{"text": t} for t in texts]},
    )
    saved = [hit["text"] for hit in json.loads(line_of(event, 1.0, mask_secrets))["data"]["hits"]]
    assert saved == [encodable(mask_secrets(text)) for text in texts]
