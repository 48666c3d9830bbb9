"""A whole run over a genuine Ollama. Its model is too small to be right: what counts is that the run comes to
its end within its budget, and that what it says of the gain is what was measured."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from agent_core.llm.select import Models
from agent_core.rl.gepa.api import Budget, Progress
from agent_core.rl.gepa.optimising import optimise
from agent_core.skills.registry import load_skill, skills_folder
from agent_core.skills.saved import read_saved
from agent_core.tools.registry import Registry, builtin_tools
from agent_core.workspace import Workspace
from tests.fakes.processes import started
from tests.fixtures_models import Ollama


@pytest.mark.ollama
async def test_a_run_to_its_end(
    ollama: Ollama, workspace: Workspace, record_property: Callable[[str, object], None]
) -> None:
    # a busy machine may let it wait long; how long is no part of what is proved here
    settings = msgspec.structs.replace(ollama.settings, first_token_timeout=300.0, silence_timeout=300.0)
    models = Models(settings=settings, publish=lambda _: None)
    seen: list[Progress] = []
    try:
        report = await optimise(
            workspace,
            models=models,
            settings=settings,
            registry=Registry(builtin_tools()),
            budget=Budget(calls=40, seconds=7200),
            skills=("locate",),
            on_progress=seen.append,
        )
    finally:
        await models.aclose()
    (outcome,) = report.outcomes
    record_property("outcome", str(outcome))
    print(outcome, report.spent)
    assert outcome.before is not None and 0 < outcome.before < 1, "it was measured with the prompt in use"
    assert 0 < report.spent.calls <= 40 and report.spent.tokens > 0
    assert any(progress.phase == "improving" for progress in seen)
    saved, warning = read_saved(skills_folder(workspace), "locate")
    assert warning == "" and (saved is not None) == (outcome.verdict == "won")
    sent = load_skill("locate", skills_folder(workspace))[0].name.signature.instructions
    if outcome.verdict == "won":
        assert outcome.gain is not None and outcome.gain > 0 and sent == outcome.instructions
    else:
        assert sent == load_skill("locate")[0].name.signature.instructions
    assert not started("gepa.worker")
