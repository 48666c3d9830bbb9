"""`plan`: what a model plans, read into its parts; without a model, where the work would begin."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.events import Notice, TextDelta, ToolFinished, TurnFinished
from agent_core.llm.scripted import ScriptedModel
from agent_core.tools.plan import PlanTool
from tests.fakes.session import GivenModels, Recorder, make_session

PLAN = (
    "**Steps:**\n1. Read the port in `app.py:5`.\n2. Say so in `README.md:1`.\n\n"
    "**Commands:**\n- `pytest`\n\n**Risks:**\n- it may be unset\n\n**Assumptions:**\n- see `nowhere.py:9`\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "app.py").write_text('import os\n\n\ndef read_port():\n    return int(os.environ["PORT"])\n')
    (root / "README.md").write_text("# Demo\n")
    (root / "test_app.py").write_text(
        "from app import read_port\n\n\ndef test_port():\n    assert read_port\n"
    )
    (root / "pytest.ini").write_text("[pytest]\n")
    return root


async def planned(tmp_path: Path, model: ScriptedModel | None) -> Recorder:
    models = GivenModels(model)
    session, seen = make_session(tmp_path, PlanTool(models=models), models=models)  # type: ignore[arg-type]
    session.submit("plan read the port only once")
    await session.idle()
    return seen


async def test_a_plan_is_streamed_and_read_into_its_parts(tmp_path: Path, root: Path) -> None:
    model = ScriptedModel([PLAN])
    seen = await planned(tmp_path, model)
    done = seen.one(ToolFinished)
    assert done.data["steps"] == ["Read the port in `app.py:5`.", "Say so in `README.md:1`."]
    assert done.data["commands"] == ["pytest"] and done.data["risks"] == ["it may be unset"]
    assert [(hit["path"], hit["start"]) for hit in done.data["hits"]] == [("app.py", 5), ("README.md", 1)]
    assert "".join(event.text for event in seen.of(TextDelta)) == PLAN
    assert any("nowhere.py:9" in event.message for event in seen.of(Notice))
    end = seen.one(TurnFinished)
    assert (end.outcome, end.exit) == ("answered", 0)
    asked = model.requests[0].messages[-1].content
    assert "read the port only once" in asked and "app.py" in asked and "run_tests: " in asked


async def test_without_a_model_it_says_where_to_begin(tmp_path: Path, root: Path) -> None:
    done = (await planned(tmp_path, None)).one(ToolFinished)
    assert any("app.py" in step for step in done.data["steps"])
    assert any("pytest" in command for command in done.data["commands"])
    assert "takes a language model" in done.data["note"] and done.error is None
