"""Plugins that are installed and misbehave: each is told, and the rest works."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_core.config import Settings
from agent_core.doctor.prompts import check_prompts
from agent_core.errors import LogFault, PluginFault, ToolError, UsageError
from agent_core.logs.sources.port import Begin
from agent_core.plugins.installed import Plugins, plugins_of
from agent_core.plugins.kinds import PluginKind
from agent_core.plugins.log_sources import PluginLogs
from agent_core.plugins.verifiers import plugin_checks
from agent_core.rl.gepa.api import Budget, Job
from agent_core.rl.gepa.engine import AskingEngine
from agent_core.rl.gepa.purse import Purse
from agent_core.rl.gepa.running import Run
from agent_core.skills.registry import load_skill
from agent_core.skills.saved import Prompt, add_version, fingerprint
from agent_core.tools.base import ToolContext
from agent_core.tools.help import HelpArgs, HelpTool
from agent_core.tools.plugins import PluginsArgs, PluginsTool
from agent_core.tools.registry import Registry, builtin_tools
from agent_core.tools.rl_policies import policies
from agent_core.verify.detect import chosen, detect
from agent_core.verify.project import Project
from agent_core.workspace import Workspace

TOOL = """
import msgspec
from agent_core.plugins.ports import Hit, ToolResult

class Args(msgspec.Struct):
    pass

class {name}:
    name, aliases, summary, action, args_type = "{tool}", (), "is a test", "read", Args
    positional, takes_rest, for_agent = (), False, False

    async def run(self, args, context):
        {does}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, as pip's --target makes one."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for path in folder.glob("*.py"):
        sys.modules.pop(path.stem, None)


def install(site: Path, name: str, points: str, module: str, version: str = "1.0") -> None:
    about = site / f"{name}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (about / "entry_points.txt").write_text(points)
    (site / f"{name}.py").write_text(module)


def tool(site: Path, name: str, does: str) -> None:
    text = TOOL.format(name="Made", tool=name, does=does)
    install(site, f"dist_{name}", f"[dspy_tui.tools]\n{name} = dist_{name}:Made\n", text)


async def run(name: str, tmp_path: Path, **settings: float) -> str:
    registry = Registry(builtin_tools())
    await registry.ready(name)
    found = registry.get(name)
    assert found is not None, registry.failures
    context = ToolContext(workspace=Workspace.open(tmp_path), settings=Settings(**settings))  # pyright: ignore
    return (await found.run(found.args_type(), context)).text


def state(plugins: Plugins, kind: PluginKind, name: str) -> tuple[str, str]:
    row = next(row for row in plugins.rows() if (row.kind, row.name) == (kind, name))
    return row.state, row.error


async def test_one_that_hangs_at_its_import_is_left_behind(site: Path, tmp_path: Path) -> None:
    install(site, "slow", "[dspy_tui.tools]\nslow = slow:Tool\n", "import time\ntime.sleep(30)\n")
    tool(site, "quick", "return ToolResult(text='fine', summary='fine')")
    registry = Registry(builtin_tools(), plugins=Plugins(import_s=0.3))
    began = time.monotonic()
    beating = asyncio.create_task(asyncio.sleep(0.1))
    await registry.ready()
    assert beating.done() and time.monotonic() - began < 10
    assert registry.get("quick") is not None and registry.get("slow") is None
    assert [(each.name, each.error) for each in registry.failures] == [("slow", "it took longer than 0.3 s")]
    assert "slow" in registry.why_not("slow")


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("raise RuntimeError('made for \x1b[31manother')", "RuntimeError: made for another"),
        ("import no_such_module", "ModuleNotFoundError"),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("class Thing:\n    port_version = 2", "written for version 2 of its port, and here is version 1"),
        ("class Thing:\n    def __init__(self): raise ValueError('no')", "ValueError: no"),
        ("class Thing: pass", "it has no"),
        ("Other = 1", "has no attribute 'Thing'"),
    ],
)
@pytest.mark.parametrize("kind", ["tools", "verifiers", "embedders", "log_sources"])
def test_one_that_cannot_be_used_says_why(site: Path, kind: PluginKind, module: str, said: str) -> None:
    install(site, "bad", f"[dspy_tui.{kind}]\nbad = bad:Thing\n", module)
    plugins = Plugins()
    for _ in range(2):
        sys.modules.pop("bad", None)
        with pytest.raises(PluginFault) as raised:
            plugins.load(kind, "bad")
        assert said in raised.value.message and f'"{kind}:bad"' in raised.value.hint
    assert state(plugins, kind, "bad")[0] == "failed"
    sys.modules.pop("bad", None)


