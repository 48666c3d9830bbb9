"""Reading what a model wrote: plans, sections, commit messages."""

from __future__ import annotations

import pytest

from agent_core.skills.commit import cleaned
from agent_core.skills.plan import parts_of
from agent_core.skills.sections import items_of, sections_of

PLAN = """**Steps:**
1. Read the port in `app.py:3`.
2. Use it
   in `server.py:9`.

**Commands:**
- `pytest -q`
**Risks:** none known
## Assumptions
* the file is UTF-8
"""


def test_a_plan_has_its_parts() -> None:
    assert parts_of(PLAN) == {
        "steps": ["Read the port in `app.py:3`.", "Use it in `server.py:9`."],
        "commands": ["pytest -q"],
        "risks": ["none known"],
        "assumptions": ["the file is UTF-8"],
    }


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("1. one\n2. two", ["one", "two"]),
        ("Steps\n- one", ["one"]),
        ("### 1. Steps\n1) one", ["one"]),
        ("Just do it.", ["Just do it."]),
        ("", []),
    ],
)
def test_any_layout_of_a_plan(text: str, steps: list[str]) -> None:
    assert parts_of(text)["steps"] == steps


def test_a_word_in_a_sentence_is_no_heading() -> None:
    assert sections_of("The steps are few.\nRisks: x", ("steps", "risks")) == {
        "": "The steps are few.",
        "risks": "x",
    }


def test_items_without_a_list_are_lines() -> None:
    assert items_of("```\npytest\nruff\n```") == ["pytest", "ruff"]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ("Fix the port.", "Fix the port"),
        ("```\nFix the port\n\nIt was read twice.\n```", "Fix the port\n\nIt was read twice."),
        ("Here is the commit message:\n\n**Fix the port**", "Fix the port"),
        ('"Fix the port"', "Fix the port"),
        ("", ""),
        ("```\n```", ""),
    ],
)
def test_a_commit_message_is_the_message_alone(reply: str, message: str) -> None:
    assert cleaned(reply) == message


def test_a_long_subject_is_cut_at_a_word_and_nothing_is_lost() -> None:
    subject, _, body = cleaned("word " * 30).partition("\n\n")
    assert len(subject) <= 72 and subject.endswith("word")
    assert (subject + body).count("word") == 30
