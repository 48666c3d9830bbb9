"""Questions about what failed: answered from the logs, with a model and without."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent_core.agent.deterministic import respond_without_model
from agent_core.agent.loop import respond_with_model
from agent_core.agent.port import TaskInput
from agent_core.commandline import Mention
from agent_core.errors import LogFault
from agent_core.events import ToolStarted
from agent_core.llm.scripted import DEFAULT_INFO, Reply, ScriptedModel
from agent_core.logs.api import CodePlace, Digest, KeyEvent, SourceFacts
from agent_core.tools.ctx import CtxTool
from tests.fakes.logs import GivenLogs
from tests.fakes.session import GivenModels
from tests.fakes.turn import Find, Read, RecordedTurn

QUESTION = TaskInput(text="why does the server crash since yesterday?")
CRASH = KeyEvent(
    id="1", kind="trace", source="logs/app.log", first=2, last=4, level="error", count=3,
    why=("stack trace",),
    text="Traceback (most recent call last):\nOSError: password=hunter2secret1 ``` gone",
    places=(CodePlace("app.py", 5, "read_port"),),
)  # fmt: skip
ODD = KeyEvent(id="2", kind="rare", source="-", first=9, last=9, text="the port is taken")
FACTS = (SourceFacts(name="logs/app.log", lines=4),)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text('import os\n\n\ndef read_port():\n    return int(os.environ["PORT"])\n')
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "app.log").write_text(
        "start\nTraceback (most recent call last):\n  …\nOSError: gone\n"
    )
    return tmp_path


def turn_over(root: Path, digest: Digest | None) -> tuple[RecordedTurn, GivenLogs]:
    logs = GivenLogs(digest)
    ctx = CtxTool(logs=logs, models=GivenModels())  # type: ignore[arg-type]
    return RecordedTurn(root, tools=(Find(), Read(), ctx)), logs


async def test_without_a_model_what_stands_out_with_its_places(root: Path) -> None:
    turn, logs = turn_over(root, Digest(events=(CRASH, ODD), sources=FACTS))
    answer = await respond_without_model(QUESTION, turn)
    assert "What stands out in the logs (2 key events in logs/app.log, 4 lines):" in answer.text
    assert "1. **ERROR ×3** `logs/app.log:2` stack trace → `app.py:5`" in answer.text
    assert "2. **RARE** `standard input:9`" in answer.text
    assert "hunter2secret1" not in answer.text
    assert "````\nTraceback" in answer.text, "no text ends the block that it stands in"
    assert [(hit.path, hit.start, hit.end) for hit in answer.citations] == [
        ("app.py", 5, 5), ("logs/app.log", 2, 4)
    ]  # fmt: skip
    (asked,) = logs.asked
    assert asked.limit == 5 and asked.since is not None and asked.most and asked.tokens


async def test_a_search_helps_where_no_event_leads_into_the_code(root: Path) -> None:
    turn, _ = turn_over(root, Digest(events=(ODD,), sources=FACTS))
    answer = await respond_without_model(TaskInput(text="it fails to read the port, why?"), turn)
    assert "the port is taken" in answer.text and "Best matches" in answer.text
    assert "app.py" in {hit.path for hit in answer.citations}


@pytest.mark.parametrize(
    ("digest", "said"),
    [
        (Digest(), "No logs were found."),
        (Digest(sources=FACTS), "Nothing stands out in logs/app.log, 4 lines."),
    ],
)
async def test_logs_that_say_nothing(root: Path, digest: Digest, said: str) -> None:
    turn, _ = turn_over(root, digest)
    answer = await respond_without_model(TaskInput(text="why does reading the port crash?"), turn)
    assert said in answer.text and "Best matches" in answer.text


async def test_logs_that_cannot_be_read(root: Path) -> None:
    turn, logs = turn_over(root, None)
    logs.fail = LogFault("the log process ended", hint="Ask again.")
    answer = await respond_without_model(TaskInput(text="why does reading the port crash?"), turn)
    assert "`ctx` could not do it: the log process ended. Ask again." in answer.text
    assert "Best matches" in answer.text


@pytest.mark.parametrize("tools", [True, False])
async def test_a_model_begins_with_what_the_logs_say(root: Path, tools: bool) -> None:
    turn, _ = turn_over(root, Digest(events=(CRASH,), sources=FACTS))
    info = msgspec.structs.replace(DEFAULT_INFO, supports_tools=tools)
    replies = [Reply.of("See `logs/app.log:2` and `app.py:5`.")]
    model = ScriptedModel(replies if tools else [Reply.of('{"action": "answer"}'), *replies], info=info)
    answer = await respond_with_model(model, QUESTION, turn)
    assert [event.name for event in turn.events if isinstance(event, ToolStarted)] == ["ctx"]
    sent = "\n".join(message.content for message in model.requests[-1].messages)
    assert "[1] ERROR ×3 · logs/app.log:2" in sent and "hunter2secret1" not in sent
    assert [(hit.path, hit.start) for hit in answer.citations] == [("logs/app.log", 2), ("app.py", 5)]


LOG = Mention("logs/app.log")


async def test_a_log_that_is_named_is_told_by_what_stands_out_in_it(root: Path) -> None:
    turn, logs = turn_over(root, Digest(events=(CRASH,), sources=FACTS))
    task = TaskInput(text="@logs/app.log what is wrong with the port?", mentions=(LOG,))
    answer = await respond_without_model(task, turn)
    assert "What stands out in the logs" in answer.text and "`logs/app.log:1-" not in answer.text
    await respond_with_model(ScriptedModel([Reply.of("See `logs/app.log:2`.")]), task, turn)
    assert [asked.sources for asked in logs.asked] == [("logs/app.log",)] * 2


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("show @logs/app.log", LOG),
        ("@logs/app.log:2-3 why?", Mention("logs/app.log", 2, 3)),
        ("@app.py why does it crash?", Mention("app.py")),
    ],
)
async def test_lines_that_are_named_are_shown(root: Path, text: str, mention: Mention) -> None:
    turn, logs = turn_over(root, Digest(events=(CRASH,), sources=FACTS))
    await respond_without_model(TaskInput(text=text, mentions=(mention,)), turn)
    assert not logs.asked
    assert [event.name for event in turn.events if isinstance(event, ToolStarted)] == ["cat"]


async def test_a_model_is_not_told_of_logs_that_there_are_not(root: Path) -> None:
    turn, _ = turn_over(root, Digest())
    model = ScriptedModel([Reply.of("I do not know.")])
    await respond_with_model(model, QUESTION, turn)
    assert [message.role for message in model.requests[0].messages] == ["system", "user"]


async def test_other_questions_leave_the_logs_alone(root: Path) -> None:
    turn, logs = turn_over(root, Digest(events=(CRASH,), sources=FACTS))
    await respond_with_model(
        ScriptedModel([Reply.of("In `app.py:5`.")]), TaskInput(text="where is the port?"), turn
    )
    await respond_without_model(TaskInput(text="where is the port read?"), turn)
    assert not logs.asked