def test_names_that_are_taken(site: Path) -> None:
    install(
        site, "one", "[dspy_tui.embedders]\nminilm = one:A\n[dspy_tui.log_sources]\nlogs = one:A\n", "A = 1"
    )
    install(site, "two", "[dspy_tui.log_sources]\nlogs = two:A\n[dspy_tui.tools]\ngrep = two:A\n", "A = 1")
    registry = Registry(builtin_tools())
    registry.all()
    rows = [
        (row.name, row.distribution, row.error) for row in registry.plugins.rows() if row.state == "failed"
    ]
    assert rows == [
        ("grep", "two", "another tool has this name"),
        ("minilm", "one", "what is built in has this name"),
        ("logs", "two", "one has this name"),
    ]


@pytest.mark.parametrize("off", ["tools:quick", "dist_quick", "tools:*", "*"])
async def test_settings_switch_one_off(site: Path, tmp_path: Path, off: str) -> None:
    tool(site, "quick", "return ToolResult(text='fine', summary='fine')")
    settings = Settings(plugins_off=(off,))
    registry = Registry(builtin_tools(), plugins=plugins_of(settings))
    assert registry.get("quick") is None and "dist_quick" not in sys.modules
    context = ToolContext(workspace=Workspace.open(tmp_path), settings=settings)
    listed = await PluginsTool(registry=registry).run(PluginsArgs("tools"), context)
    assert [(row["name"], row["state"]) for row in listed.data["plugins"]] == [("quick", "off")]


async def test_the_list_tells_where_each_comes_from(site: Path, tmp_path: Path) -> None:
    tool(site, "quick", "return ToolResult(text='fine', summary='fine')")
    install(site, "bad", "[dspy_tui.verifiers]\nbad = bad:Thing\n", "raise OSError('dead')")
    context = ToolContext(workspace=Workspace.open(tmp_path), settings=Settings())
    listed = await PluginsTool(registry=Registry(builtin_tools())).run(PluginsArgs(), context)
    rows = {row["name"]: row for row in listed.data["plugins"]}
    assert (rows["quick"]["state"], rows["quick"]["version"]) == ("loaded", "1.0")
    assert rows["quick"]["file"] == str(site / "dist_quick.py") and rows["quick"]["summary"] == "is a test"
    assert (rows["bad"]["state"], rows["bad"]["error"]) == ("failed", "OSError: dead")
    assert "OSError: dead" in listed.text and str(site / "bad.py") in listed.text
    assert listed.note == "cannot be used: verifiers:bad"


async def test_a_tool_that_blocks_holds_up_nothing_and_has_its_time(site: Path, tmp_path: Path) -> None:
    tool(site, "blocks", "import time; time.sleep(20)")
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.02)
            beats += 1

    beating = asyncio.create_task(beat())
    with pytest.raises(ToolError, match="was ended after"):
        await run("blocks", tmp_path, plugin_timeout=0.5)
    beating.cancel()
    assert beats > 5


