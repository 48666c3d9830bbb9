"""Optimised prompts on disk: what is taken of a file, what never is, versions."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.errors import ToolError
from agent_core.llm.dspy_engine import chat_request
from agent_core.skills.registry import load_skill
from agent_core.skills.saved import (
    LONGEST,
    MOST_VERSIONS,
    Prompt,
    add_version,
    described,
    fingerprint,
    forget,
    read_saved,
    use_version,
)
from agent_core.skills.text_adapter import TextAdapter

MADE_FOR = fingerprint(load_skill("ask")[0].conclude.signature)
BUILT_IN = load_skill("ask")[0].conclude.signature.instructions


def prompt(text: str = "Be brief.", **more: Any) -> Prompt:
    return Prompt(made_for=MADE_FOR, instructions=text, before=0.4, after=0.6, examples=12, **more)


def sent(folder: Path) -> str:
    """The system prompt of a question with what is saved in a folder."""
    predictor = load_skill("ask", folder)[0].conclude
    made = TextAdapter().request("m", {}, predictor.signature, predictor.demos, {"question": "Why?"})
    return chat_request(made).messages[0].content


def document(**more: Any) -> dict[str, Any]:
    one = {"made_for": MADE_FOR, "instructions": "Be brief."}
    version = {"number": 1, "made": 1.0, "model": "m", "prompts": {"conclude": one}}
    return {"schema": 1, "skill": "ask", "current": 1, "versions": [version], **more}


def test_a_version_is_used_from_the_next_time_on_and_can_be_gone_back_from(tmp_path: Path) -> None:
    assert sent(tmp_path) == BUILT_IN
    add_version(tmp_path, "ask", {"conclude": prompt("First.")}, model="m", made=1.0)
    assert sent(tmp_path) == "First."
    add_version(tmp_path, "ask", {"conclude": prompt("Second.")}, model="m", made=2.0)
    assert sent(tmp_path) == "Second."
    use_version(tmp_path, "ask", 1)
    assert sent(tmp_path) == "First."
    use_version(tmp_path, "ask", 0)
    assert sent(tmp_path) == BUILT_IN
    added = add_version(tmp_path, "ask", {"conclude": prompt("Third.")}, model="m", made=3.0)
    assert (added.number, sent(tmp_path)) == (3, "Third.")
    assert forget(tmp_path, "ask") == 3
    assert sent(tmp_path) == BUILT_IN
    with pytest.raises(ToolError):
        forget(tmp_path, "ask")


def test_prompts_of_other_predictors_stay_in_use(tmp_path: Path) -> None:
    choose = load_skill("ask")[0].choose.signature
    first = Prompt(made_for=fingerprint(choose), instructions="Choose.")
    add_version(tmp_path, "ask", {"choose": first}, model="m", made=1.0)
    used = add_version(tmp_path, "ask", {"conclude": prompt()}, model="m", made=2.0)
    assert {name: one.instructions for name, one in used.prompts.items()} == {
        "choose": "Choose.",
        "conclude": "Be brief.",
    }


def test_the_oldest_versions_go(tmp_path: Path) -> None:
    for number in range(MOST_VERSIONS + 3):
        add_version(tmp_path, "ask", {"conclude": prompt(f"{number}.")}, model="m", made=float(number))
    kept, warning = read_saved(tmp_path, "ask")
    assert kept is not None and warning == ""
    assert [version.number for version in kept.versions] == list(range(4, MOST_VERSIONS + 4))
    assert "version 13, measured with m: conclude 0.40 → 0.60 on 12 examples" in described(kept)


def test_the_file_can_be_read_by_people(tmp_path: Path) -> None:
    add_version(tmp_path, "ask", {"conclude": prompt("Say „ja“.\nOr no.")}, model="m", made=1.0)
    text = (tmp_path / "ask.json").read_text()
    assert '"instructions": "Say „ja“.\\nOr no."' in text and text.count("\n") > 10
    assert os.stat(tmp_path / "ask.json").st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[1]", "null", "not json", "[" * 100_000, '{"act": {"signature": {"instructions": "x"}}}',
        json.dumps(document(current=7)), json.dumps(document(more=1)),
        json.dumps(document(current=-1)), json.dumps(document(versions=document()["versions"] * 2)),
    ],
)  # fmt: skip
def test_a_broken_file_is_kept_aside_and_the_built_in_prompt_used(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ask.json"
    path.write_text(text)
    ask, warning = load_skill("ask", tmp_path)
    assert ask.conclude.signature.instructions == BUILT_IN
    (aside,) = tmp_path.iterdir()
    assert aside.name.startswith("ask.json.bad-") and aside.read_text() == text
    assert str(path) in warning and aside.name in warning
    assert load_skill("ask", tmp_path)[1] == "", "it is named once"


@pytest.mark.parametrize(
    "instructions",
    ["", " \n", "x" * (LONGEST + 1), "a\x1b[31mb", "a\u202eb", "a\0b", "a\u200bb", "a\r\nb", "\U000e0041b"],
)
def test_instructions_that_hide_something_or_are_too_long_are_refused(
    tmp_path: Path, instructions: str
) -> None:
    bad = document()
    bad["versions"][0]["prompts"]["conclude"]["instructions"] = instructions
    (tmp_path / "ask.json").write_text(json.dumps(bad))
    assert sent(tmp_path) == BUILT_IN
    assert not (tmp_path / "ask.json").exists()


@given(st.text(max_size=80))
def test_no_text_that_hides_something_is_ever_taken(text: str) -> None:
    from agent_core.text import printable

    try:
        made = Prompt(made_for=MADE_FOR, instructions=text)
    except ValueError:
        assert not text.strip() or printable(text) != text
    else:
        assert made.instructions.strip() and printable(text) == text


def test_nothing_but_instructions_is_taken(tmp_path: Path) -> None:
    """Somebody else's repository must not choose where questions are sent."""
    bad = document()
    bad["versions"][0]["prompts"]["conclude"] |= {
        "lm": {"model": "openai/gpt-4o", "api_base": "http://192.0.2.1"}
    }
    (tmp_path / "ask.json").write_text(json.dumps(bad))
    ask, warning = load_skill("ask", tmp_path)
    assert ask.conclude.lm is None and ask.conclude.signature.instructions == BUILT_IN
    assert "kept as" in warning


