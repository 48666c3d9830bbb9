"""What replies are worth, and what is said of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_core.llm.port import ToolCall, ToolSpec
from agent_core.rl.gepa.examples import (
    Cites,
    Edits,
    Explains,
    Goal,
    Judges,
    Looks,
    Names,
    Place,
    Plans,
    Tells,
)
from agent_core.rl.gepa.judging import Judged, Reply, judge
from agent_core.workspace import Workspace

GREP = ToolSpec(
    "grep",
    "search",
    {"type": "object", "properties": {"pattern": {"type": "string"}}, "required": ["pattern"]},
)
BEFORE = "def add(a, b):\n    return a - b\n\n\ndef sub(a, b):\n    return a - b\n"
AFTER = BEFORE.replace("return a - b", "return a + b", 1)
CITES = Cites((Place("pkg/a.py", 1, 2),), (Place("pkg/a.py", 1, 2), Place("pkg/b.py", 1, 3)))
LOOKS = Looks("pkg/a.py", ("weigh_anchor",), "def weigh_anchor(value):\n    return value", shown=False)
SHOWN = Looks("pkg/a.py", ("weigh_anchor",), "def weigh_anchor(value):\n    return value", shown=True)
NATIVE = Looks("pkg/a.py", ("weigh_anchor",), "def weigh_anchor(value):", shown=True, native=True)
NAMES = Names(("pkg/a.py", "pkg/b.py"), ("pkg/a.py", "pkg/b.py", "pkg/c.py"))
EDITS = Edits("pkg/add.py", BEFORE, AFTER)
PLANS = Plans(("pkg/a.py",), ("pkg/a.py", "pkg/b.py"))
TELLS = Tells("Weigh every anchor twice")
EXPLAINS = Explains(3, (2,), ("pkg/a.py:2",))
PLAN = (
    "**Steps:**\n1. Change the weight in `pkg/a.py:1`\n2. Add a test\n**Commands:**\n- `pytest`\n"
    "**Risks:**\n- others use it\n**Assumptions:**\n- none\n"
)
EXPLAINED = "**Likely cause:** the database is gone [2].\n**Next steps:**\n- start it\n- see `pkg/a.py:2`\n"


def block(search: str, replace: str, path: str = "pkg/add.py") -> str:
    return f"I change it.\n{path}\n```\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n```\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("judged")
    (folder / "pkg").mkdir()
    for name in ("a", "b", "c"):
        (folder / "pkg" / f"{name}.py").write_text("one = 1\ntwo = 2\nthree = 3\nfour = 4\n" * 3)
    return Workspace.open(folder)


def judged(goal: Goal, text: str, workspace: Workspace, *calls: ToolCall) -> Judged:
    return judge(goal, Reply(text, calls), workspace=workspace, tools=(GREP,))


GOOD: list[tuple[Goal, str]] = [
    (CITES, "It is done in `pkg/a.py:1-2`."),
    (LOOKS, '{"action": "grep", "pattern": "weigh_anchor"}'),
    (SHOWN, '{"action": "answer"}'),
    (NATIVE, "It is done in `pkg/a.py:1-2`."),
    (NAMES, '{"files": ["pkg/a.py", "pkg/b.py"]}'),
    (EDITS, block("def add(a, b):\n    return a - b", "def add(a, b):\n    return a + b")),
    (PLANS, PLAN),
    (TELLS, "Weigh every anchor twice"),
    (Judges(True), '{"problems": [], "verdict": "does it"}'),
    (Judges(False), '{"problems": ["it is about something else"], "verdict": "does not"}'),
    (EXPLAINS, EXPLAINED),
]
GOALS = [goal for goal, _ in GOOD]


@pytest.mark.parametrize(("goal", "text"), GOOD)
def test_what_is_asked_for_is_worth_all(goal: Goal, text: str, root: Workspace) -> None:
    assert judged(goal, text, root).score == 1.0
    assert judged(goal, f"<think>Hm, pkg/x.py:7?</think>{text}", root).score == 1.0


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("text", ["", " \n", "<think>It may be anywhere.</think>", "I do not know."])
def test_what_says_nothing_is_worth_nearly_nothing(goal: Goal, text: str, root: Workspace) -> None:
    found = judged(goal, text, root)
    assert found.score <= 0.4 and found.feedback != "This is a good reply."


def test_where_it_is_shown_a_native_call_is_worth_less_than_the_answer(root: Workspace) -> None:
    call = ToolCall(id="1", name="grep", arguments='{"pattern": "weigh_anchor"}')
    found = judged(NATIVE, "", root, call)
    assert found.score == 0.5 and "enough to answer" in found.feedback


@pytest.mark.parametrize(
    ("goal", "text", "least", "most", "said"),
    [
        (CITES, "It is in pkg/a.py.", 0.1, 0.3, "without a line"),
        (CITES, "Look at `pkg/a.py:9`.", 0.3, 0.7, "does not cite what was asked for: pkg/a.py:1-2"),
        (CITES, "`pkg/a.py:1`, `pkg/b.py:1`, `pkg/b.py:2`", 0.7, 0.95, "nothing to do with"),
        (CITES, "`pkg/a.py:1` and `pkg/gone.py:3`", 0.7, 0.95, "does not exist: pkg/gone.py:3"),
        (CITES, "`pkg/gone.py:3`", 0.0, 0.3, "does not exist"),
        (LOOKS, '{"action": "answer"}', 0.05, 0.15, "look for pkg/a.py"),
        (LOOKS, '{"action": "fly", "to": "x"}', 0.05, 0.15, "no tool 'fly'"),
        (LOOKS, '{"action": "grep"}', 0.25, 0.35, "lacks pattern"),
        (LOOKS, '{"action": "grep", "pattern": "x", "colour": 1}', 0.25, 0.35, "no argument colour"),
        (LOOKS, '{"action": "grep", "pattern": "kettle"}', 0.45, 0.55, "does not lead to pkg/a.py"),
        (LOOKS, '{"action": "grep", "pattern": "weigh"}', 0.7, 0.9, "does not lead"),
        (SHOWN, '{"action": "grep", "pattern": "weigh_anchor"}', 0.4, 0.6, "enough to answer"),
        (SHOWN, "It is done in `pkg/a.py:1-2`.", 0.75, 0.85, "in the form that was asked for"),
        (NATIVE, "It is done in pkg/a.py.", 0.75, 0.85, "cite it as `path:line`"),
        (NAMES, '{"files": ["pkg/a.py"]}', 0.5, 0.8, "Expected pkg/a.py, pkg/b.py"),
        (NAMES, '{"files": ["pkg/a.py", "pkg/b.py", "pkg/c.py"]}', 0.7, 0.95, "Not concerned: pkg/c.py"),
        (NAMES, "I would change pkg/a.py and pkg/b.py", 0.8, 0.95, "not the JSON object"),
        (NAMES, '{"files": ["pkg/other.py"]}', 0.0, 0.0, "no file of the list"),
        (EDITS, block("nothing like this is there", "x"), 0.2, 0.2, "cannot be applied"),
        (EDITS, block("def sub(a, b):", "def sub(a, b, c):"), 0.7, 0.7, "other lines"),
        (EDITS, block("def add(a, b):\n    return a - b", "x", "pkg/other.py"), 0.2, 0.35, "pkg/"),
        (PLANS, PLAN.replace("**Risks:**\n- others use it\n", ""), 0.9, 0.95, "lacks the sections risks"),
        (PLANS, PLAN.replace("`pkg/a.py:1`", "`pkg/c.py:1`"), 0.3, 0.6, "does not name pkg/a.py"),
        (TELLS, f"Weigh every anchor twice {'and again ' * 9}", 0.3, 0.9, "longer than 72"),
        (TELLS, "Fix things.", 0.2, 0.4, "People wrote of this change: Weigh every anchor twice"),
        (Judges(True), '{"problems": ["x"], "verdict": "does not"}', 0.1, 0.1, "accepted"),
        (Judges(True), '{"verdict": "does part of it"}', 0.5, 0.5, "accepted"),
        (Judges(False), '{"verdict": "does it"}', 0.1, 0.1, "not what was asked for"),
        (Judges(False), '{"verdict": "does not"}', 0.9, 0.9, "names no problem"),
        (Judges(False), '{"verdict": "maybe"}', 0.0, 0.0, "no verdict"),
        (EXPLAINS, EXPLAINED.replace("[2]", "[1]"), 0.6, 0.7, "events that matter: [2]"),
        (EXPLAINS, EXPLAINED.replace("[2]", "[2, 9]"), 0.85, 0.95, "there are not: [9]"),
        (EXPLAINS, EXPLAINED.replace(" `pkg/a.py:2`", " it"), 0.85, 0.95, "where in the code"),
        (EXPLAINS, EXPLAINED.partition("**Next")[0], 0.5, 0.8, "lacks next steps"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(
    goal: Goal, text: str, least: float, most: float, said: str, root: Workspace
) -> None:
    found = judged(goal, text, root)
    assert said in found.feedback
    assert least <= found.score <= most


def test_a_native_call_is_judged_like_a_chosen_one(root: Workspace) -> None:
    call = ToolCall("1", "grep", '{"pattern": "weigh_anchor"}')
    assert judged(LOOKS, "", root, call).score == 1.0
    assert judged(LOOKS, "", root, ToolCall("1", "grep", "{not json")).score < 0.5


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=200),
        st.text(alphabet='{}[]"`:<>=- \npkg/a.py12', max_size=200),
        st.recursive(
            st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
        ).map(json.dumps),
    ),
    goal=st.sampled_from(GOALS),
)
def test_any_reply_is_worth_something_from_0_to_1(text: str, goal: Goal, root: Workspace) -> None:
    found = judged(goal, text, root)
    assert 0.0 <= found.score <= 1.0 and isinstance(found.feedback, str)


def test_nothing_outside_of_the_workspace_is_read(root: Workspace, tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("secret = 1\n")
    found = judged(CITES, f"`../{outside.parent.name}/outside.py:1` and `pkg/a.py:1`", root)
    assert "does not exist" in found.feedback
