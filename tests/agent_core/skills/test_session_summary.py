"""The skill that sums up a session."""

from __future__ import annotations

from agent_core.skills.registry import load_skill
from agent_core.skills.session_summary import parts_of


def test_it_has_one_predictor_with_one_input() -> None:
    skill, warning = load_skill("session")
    (predictor,) = skill.predictors()
    assert list(predictor.signature.input_fields) == ["record"]
    assert warning == ""


def test_a_reply_is_read_however_it_is_laid_out() -> None:
    parts = parts_of("## Summary\nThe parser was mended.\n\n**Next steps:**\n1. run `pytest`\n2. commit\n")
    assert parts == {"summary": "The parser was mended.", "next_steps": ["run `pytest`", "commit"]}
    assert parts_of("It went well.") == {"summary": "It went well.", "next_steps": []}
