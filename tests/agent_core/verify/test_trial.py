"""The copy of a workspace in which changes are tried."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent_core.changes.model import FileChange
from agent_core.config import Settings
from agent_core.errors import PathRefused, ToolError
from agent_core.verify.api import Verifier
from agent_core.verify.baselines import Baselines
from agent_core.verify.detect import chosen, detect
from agent_core.verify.sandbox import Sandbox, find_sandbox
from agent_core.verify.stale import OwnFolder, remove_stale
from agent_core.verify.trial import Trial
from agent_core.workspace import Workspace
from tests.agent_core.verify.conftest import Make, left_in
from tests.fakes.processes import gone

BOTH = pytest.mark.parametrize("boxed", [True, False], ids=["sandbox", "without"])
SHOP = {
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-p no:randomly -p no:cacheprovider'\n",
    "shop/__init__.py": "",
    "shop/cart.py": "def total(prices):\n    return sum(prices) + 1\n",
    "tests/test_cart.py": "from shop.cart import total\n\n\n"
    "def test_total():\n    assert total([1, 2]) == 3\n\n\n"
    "def test_other():\n    assert total([]) in (0, 1)\n",
    "tests/test_old.py": "def test_old():\n    assert 1 == 2\n",
}


def change(path: str, before: str | None, after: str | None) -> FileChange:
    old, new = (None if text is None else text.encode() for text in (before, after))
    return FileChange(path=path, before=old, after=new)


def cart(after: str) -> FileChange:
    return change("shop/cart.py", SHOP["shop/cart.py"], f"def total(prices):\n    return {after}\n")


def own_tests(workspace: Workspace) -> tuple[Verifier, ...]:
    return chosen(detect(workspace, Settings()), "run_tests")


async def box(boxed: bool) -> Sandbox | None:
    if not boxed:
        return None
    found, why_not = await find_sandbox()
    if found is None:
        pytest.skip(why_not)
    return found


def shell(script: str) -> Verifier:
    return Verifier(name="x", kind="build", argv=("sh", "-c", script))


@BOTH
async def test_a_wrong_fix_and_the_right_one(workspace: Make, tmp_path: Path, boxed: bool) -> None:
    space = workspace(SHOP)
    verifiers = own_tests(space)
    async with Trial(space, sandbox=await box(boxed), parent=tmp_path / "trials") as trial:
        await trial.apply([cart("sum(prices) - 1")])
        (wrong,) = await trial.check(verifiers)
        assert wrong.state == "failed"
        assert [(each.path, each.line) for each in wrong.findings] == [
            ("tests/test_cart.py", 5),
            ("tests/test_cart.py", 9),
        ]
        assert "assert 2 == 3" in wrong.findings[0].message
        assert (wrong.known, wrong.remaining[0].path, wrong.sandboxed) == (1, "tests/test_old.py", boxed)
        await trial.reset()
        await trial.apply([cart("sum(prices)")])
        (right,) = await trial.check(verifiers)
        assert (right.state, right.passed, right.findings, right.known) == ("passed", 2, (), 1)
        assert right.note == "1 finding was there before"
    assert (space.root / "shop/cart.py").read_text() == SHOP["shop/cart.py"]
    assert left_in(tmp_path / "trials") == []
    assert not (space.root / "shop/__pycache__").exists()


@BOTH
async def test_code_that_is_installed_as_editable_is_the_copy_s(
    workspace: Make, tmp_path: Path, boxed: bool
) -> None:
    """A package below `src`, one whose folder has another name, and one that a `.pth` file leads to."""
    files = {
        "src/shop/__init__.py": "WHERE = 'old'\n",
        "lib/__init__.py": "WHERE = 'old'\n",
        "plain/straight.py": "WHERE = 'old'\n",
    }
    space = workspace(files)
    (space.root / ".venv").unlink()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", space.root / ".venv"], check=True)
    python = space.root / ".venv/bin/python"
    _install_as_editable(space.root, python)
    script = (
        f"cd / && {python} -c 'import shop, other, straight; print(shop.WHERE, other.WHERE, straight.WHERE)'"
    )
    if not boxed:
        script = script.replace(str(python), ".venv/bin/python").replace("cd / && ", "")
    names = ("src/shop/__init__.py", "lib/__init__.py", "plain/straight.py")
    async with Trial(space, sandbox=await box(boxed), parent=tmp_path / "trials") as trial:
        (before,) = await trial.run([shell(script)])
        assert before.tail == "old old old"
        await trial.apply([change(name, "WHERE = 'old'\n", "WHERE = 'new'\n") for name in names])
        (after,) = await trial.run([shell(script)])
        assert after.tail == "new new new"
    plain = subprocess.run(["sh", "-c", script], cwd=space.root, capture_output=True, text=True, check=True)
    assert plain.stdout == "old old old\n"


def _install_as_editable(root: Path, python: Path) -> None:
    """What setuptools writes for such a package (its finder, cut to what it does), and a plain path."""
    library = next((root / ".venv/lib").glob("python3*/site-packages"))
    finder = (
        "import sys\nfrom importlib.util import spec_from_file_location as spec\nfrom pathlib import Path\n"
        f"MAPPING = {{'shop': '{root}/src/shop', 'other': '{root}/lib'}}\n"
        "class _EditableFinder:\n"
        "    @classmethod\n"
        "    def find_spec(cls, fullname, path=None, target=None):\n"
        "        if fullname in MAPPING:\n"
        "            start = Path(MAPPING[fullname], '__init__.py')\n"
        "            return spec(fullname, start, submodule_search_locations=[str(start.parent)])\n"
        "def install():\n    sys.meta_path.append(_EditableFinder)\n"
    )
    (library / "__editable___shop_1_finder.py").write_text(finder)
    (library / "__editable__.shop-1.pth").write_text(
        "import __editable___shop_1_finder; __editable___shop_1_finder.install()\n"
    )
    (library / "straight.pth").write_text(f"{root}/plain\n")


@BOTH
async def test_what_the_copy_holds(workspace: Make, tmp_path: Path, boxed: bool) -> None:
    space = workspace(
        {
            ".gitignore": "node_modules\nbuilt\n.env\nhuge\n",
            "a.txt": "a",
            "built/made.txt": "made",
            ".env": "X=1",
            "node_modules/dep/index.js": "dep",
            "node_modules/.bin/dep": "run",
            "packages/own/index.js": "own",
            "src/__pycache__/a.pyc": "x",
            ".dspy_tui/config.toml": "",
            ".git/HEAD": "ref: refs/heads/main\n",
        }
    )
    (space.root / "link").symlink_to("a.txt")
    (space.root / "absolute").symlink_to(space.root / "a.txt")
    (space.root / "node_modules/own").symlink_to("../packages/own")
    script = (
        "cat a.txt built/made.txt .env node_modules/dep/index.js link absolute node_modules/own/index.js;"
        "echo; echo changed > absolute; cat a.txt; ls -a"
    )
    async with Trial(space, sandbox=await box(boxed), parent=tmp_path / "trials") as trial:
        await trial.apply([change("packages/own/index.js", "own", "OWN")])
        (report,) = await trial.run([shell(script)])
        listed = report.tail.split("\n")
        assert listed[:2] == ["amadeX=1depaaOWN", "changed"]
        assert {".env", "built", "node_modules", ".venv"} <= set(listed) and ".dspy_tui" not in listed
        assert (".git" in listed) == boxed  # read-only in there; out here it would be the real one
        assert not (trial.root / "src/__pycache__").exists()
    assert (space.root / "a.txt").read_text() == "a"


@BOTH
async def test_reset_brings_back_what_checks_did(workspace: Make, tmp_path: Path, boxed: bool) -> None:
    space = workspace({"a.txt": "a", "b.txt": "b", "sub/c.txt": "c"})
    script = "echo x > a.txt; rm b.txt; rm -r sub; mkdir -p new/deep; echo y > new/deep/z; chmod 0 new/deep"
    async with Trial(space, sandbox=await box(boxed), parent=tmp_path / "trials") as trial:
        await trial.apply(
            [change("d/e.txt", None, "e"), change("b.txt", "b", None), change("a.txt", "a", "A")]
        )
        assert (trial.root / "d/e.txt").read_text() == "e" and not (trial.root / "b.txt").exists()
        await trial.run([shell(script)])
        await trial.reset()
        names = sorted(str(path.relative_to(trial.root)) for path in trial.root.rglob("*"))
        assert [name for name in names if not name.startswith(".venv")] == [
            "a.txt",
            "b.txt",
            "sub",
            "sub/c.txt",
        ]
        assert [(trial.root / name).read_text() for name in ("a.txt", "b.txt", "sub/c.txt")] == [
            "a",
            "b",
            "c",
        ]


async def test_changes_of_equal_size_within_a_second_are_seen_through_caches(
    workspace: Make, tmp_path: Path
) -> None:
    space = workspace(SHOP)
    told = "import sys; sys.dont_write_bytecode = False; from shop.cart import total; print(total([1, 2]))"
    asking = Verifier(name="x", kind="build", argv=(sys.executable, "-c", told))
    async with Trial(space, parent=tmp_path / "trials") as trial:
        said: list[str] = []
        for number in range(8):
            await trial.apply([cart(f"sum(prices) + {number}")])
            said += [report.tail.strip() for report in await trial.run([asking])]
            await trial.reset()
            said += [report.tail.strip() for report in await trial.run([asking])]
        assert list(trial.root.glob("shop/__pycache__/cart*")), "there is a cache to be deceived by"
    assert said == [line for number in range(8) for line in (str(3 + number), "4")]


async def test_the_unchanged_workspace_is_asked_once(workspace: Make, tmp_path: Path) -> None:
    space = workspace({"a.c": "1\n2\n"})
    runs = tmp_path / "runs"
    verifier = shell(f"echo run >> {runs}; grep -n . a.c | sed 's/:.*/: error: bad/; s/^/a.c:/'; exit 1")
    baselines = Baselines()
    for _ in range(2):
        async with Trial(space, baselines=baselines, parent=tmp_path / "trials") as trial:
            await trial.apply([change("a.c", "1\n2\n", "0\n1\n2\n")])
            await trial.check([verifier])
            assert (trial.root / "a.c").read_text() == "0\n1\n2\n"
    assert runs.read_text().count("run") == 3  # both changed, and the unchanged one
    (space.root / "a.c").write_text("3\n")
    async with Trial(space, baselines=baselines, parent=tmp_path / "trials") as trial:
        await trial.check([verifier])
    assert runs.read_text().count("run") == 5


async def test_changes_stay_in_the_copy(workspace: Make, tmp_path: Path) -> None:
    space = workspace({"a.txt": "a"})
    (space.root / "out").symlink_to(tmp_path)
    async with Trial(space, parent=tmp_path / "trials") as trial:
        for path in ("../x", "/etc/x", "out/x", ".", ".venv/pyvenv.cfg"):
            with pytest.raises(PathRefused):
                await trial.apply([change(path, None, "x")])
    assert not (tmp_path / "x").exists()


async def test_a_workspace_that_is_too_large(workspace: Make, tmp_path: Path) -> None:
    space = workspace({"a.txt": "a" * 5000})
    with pytest.raises(ToolError, match=r"too large to be copied: 1 file, 4\.9 KB; at most 1\.0 KB are"):
        async with Trial(space, parent=tmp_path / "trials", most_bytes=1024):
            pass
    assert left_in(tmp_path / "trials") == []


async def test_cancelled_in_the_middle_of_copying(workspace: Make, tmp_path: Path) -> None:
    space = workspace({f"d{number % 50}/{number}.txt": "x" * 100 for number in range(3000)})
    started = asyncio.Event()

    async def enter() -> None:
        async with Trial(space, parent=tmp_path / "trials", progress=lambda _: started.set()):
            await asyncio.sleep(600)

    task = asyncio.create_task(enter())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left_in(tmp_path / "trials") == []


async def test_cancelled_while_a_check_runs(workspace: Make, tmp_path: Path) -> None:
    space = workspace({"a.txt": "a"})
    shown = asyncio.Event()

    async def check() -> None:
        async with Trial(space, parent=tmp_path / "trials") as trial:
            await trial.run([shell("echo started; sleep 600")], progress=lambda _: shown.set())

    task = asyncio.create_task(check())
    await shown.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left_in(tmp_path / "trials") == []


async def test_what_never_ended_is_no_fault_of_the_change(workspace: Make, tmp_path: Path) -> None:
    space = workspace({"a.txt": "one\n"})
    change = FileChange(path="a.txt", before=b"one\n", after=b"two\n")
    async with Trial(space, parent=tmp_path / "trials", timeout=2) as trial:
        await trial.apply([change])
        always, hung = await trial.check([shell("sleep 600"), shell("grep -q one a.txt || sleep 600")])
        assert (await trial.check([shell("sleep 600; true")], timeout=1))[0].state == "timed-out"
    assert (always.state, always.note) == ("broken", "it takes too long without the change, too")
    assert hung.state == "timed-out"


async def test_a_change_that_breaks_the_linter_itself_has_failed_it(workspace: Make, tmp_path: Path) -> None:
    settings = "[tool.ruff]\nline-length = 100\n"
    space = workspace({"a.py": "x = 1\n", "pyproject.toml": settings})
    ruff = next(each for each in detect(space, Settings()) if each.name == "ruff")
    change = FileChange(path="pyproject.toml", before=settings.encode(), after=b"[tool.ruff]\nbogus = 1\n")
    async with Trial(space, parent=tmp_path / "trials") as trial:
        await trial.apply([change])
        (report,) = await trial.check([ruff])
    assert (report.state, report.exit) == ("failed", 2)


def test_the_copies_of_killed_runs_go_with_the_next_one(tmp_path: Path) -> None:
    killed, living = OwnFolder(tmp_path), OwnFolder(tmp_path)
    (killed.path / "sub").mkdir()
    (killed.path / "sub/file").write_text("x")
    (killed.path / "sub").chmod(0o500)
    killed_lock = killed.path.with_name(killed.path.name + ".lock")
    os.close(killed._fd)  # pyright: ignore[reportPrivateUsage] - what the system does when a process is killed
    remove_stale(tmp_path)
    assert not killed.path.exists() and not killed_lock.exists()
    assert living.path.is_dir()
    living.remove()
    assert left_in(tmp_path) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are known by /proc")
async def test_what_a_killed_run_had_running_goes_with_its_copy(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    (tmp_path / f"{ended.pid}-aa").mkdir()
    (tmp_path / f"{ended.pid}-aa.lock").touch()
    marked = {**os.environ, "DSPY_TUI_PROCESS": f"{ended.pid}-bb"}
    with subprocess.Popen(["sleep", "600"], env=marked, start_new_session=True) as left:
        await asyncio.to_thread(remove_stale, tmp_path)
        await gone(left.pid)
    assert left_in(tmp_path) == []


def test_a_lock_that_is_held_protects_its_folder(tmp_path: Path) -> None:
    (tmp_path / "1-aa").mkdir()
    with (tmp_path / "1-aa.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        remove_stale(tmp_path)
        assert left_in(tmp_path) == ["1-aa", "1-aa.lock"]
    remove_stale(tmp_path)
    assert left_in(tmp_path) == []


async def test_in_the_sandbox_what_runs_a_script_and_what_we_import_from_are_seen(
    workspace: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both lie in a hidden place: an environment of its own, and the checkout that a plugin is run from."""
    made, checkout = tmp_path / "made", tmp_path / "checkout"
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", str(made)), check=True)
    checkout.mkdir()
    (checkout / "of_the_checkout.py").write_text("print('imported')\n")
    (tmp_path / "private").write_text("not for checks\n")
    monkeypatch.syspath_prepend(str(checkout))
    space = workspace({"told.py": f"#!{made}/bin/python\nprint('told')\n"})
    (space.root / "told.py").chmod(0o755)
    ours = f"import sys; sys.path.insert(0, {str(checkout)!r}); import of_the_checkout"
    checks = {"script": ("./told.py",), "ours": (sys.executable, "-c", ours),
              "private": ("cat", str(tmp_path / "private"))}  # fmt: skip
    async with Trial(space, sandbox=await box(True), parent=tmp_path / "trials") as trial:
        verifiers = [Verifier(name=name, kind="build", argv=argv) for name, argv in checks.items()]
        script, own, private = await trial.run(verifiers)
    assert (script.exit, own.exit) == (0, 0), (script.note, own.note)
    assert private.exit != 0