def test_what_is_no_file_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ask.json")
    ask, warning = load_skill("ask", tmp_path)
    assert ask.conclude.signature.instructions == BUILT_IN and "named pipe" in warning


def test_prompts_for_another_version_of_the_skill_are_left_out_and_named(tmp_path: Path) -> None:
    old = Prompt(made_for="0" * 16, instructions="Be long.")
    gone = Prompt(made_for=MADE_FOR, instructions="Be gone.")
    add_version(tmp_path, "ask", {"act": old, "gone": gone, "conclude": prompt()}, model="m", made=1.0)
    ask, warning = load_skill("ask", tmp_path)
    assert "(act, gone) were made for another version" in warning
    assert ask.act.signature.instructions == load_skill("ask")[0].act.signature.instructions
    assert ask.conclude.signature.instructions == "Be brief."


def test_the_file_of_another_skill_is_left_out(tmp_path: Path) -> None:
    add_version(tmp_path, "ask", {"conclude": prompt()}, model="m", made=1.0)
    (tmp_path / "ask.json").rename(tmp_path / "plan.json")
    assert "of the skill ask" in load_skill("plan", tmp_path)[1]


@pytest.mark.parametrize("name", ["../ask", "", "a/b", "nothing"])
def test_versions_of_what_is_no_skill_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ToolError):
        use_version(tmp_path, name, 0)
    with pytest.raises(ToolError):
        forget(tmp_path, name)
    assert not list(tmp_path.iterdir())
