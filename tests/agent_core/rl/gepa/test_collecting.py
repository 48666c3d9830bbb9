"""Examples of a whole workspace: where from, on which side, how many, and what never is in them."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.config import Settings
from agent_core.llm.dspy_engine import preload
from agent_core.llm.port import ToolSpec
from agent_core.rl.gepa.api import MOST, TARGETS, Budget, Job, LogText, Target
from agent_core.rl.gepa.collecting import collect, room_of
from agent_core.rl.gepa.examples import (
    Cites,
    Edits,
    Example,
    Looks,
    Names,
    Plans,
    chosen,
    common_side,
    counted,
    side_of,
)
from agent_core.rl.gepa.history import commits, contents
from agent_core.rl.gepa.judging import Reply, judge
from agent_core.workspace import Workspace
from tests.agent_core.rl.gepa.made import SECRET, THINGS, commit, module
from tests.fakes.git import git

GREP = ToolSpec(
    "grep",
    "search",
    {"type": "object", "properties": {"pattern": {"type": "string"}}, "required": ["pattern"]},
)
FROM_CODE: tuple[Target, ...] = tuple(
    target for target in TARGETS if target not in ("logs.explain", "ask.act")
)


async def examples_of(
    workspace: Workspace, *, window: int = 4096, native: bool = False, logs: tuple[LogText, ...] = ()
) -> dict[Target, list[Example]]:
    await preload()
    job = Job(
        model="m", window=window, native=native, settings=Settings(openai_api_key="word-of-mouth"),
        budget=Budget(), targets=TARGETS, tools=(GREP,), logs=logs,
    )  # fmt: skip
    return await collect(workspace, job)


def files_of(example: Example) -> set[str]:
    """The files that an example shows or asks for."""
    match example.goal:
        case Cites(places, shown):
            return {place.path for place in (*places, *shown)}
        case Looks(path):
            return {path}
        case Names(_, candidates):
            return set(candidates)
        case Edits(path):
            return {path}
        case Plans(files, shown):
            return {*files, *shown}
        case _:
            text = " ".join(example.fields.values())
            return {f"pkg/{thing}.py" for thing in THINGS if f"pkg/{thing}.py" in text}


async def test_there_are_examples_of_every_kind_on_both_sides(made: Path) -> None:
    found = await examples_of(Workspace.open(made))
    for target in FROM_CODE:
        sides = [example.side for example in found[target]]
        assert 5 <= sides.count("learn") <= MOST and 5 <= sides.count("validate") <= MOST, target
    assert set(counted(found["ask.conclude"])) == {"history", "tests"}
    native = await examples_of(Workspace.open(made), native=True)
    assert native["ask.act"] and not native["ask.choose"]


async def test_no_file_and_no_commit_is_on_both_sides(made: Path) -> None:
    found = [one for row in (await examples_of(Workspace.open(made))).values() for one in row]
    files = {
        side: {path for one in found if one.side == side for path in files_of(one)}
        for side in ("learn", "validate")
    }
    assert files["learn"] and files["validate"] and not files["learn"] & files["validate"]
    for one in found:
        assert {side_of(path) for path in files_of(one)} <= {one.side}
        text = " ".join(one.fields.values())
        about = {thing for thing in THINGS if thing in text and one.target != "locate.name"}
        assert {side_of(f"pkg/{thing}.py") for thing in about} <= {one.side}, "earlier subjects, too"


async def test_they_are_the_same_each_time(made: Path, tmp_path: Path) -> None:
    first = await examples_of(Workspace.open(made))
    assert first == await examples_of(Workspace.open(made))
    assert [one.id for row in first.values() for one in row] == list(
        dict.fromkeys(one.id for row in first.values() for one in row)
    )


async def test_what_people_changed_is_worth_all(made: Path) -> None:
    """The examples can be met: what really happened is a good reply."""
    found = await examples_of(Workspace.open(made))
    for one in found["edit.write"]:
        assert isinstance(one.goal, Edits)
        reply = f"{one.goal.path}\n```\n{one.goal.after}```\n"
        good = judge(one.goal, Reply(reply), workspace=Workspace.open(made), tools=())
        assert good.score == 1.0, good.feedback
    for one in found["ask.conclude"]:
        assert isinstance(one.goal, Cites)
        place = one.goal.places[0]
        good = judge(
            one.goal, Reply(f"`{place.path}:{place.start}`"), workspace=Workspace.open(made), tools=()
        )
        assert good.score == 1.0, good.feedback
        assert f"{place.path}:{place.start}-" in one.fields["places"]


@pytest.mark.parametrize("window", [1024, 2048, 8192])
async def test_they_fit_into_the_window(made: Path, window: int) -> None:
    for row in (await examples_of(Workspace.open(made), window=window)).values():
        for one in row:
            assert sum(map(len, one.fields.values())) <= room_of(window) + 600


async def test_secrets_are_in_no_example(workspace: Workspace) -> None:
    for thing in THINGS[:12]:
        path = workspace.root / "pkg" / f"{thing}.py"
        path.write_text(
            module(thing, 3).replace("value + 1", f'value + 1  # api_key = "{SECRET}" word-of-mouth')
        )
        commit(workspace.root, f"Polish the {thing} with {SECRET} and word-of-mouth")
    found = [one for row in (await examples_of(workspace)).values() for one in row]
    fields = "".join(text for one in found for text in one.fields.values())
    assert any(thing in fields for thing in THINGS[:12])
    assert SECRET not in fields and "word-of-mouth" not in fields


async def test_hostile_subjects_and_names_are_one_harmless_line(workspace: Workspace) -> None:
    for thing in THINGS[:8]:
        (workspace.root / "pkg" / f"{thing}.py").write_text(module(thing, 4))
        commit(workspace.root, f"Weigh\x1b[31m the {thing}\u202e again {'very ' * 400}much")
    found = [one for row in (await examples_of(workspace)).values() for one in row]
    asked = [one.fields["question"] for one in found if "again" in one.fields.get("question", "")]
    assert asked and all(len(text) <= 300 and text.isprintable() for text in asked)


async def test_a_history_that_is_no_history(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    assert await commits(workspace) == []
    git(tmp_path, "init", "-q")
    assert await commits(workspace) == []
    found = await examples_of(workspace)
    assert not any(found.values())


async def test_commits_are_read_with_what_they_changed_in_place(workspace: Workspace) -> None:
    git(workspace.root, "mv", "pkg/anchor.py", "pkg/other.py")
    (workspace.root / "pkg" / "basket.py").write_text("x = 1\n")
    (workspace.root / "new name.py").write_text("diff --git a/x b/x\n@@ -1 +1 @@\n")
    commit(workspace.root, "Move one\n\nAnd change\nanother.")
    newest = (await commits(workspace))[0]
    assert (newest.subject, newest.body) == ("Move one", "And change\nanother.")
    assert [file.path for file in newest.files] == ["pkg/basket.py"]
    assert set(newest.touched) == {"pkg/anchor.py", "pkg/other.py", "pkg/basket.py", "new name.py"}
    assert newest.files[0].came() == ["x = 1"]
    texts = await contents(workspace, newest.id, "pkg/basket.py")
    assert texts == (module("basket", 2), "x = 1\n")
    assert await contents(workspace, newest.id, "pkg/anchor.py") is None
    assert await contents(workspace, newest.id, "../etc/passwd") is None


async def test_nothing_that_the_repository_configures_runs(workspace: Workspace, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    for key in ("core.pager", "diff.external", "core.fsmonitor", "diff.x.textconv"):
        git(workspace.root, "config", key, f"touch {trap}; cat")
    (workspace.root / ".gitattributes").write_text("*.py diff=x\n")
    assert await commits(workspace)
    await examples_of(workspace)
    assert not trap.exists()


def test_sources_take_turns_and_nothing_is_twice() -> None:
    def one(number: int, source: str, question: str) -> Example:
        return Example(
            id=f"{number:03}", target="ask.conclude", source=source, side="learn",  # type: ignore[arg-type]
            fields={"question": question}, goal=Cites((), ()),
        )  # fmt: skip

    rows = [one(n, "history", f"h{n}") for n in range(40)] + [
        one(100 + n, "tests", f"t{n}") for n in range(3)
    ]
    rows += [one(200, "tests", "t1"), one(100, "tests", "t9")]
    random.Random(1).shuffle(rows)
    found = chosen(rows, ("ask.conclude",))["ask.conclude"]
    assert len(found) == MOST and counted(found) == {"history": 13, "tests": 3}
    assert [example.source for example in found[:6]] == ["history", "tests"] * 3


@given(st.sets(st.text(max_size=30), min_size=1, max_size=6))
def test_a_side_hangs_on_the_files_alone(paths: set[str]) -> None:
    sides = {side_of(path) for path in paths}
    assert common_side(paths) == (sides.pop() if len(sides) == 1 else None)
    assert common_side(()) is None


def test_about_half_of_the_files_are_on_each_side() -> None:
    sides = [side_of(f"src/file{number}.py") for number in range(2000)]
    assert 900 < sides.count("learn") < 1100


async def test_examples_and_jobs_cross_a_pipe(made: Path) -> None:
    found = await examples_of(Workspace.open(made))
    for row in found.values():
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(row), type=list[Example]) == row