async def test_skills_that_are_off_are_none_for_doctor_and_policies(site: Path, tmp_path: Path) -> None:
    install(site, "away", "[dspy_tui.skills]\naway = away:Skill\n", "raise OSError('dead')\n")
    workspace = Workspace.open(tmp_path)
    made = Prompt(made_for="0" * 16, instructions="Be brief.")
    add_version(workspace.ensure_state_dir("skills"), "away", {"draft": made}, model="small", made=1.0)
    off = Settings(plugins_off=("skills:away",))
    assert (await check_prompts(workspace, off)).detail == "the built-in ones"
    assert not (await policies(workspace, off))[1]["prompts"]
    found = await check_prompts(workspace, Settings())
    assert found.verdict == "warn" and "OSError: dead" in found.detail
    (row,) = (await policies(workspace, Settings()))[1]["prompts"]
    assert row["name"] == "away"


@pytest.mark.parametrize(("off", "said"), [((), "Of a plugin."), (("skills:plan",), "")])
def test_a_prompt_to_improve_is_of_the_skills_that_are_on(
    site: Path, tmp_path: Path, off: tuple[str, ...], said: str
) -> None:
    module = """
import dspy

class Draft(dspy.Signature):
    "Of a plugin."
    task: str = dspy.InputField()
    plan: str = dspy.OutputField()

class Skill(dspy.Module):
    def __init__(self):
        super().__init__()
        self.draft = dspy.Predict(Draft)
"""
    install(site, "planner", "[dspy_tui.skills]\nplan = planner:Skill\n", module)
    settings = Settings(plugins_off=off)
    job = Job(
        model="m", window=8192, native=False, settings=settings, budget=Budget(), targets=("plan.draft",)
    )
    purse = Purse(job.budget)
    engine = AskingEngine(send=lambda number, request, tries: None, purse=purse)
    run = Run(Workspace.open(tmp_path), job, {}, engine=engine, purse=purse, tell=lambda _: None)
    student, made_for = run._student("plan.draft")  # pyright: ignore[reportPrivateUsage]
    built_in = fingerprint(load_skill("plan", plugins=Plugins(("*",)))[0].draft.signature)
    assert (made_for == built_in) == bool(off)
    assert (student.predictor.signature.instructions == "Of a plugin.") == bool(said)


async def test_help_does_not_wait_for_an_import_that_hangs(site: Path, tmp_path: Path) -> None:
    tool(site, "works", "return ToolResult(text='', summary='')")
    install(site, "stuck", "[dspy_tui.tools]\nzz = stuck:Tool\n", "import time\ntime.sleep(30)\n")
    registry = Registry(builtin_tools(), plugins=Plugins())
    registry.add(help_tool := HelpTool(registry=registry))
    context = ToolContext(workspace=Workspace.open(tmp_path), settings=Settings())
    for _ in range(2):
        began = time.monotonic()
        listed = await help_tool.run(HelpArgs(), context)
        assert time.monotonic() - began < 5
        assert "The plugin zz is still loading" in listed.text and "  works " in listed.text


async def test_help_says_why_a_command_is_not_there(site: Path, tmp_path: Path) -> None:
    install(site, "raises", "[dspy_tui.tools]\nraises = raises:Tool\n", "raise OSError('dead')\n")
    registry = Registry(builtin_tools(), plugins=Plugins())
    context = ToolContext(workspace=Workspace.open(tmp_path), settings=Settings())
    with pytest.raises(UsageError) as caught:
        await HelpTool(registry=registry).run(HelpArgs(command="raises"), context)
    assert "OSError: dead" in caught.value.hint


