"""Checks that are really run on changes: what they tell, what they cost, and what is kept of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from agent_core.config import Settings
from agent_core.errors import LearningFault
from agent_core.rl.offline.actions import Action, actions_of
from agent_core.rl.offline.changes import CHANGE_FEATURES
from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.doubting import Doubts
from agent_core.rl.offline.gathering import episodes_of, logs_seen
from agent_core.rl.offline.outcomes import OUTCOMES_FILE, Outcome, Usual, key_of
from agent_core.rl.offline.planting import plant
from agent_core.rl.offline.recording import Recorder, Recording, Standing
from agent_core.rl.offline.trying import limit_of, tried, usual
from agent_core.verify.trial import Trial
from agent_core.workspace import Workspace
from tests.agent_core.rl.offline.conftest import CONFIG, SHOP, Make
from tests.fakes.processes import gone


async def recorded(
    space: Workspace,
    folder: Path,
    config: TrainingConfig = CONFIG,
    count: int = 10,
    seen: list[Standing] | None = None,
) -> Recording:
    folder.mkdir(exist_ok=True)
    told = [] if seen is None else seen
    recorder = Recorder(
        workspace=space, settings=Settings(), config=config, folder=folder, progress=told.append
    )
    return await recorder.record(count)


async def test_what_checks_tell_is_recorded_once(workspace: Make, tmp_path: Path) -> None:
    space, seen = workspace(SHOP), list[Standing]()
    before = {path: path.read_bytes() for path in space.root.rglob("*.py") if ".venv" not in path.parts}
    first = await recorded(space, tmp_path / "kept", seen=seen)
    assert first.actions == ("run_tests", "lint") and first.ran == 20 and not first.without
    by_kind = {bug.mutation.kind: row for bug, row in zip(first.bugs, first.rows, strict=True)}
    tests, lint = by_kind["name"]
    assert tests.found and lint.found and min(tests.seconds, lint.seconds) > 0
    assert by_kind["syntax"][1].found and by_kind["unused"][1].found
    assert not by_kind["unused"][0].found, "an import that nobody needs fails no test"
    assert any(row[0].found and not row[1].found for row in first.rows), "some bugs only tests find"
    assert seen[-1].done == seen[-1].total - 1 and seen[-1].left is not None
    after = {path: path.read_bytes() for path in space.root.rglob("*.py") if ".venv" not in path.parts}
    assert after == before

    again = await recorded(space, tmp_path / "kept")
    assert again == msgspec.structs.replace(first, ran=0), "what is known costs nothing"
    more = await recorded(space, tmp_path / "kept", count=14)
    assert more.bugs[:10] == first.bugs and more.ran == 8

    episodes = episodes_of({"shop": first})
    assert episodes.found.shape == (10, 2) and (episodes.seconds > 0).all()
    (space.root / "shop" / "extra.py").write_text("def more():\n    return 1\n")
    assert (await recorded(space, tmp_path / "kept", count=3)).ran == 6, "the project is another one now"


async def test_each_change_has_what_the_logs_said_when_it_was_tried(workspace: Make, tmp_path: Path) -> None:
    space, folder = workspace(SHOP), tmp_path / "kept"
    folder.mkdir()
    said = iter([{"log_errors": 0.25}, {"log_errors": 0.25}, None, {"log_errors": 0.75}, {"log_errors": 7.0}])

    async def logs() -> dict[str, float] | None:
        return next(said, {"log_errors": 7.0})

    recorder = Recorder(workspace=space, settings=Settings(), config=CONFIG, folder=folder, logs=logs)
    first = await recorder.record(3)
    assert first.rows[0][0].logs == {"log_errors": 0.25} and first.rows[1][0].logs is None
    again = await recorded(space, folder, count=4)
    assert again.rows[:3] == first.rows, "what was known is as it was then"

    episodes = episodes_of({"shop": again}, logs={"log_errors": 0.5})
    column = len(CHANGE_FEATURES)
    assert episodes.features[:, column].tolist() == [0.25, 0.75, 1.0, 0.5]
    assert logs_seen(episodes) == {"log_errors": (0.25, 1.0), "log_new": (0.0, 0.0)}


PYTEST = {
    **SHOP,
    "tests/test_slow.py": (
        "import time\n\n\ndef test_other():\n    from shop import sums\n\n    time.sleep(1.5)\n"
        "    assert sums.add(1, 2) == 3\n"
    ),
    "shop/sums.py": "def add(left, right):\n    return left + right\n",
}


async def test_tests_run_as_they_do_for_an_edit(workspace: Make) -> None:
    """What tells by the tests of the changed module costs these alone; where they pass, all tests are run."""
    space = workspace(PYTEST)
    (tests,), _ = actions_of(space, Settings(), TrainingConfig(actions=("run_tests",)))
    bugs = [bug for bug in plant(space, 40) if bug.path == "shop/cart.py"]
    told = next(bug for bug in bugs if bug.mutation.kind == "name")
    untold = next(bug for bug in bugs if bug.mutation.kind == "unused")
    async with Trial(space) as trial:
        expected = await usual(trial, tests)
        found = await tried(trial, told, expected, key="1", as_edits=True)
        missed = await tried(trial, untold, expected, key="2", as_edits=True)
    assert found.found and found.passed + found.failed == 2, "the slow test is none of the cart's"
    assert not missed.found and missed.passed == 3, "all have passed"
    assert missed.seconds > expected.seconds, "those that concern it have run before"


async def test_tests_that_are_written_meanwhile_do_not_concern_the_copy(workspace: Make) -> None:
    space = workspace(PYTEST)
    (tests,), _ = actions_of(space, Settings(), TrainingConfig(actions=("run_tests",)))
    bug = next(bug for bug in plant(space, 40) if bug.path == "shop/cart.py" and bug.mutation.kind == "name")
    async with Trial(space) as trial:
        expected = await usual(trial, tests)
        (space.root / "tests" / "test_more.py").write_text("from shop import cart\n\nassert cart\n")
        outcome = await tried(trial, bug, expected, key="1", as_edits=True)
    assert outcome.found and outcome.passed + outcome.failed == 2, "those of the copy alone"


def test_what_runs_as_for_an_edit_is_kept_apart() -> None:
    tests = Action(name="run_tests", verifiers=())
    assert key_of("p", "c", tests, timeout=1.0) != key_of("p", "c", tests, timeout=1.0, as_edits=True)


async def test_one_who_edits_while_it_begins_is_told(workspace: Make, tmp_path: Path) -> None:
    space, folder = workspace(SHOP), tmp_path / "kept"
    folder.mkdir()

    def edit(_: Standing) -> None:
        (space.root / "shop" / "cart.py").write_text("def total():\n    return 0\n")

    recorder = Recorder(workspace=space, settings=Settings(), config=CONFIG, folder=folder, progress=edit)
    with pytest.raises(LearningFault, match="changed while the training began"):
        await recorder.record(2)
    assert not (folder / OUTCOMES_FILE).exists()


async def test_cancelled_in_the_middle_it_goes_on(workspace: Make, tmp_path: Path) -> None:
    space, seen = workspace(SHOP), list[Standing]()
    task = asyncio.create_task(recorded(space, tmp_path / "kept", seen=seen))
    while not any(standing.done >= 3 and standing.left is not None for standing in seen):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    known = len((tmp_path / "kept" / OUTCOMES_FILE).read_text().splitlines())
    assert known >= 3
    (tmp_path / "kept" / OUTCOMES_FILE).open("a").write('{"key": "torn')
    assert (await recorded(space, tmp_path / "kept")).ran == 20 - known


async def test_a_test_that_fails_now_and_then_tells_nothing(workspace: Make, tmp_path: Path) -> None:
    count = tmp_path / "count"
    flaky = (
        "import pathlib\nimport unittest\n\n\n"
        "class FlakyTest(unittest.TestCase):\n"
        "    def test_now_and_then(self):\n"
        f"        count = pathlib.Path({str(count)!r})\n"
        "        with count.open('a') as file:\n"
        "            file.write('x')\n"
        "        self.assertEqual(len(count.read_text()) % 2, 1, count.read_text())\n"
    )
    space = workspace({**SHOP, "tests/test_flaky.py": flaky})
    found = await recorded(space, tmp_path / "kept", count=9)
    unused = next(
        row for bug, row in zip(found.bugs, found.rows, strict=True) if bug.mutation.kind == "unused"
    )
    assert not unused[0].found
    assert any(row[0].found for row in found.rows)


async def test_tests_that_cannot_even_start_tell_of_a_change(workspace: Make, tmp_path: Path) -> None:
    failing = "def test_of_something_else():\n    raise AssertionError('as it was')\n"
    files = {
        "shop/__init__.py": "", "shop/cart.py": SHOP["shop/cart.py"],
        "tests/conftest.py": "import shop.cart\n", "tests/test_failing.py": failing,
        "tests/test_passing.py": "def test_it():\n    import shop.cart\n",
    }  # fmt: skip
    test = ".venv/bin/python -m pytest -q -p no:cacheprovider"
    config = msgspec.structs.replace(CONFIG, actions=("run_tests",), test_cmd=test)
    found = await recorded(workspace(files), tmp_path / "kept", config, count=10)
    rows = {bug.mutation.kind: row[0] for bug, row in zip(found.bugs, found.rows, strict=True)}
    assert rows["syntax"].state == "broken" and rows["syntax"].found
    assert not rows["operator"].found


async def test_a_test_that_fails_in_a_fifth_of_all_runs_is_told_apart(
    workspace: Make, tmp_path: Path
) -> None:
    """It passes in both runs without a bug, and fails by itself in the fifth, the tenth, … run."""
    count = tmp_path / "count"
    flaky = (
        "import pathlib\nimport unittest\n\n\n"
        "class FlakyTest(unittest.TestCase):\n"
        "    def test_one_in_five(self):\n"
        f"        count = pathlib.Path({str(count)!r})\n"
        "        with count.open('a') as file:\n"
        "            file.write('x')\n"
        "        self.assertTrue(len(count.read_text()) % 5)\n"
    )
    space = workspace({**SHOP, "tests/test_flaky.py": flaky})
    found = await recorded(space, tmp_path / "kept", count=16)
    (said,) = found.without
    assert "1 test fails now and then without any change" in said and "test_one_in_five" in said
    runs = len(count.read_text())
    again = await recorded(space, tmp_path / "kept", count=16)
    assert again == msgspec.structs.replace(found, ran=0) and len(count.read_text()) == runs

    (space.root / "tests" / "test_flaky.py").unlink()
    steady = await recorded(space, tmp_path / "kept", count=16)
    assert [bug.id for bug in found.bugs] == [bug.id for bug in steady.bugs] and not steady.without
    assert [row[0].found for row in found.rows] == [row[0].found for row in steady.rows]


async def test_a_test_that_failed_four_times_by_chance_is_not_believed(
    workspace: Make, tmp_path: Path
) -> None:
    """It passes twice without a bug, fails in the next six runs, then in every other one."""
    count = tmp_path / "count"
    flaky = (
        "import pathlib\nimport unittest\n\n\n"
        "class FlakyTest(unittest.TestCase):\n"
        "    def test_by_chance(self):\n"
        f"        count = pathlib.Path({str(count)!r})\n"
        "        with count.open('a') as file:\n"
        "            file.write('x')\n"
        "        run = len(count.read_text())\n"
        "        self.assertFalse(2 < run < 9 or run > 9 and run % 2 == 0)\n"
    )
    space = workspace({**SHOP, "tests/test_flaky.py": flaky})
    found = await recorded(space, tmp_path / "kept", count=16)
    assert any("test_by_chance" in said for said in found.without)
    (space.root / "tests" / "test_flaky.py").unlink()
    steady = await recorded(space, tmp_path / "kept", count=16)
    assert [row[0].found for row in found.rows] == [row[0].found for row in steady.rows]


def test_what_turns_out_to_be_chance_takes_as_long_as_all_tests() -> None:
    expected = Usual(
        action=Action(name="run_tests", verifiers=()), reports=(), seconds=9.0, unsteady=("test_by_chance",)
    )
    narrow = Outcome(key="1", found=True, seconds=0.5, state="failed", failed=1, failing=("test_by_chance",))
    outcome = Doubts(expected).reconsidered(narrow)
    assert not outcome.found and outcome.seconds == 9.0


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("sleep 600", "it was ended after 2.0 s"),
        ("no-such-program --all", "no-such-program"),
        ("kill -9 $$", "it was killed by SIGKILL"),
    ],
    ids=["hangs", "does-not-start", "is-killed"],
)
async def test_a_check_that_does_not_work_is_left_out(
    workspace: Make, tmp_path: Path, command: str, why: str
) -> None:
    config = msgspec.structs.replace(CONFIG, test_cmd=command, timeout_sec=2.0)
    found = await recorded(workspace(SHOP), tmp_path / "kept", config, count=3)
    assert found.actions == ("lint",) and why in found.without[0]


async def test_a_check_that_is_mended_meanwhile_is_used(workspace: Make, tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    config = msgspec.structs.replace(CONFIG, test_cmd=f"sh {tool}")
    space = workspace(SHOP)
    tool.write_text("kill -9 $$\n")
    assert (await recorded(space, tmp_path / "kept", config, count=1)).actions == ("lint",)
    tool.write_text(f"exec {CONFIG.test_cmd}\n")
    assert (await recorded(space, tmp_path / "kept", config, count=1)).actions == ("run_tests", "lint")


async def test_tests_that_hang_with_a_bug_are_ended_soon(
    workspace: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.rl.offline.trying._SHORTEST_S", 0.5)
    space, original = workspace(SHOP), tmp_path / "original"
    original.write_text(SHOP["shop/cart.py"])
    unlike = f"cmp -s shop/cart.py {original} || "
    hangs = msgspec.structs.replace(CONFIG, actions=("run_tests",), test_cmd=f"{unlike}sleep 40")
    found = await recorded(space, tmp_path / "kept", hangs, count=1)
    assert found.rows[0][0].state == "timed-out" and found.rows[0][0].found
    assert found.rows[0][0].seconds < 20, "a tenth of a second is usual"
    assert (await recorded(space, tmp_path / "kept", hangs, count=1)).ran == 0

    slow = msgspec.structs.replace(CONFIG, actions=("lint",), lint_cmd=f"{unlike}sleep 3")
    found = await recorded(space, tmp_path / "kept", slow, count=1)
    assert found.rows[0][0].state == "passed", "what looks at all of the sources anew takes its time"


@pytest.mark.parametrize(
    ("usual", "limit"), [(0.1, 10.0), (2.0, 20.0), (60.0, 600.0)], ids=["short", "usual", "long"]
)
def test_tests_may_take_ten_times_what_they_usually_take(usual: float, limit: float) -> None:
    tests = Action(name="run_tests", verifiers=())
    assert limit_of(Usual(action=tests, reports=(), seconds=usual)) == limit


async def test_where_nothing_works_it_is_said(workspace: Make, tmp_path: Path) -> None:
    config = msgspec.structs.replace(CONFIG, actions=("run_tests",), test_cmd="no-such-program")
    with pytest.raises(LearningFault, match="No check of this project works") as fault:
        await recorded(workspace(SHOP), tmp_path / "kept", config)
    assert fault.value.hint
    with pytest.raises(LearningFault, match="no Python sources"):
        await recorded(Workspace.open(tmp_path / "kept"), tmp_path / "kept", CONFIG)


async def test_output_without_end_and_children_are_of_no_harm(workspace: Make, tmp_path: Path) -> None:
    pid, runs = tmp_path / "pid", tmp_path / "runs"
    much = f"echo >> {runs}; [ $(wc -l < {runs}) -lt 3 ] || yes | head -c 100000000"
    script = f"{much}; sleep 600 & echo $! > {pid}; .venv/bin/ruff check -q --no-cache ."
    config = msgspec.structs.replace(CONFIG, actions=("lint",), lint_cmd=script, timeout_sec=600)
    found = await recorded(workspace(SHOP), tmp_path / "kept", config, count=1)
    assert found.actions == ("lint",) and found.rows[0][0].state == "passed"
    await gone(int(pid.read_text()))


async def test_a_patch_is_what_the_linter_repairs(workspace: Make, tmp_path: Path) -> None:
    config = msgspec.structs.replace(CONFIG, actions=("lint", "patch"))
    found = await recorded(workspace(SHOP), tmp_path / "kept", config, count=9)
    patched = {bug.mutation.kind: row[1].found for bug, row in zip(found.bugs, found.rows, strict=True)}
    assert patched["unused"] and not patched["boundary"] and not patched["name"]
