from __future__ import annotations

from typing import Any

import pytest

from agent_core.agent.meant import meant_arguments, meant_name
from agent_core.llm.dspy_engine import UNPARSED
from agent_core.tools.cat import CatTool
from agent_core.tools.fields import fields_of
from agent_core.tools.grep import GrepTool

NAMES = ("grep", "cat", "ctx", "tree", "ls", "run_tests", "emb-index")
CAT, GREP = fields_of(CatTool.args_type), fields_of(GrepTool.args_type)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("grep", "grep"), ("GREP", "grep"), ("functions.grep", "grep"), ("grep_tool", "grep"),
        ("gerp", "grep"),
        ("read_file", "cat"), ("list_dir", "ls"), ("run-tests", "run_tests"), ("emb_index", "emb-index"),
        ("ct", None), ("l", None), ("search", None), ("", None), ("frobnicate", None),
    ],
)  # fmt: skip
def test_a_name_is_meant_where_no_other_can_be(said: str, name: str | None) -> None:
    assert meant_name(said, NAMES) == name


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"file": "a.py"}, {"path": "a.py"}),
        ({"PATH": "a.py", "start_line": 3.0, "why": "x", "end": None}, {"path": "a.py", "start": 3}),
        ({"path": ["a.py"]}, {"path": "a.py"}),
        ({"path": "a.py", "file": "a.py"}, {"path": "a.py"}),
        ({UNPARSED: "a.py"}, {"path": "a.py"}),
        ({UNPARSED: '"{\\"path\\": \\"a.py\\"}"'}, {"path": "a.py"}),
        ({UNPARSED: '{"path": "a.py"'}, {"path": "a.py"}),
    ],
)
def test_arguments_are_brought_to_the_names_and_types_of_the_tool(
    given: dict[str, Any], meant: dict[str, Any]
) -> None:
    assert meant_arguments(CAT, given) == meant


def test_a_text_may_be_a_number_and_a_switch_a_word() -> None:
    assert meant_arguments(GREP, {"query": 8080, "ignore_case": "True"}) == {
        "pattern": "8080",
        "ignore_case": "true",
    }


@pytest.mark.parametrize(
    "given", [{"path": "a.py", "file": "b.py"}, {UNPARSED: '{"path": "a.'}, {UNPARSED: ["a", "b"]}]
)
def test_what_could_mean_several_things_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"twice|JSON object"):
        meant_arguments(CAT, given)