async def test_a_tool_is_cancelled(site: Path, tmp_path: Path) -> None:
    mark = tmp_path / "cancelled"
    does = f"""
        import asyncio, pathlib
        context.progress("begun")
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            pathlib.Path({str(mark)!r}).touch()
            raise
"""
    tool(site, "waits", does.strip())
    task = asyncio.create_task(run("waits", tmp_path))
    await asyncio.sleep(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        while not mark.exists():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("raise KeyError('x')", "broke: KeyError: 'x'"),
        ("raise SystemExit(2)", "wants to end the program"),
        ("return 'text'", "gave back no ToolResult"),
        ("return ToolResult(text='', summary='', data={'x': object()})", "no plain data"),
        ("return ToolResult(text=1, summary='')", "no plain data"),
    ],
)
async def test_what_a_tool_gives_back_is_checked(site: Path, tmp_path: Path, does: str, said: str) -> None:
    tool(site, "odd", does)
    with pytest.raises(ToolError, match=said):
        await run("odd", tmp_path)


async def test_what_a_tool_says_is_cleaned(site: Path, tmp_path: Path) -> None:
    tool(site, "loud", "return ToolResult(text='a\\x1b[31m' + 'b' * 900_000, summary='s\\x1b]0;t\\x07')")
    text = await run("loud", tmp_path)
    assert "\x1b" not in text and len(text) < 300_000


def test_checks_that_are_none_are_recorded(site: Path, tmp_path: Path) -> None:
    module = "class Thing:\n    summary = 'x'\n    def find(self, project):\n        {}\n"
    given = {
        "hangs": "import time; time.sleep(9)",
        "raises": "raise OSError('dead')",
        "odd": "return [1]",
        "outside": "from agent_core.plugins.ports import Verifier as V; "
        "return [V(name='x', kind='lint', argv=('x',), cwd='../..')]",
        "good": "from agent_core.plugins.ports import Verifier as V; "
        "return [V(name='good', kind='lint', argv=('true',))] * 99",
    }
    for name, does in given.items():
        install(site, name, f"[dspy_tui.verifiers]\n{name} = {name}:Thing\n", module.format(does))
    plugins = Plugins()
    found = list(plugin_checks(Project(tmp_path, ".", path=""), plugins, set()))
    assert [(each.name, each.ecosystem, each.origin) for each in found] == [
        ("good", "plugin:good", "plugin good")
    ]
    failed = {row.name: row.error for row in plugins.rows() if row.state == "failed"}
    assert failed["hangs"] == "it took longer than 5 s" and failed["raises"] == "OSError: dead"
    assert "no Verifier" in failed["odd"] and "outside of the workspace" in failed["outside"]


def test_checks_of_plugins_stand_beside_the_others(site: Path, tmp_path: Path) -> None:
    module = (
        "from agent_core.plugins.ports import Verifier\n"
        "class Thing:\n    summary = 'x'\n    def find(self, project):\n"
        "        yield Verifier(name='extra', kind='lint', argv=('true',))\n"
    )
    install(site, "extra", "[dspy_tui.verifiers]\nextra = extra:Thing\n", module)
    (tmp_path / "Makefile").write_text("lint:\n\ttrue\n")
    for settings, names in (
        (Settings(), ["make-lint", "extra"]),
        (Settings(lint_cmd="true"), ["lint_cmd", "extra"]),
        (Settings(plugins_off=("extra",)), ["make-lint"]),
    ):
        assert [each.name for each in chosen(detect(Workspace.open(tmp_path), settings), "lint")] == names


async def test_logs_that_hang_or_lie_are_errors(site: Path, tmp_path: Path) -> None:
    module = (
        "class Thing:\n    summary = 'x'\n    def names(self, workspace):\n        return ['a', '\\x1b']\n"
        "    def read(self, workspace, name, *, cursor, since):\n        {}\n"
    )
    given = {"raises": "raise OSError('dead')", "lies": "return 'text'"}
    for name, does in given.items():
        install(site, name, f"[dspy_tui.log_sources]\n{name} = {name}:Thing\n", module.format(does))
    for name in given:
        logs = PluginLogs(name, Workspace.open(tmp_path), Settings())
        assert [facts.name for facts in await logs.known()] == [f"{name}:a"]
        with pytest.raises(LogFault, match=r"could not be read: OSError: dead|gave no part of a log"):
            await logs.open(name, Begin()).read()
