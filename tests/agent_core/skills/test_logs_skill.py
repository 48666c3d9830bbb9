"""The skill that explains logs: its prompt, the parts of a reply, what is saved, and citations of events."""

from __future__ import annotations

import random
from pathlib import Path

import dspy
import pytest

from agent_core.agent.citations import EventCitations
from agent_core.llm.dspy_engine import PortEngine, chat_request, language_model, preload
from agent_core.llm.scripted import ScriptedModel
from agent_core.skills.logs import Explain, parts_of
from agent_core.skills.registry import load_skill
from agent_core.skills.text_adapter import TextAdapter

REPLY = (
    "**Likely cause:** the database is gone [1].\n\n"
    "**Next steps:**\n- start it\n  again [1]\n2. look at `a.py:3`\n"
)


def test_the_prompt_is_short() -> None:
    made = chat_request(
        TextAdapter().request("m", {}, load_skill("logs")[0].explain.signature, [], {"events": "[1] E"})
    )
    assert [message.content for message in made.messages] == [Explain.instructions, "[1] E"]
    assert len(Explain.instructions) < 600


async def test_one_reply_becomes_its_parts() -> None:
    await preload()
    model = ScriptedModel([REPLY])
    lm = language_model(model, PortEngine(open_stream=model.stream, listener=lambda _: None))
    skill, warning = load_skill("logs")
    with dspy.context(lm=lm, adapter=TextAdapter(), disable_history=True):
        said = await skill.acall(events="[1] E")
    assert warning == ""
    assert said.text == REPLY
    assert said.likely_cause == "the database is gone [1]."
    assert said.next_steps == ["start it again [1]", "look at `a.py:3`"]


@pytest.mark.parametrize(
    ("text", "cause", "steps"),
    [
        ("Likely cause: x.\nNext steps:\n1. a\n2) b", "x.", ["a", "b"]),
        ("## Likely cause\nx\n### Next step\n* a", "x", ["a"]),
        ("It broke.", "It broke.", []),
        ("", "", []),
        ("Next steps: do it", "", ["do it"]),
    ],
)
def test_any_layout(text: str, cause: str, steps: list[str]) -> None:
    assert parts_of(text) == {"likely_cause": cause, "next_steps": steps}


def test_a_broken_saved_version_is_kept_aside(tmp_path: Path) -> None:
    (tmp_path / "logs.json").write_text('{"explain": 3}')
    skill, warning = load_skill("logs", tmp_path)
    assert skill.explain.signature.instructions == Explain.instructions
    assert "kept as logs.json.bad-" in warning


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a [1] b [9] c [1, 9] d.", "a [1] b c [1] d."),
        ("x[0] y[7](z)[8] args [x] [", "x[0] y[7](z)[8] args [x] ["),
        ("[4] first, last [5]", " first, last"),
        ("both [2][3][4], a span [1-3]", "both [2][3], a span [1-3]"),
        ("an end [", "an end ["),
    ],
)
def test_numbers_that_do_not_exist_are_dropped_however_they_come(text: str, shown: str) -> None:
    for seed in range(30):
        cutter = random.Random(seed)
        citations, at, said = EventCitations(3), 0, ""
        while at < len(text):
            size = cutter.randint(1, 9)
            said += citations.take(text[at : at + size])
            at += size
        assert said + citations.rest() == shown
