"""Hooks as real programs around real tools, in sessions that end."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agent_core.events import ApprovalNeeded, Decision, Event, HookRunning, Notice, ToolFinished, TurnFinished
from agent_core.hooks.reading import read_user
from agent_core.runtime import Runtime, open_runtime
from tests.fakes.processes import gone

SEEN = "import json, sys\ngiven = json.load(sys.stdin)\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folders are elsewhere."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    return tmp_path / "xdg_config_home" / "dspy-tui"


def make(root: Path) -> Path:
    root.mkdir(exist_ok=True)
    (root / "a.txt").write_text("one\ntwo\n")
    return root


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def hook(folder: Path, text: str, *, on: str = "before_tool", run: str = "", **more: Any) -> None:
    """Set one hook in a folder's hooks.toml."""
    path = program(folder / "hook.py", text)
    lines = [f"{name} = {json.dumps(value)}" for name, value in more.items()]
    toml = ["[[hook]]", 'name = "guard"', f'on = "{on}"', f'run = ["{run or path}"]', *lines, ""]
    (folder / "hooks.toml").write_text("\n".join(toml))


def opened(root: Path, **more: Any) -> Runtime:
    env = {"PATH": os.environ["PATH"], "DSPY_TUI_PROVIDER": "none"}
    return open_runtime(root, env=env, **{"interactive": False, **more})


async def ran(runtime: Runtime, *lines: str, answers: tuple[Decision, ...] = ()) -> list[Event]:
    """What happens while the lines are run one after the other; questions get the answers in turn."""
    happened: list[Event] = []
    waiting = list(answers)
    with runtime.bus.subscribe() as events:
        for line in lines:
            runtime.session.submit(line)
            async for event in events:
                happened.append(event)
                if isinstance(event, ApprovalNeeded):
                    runtime.session.answer(event.call_id, waiting.pop(0))
                if isinstance(event, TurnFinished):
                    break
    await runtime.aclose()
    return happened


def of(happened: list[Event], kind: type[Any]) -> list[Any]:
    return [event for event in happened if isinstance(event, kind)]


async def test_a_hook_refuses_with_its_reason(tmp_path: Path, home: Path) -> None:
    hook(
        home, SEEN + "print(json.dumps({'decision': 'refuse', 'reason': 'not ' + given['tool']['command']}))"
    )
    happened = await ran(opened(make(tmp_path / "w")), "cat a.txt")
    (end,) = of(happened, TurnFinished)
    assert (end.outcome, end.exit) == ("stopped", 3)
    assert (end.error.code, end.error.message) == (
        "hook-refused",
        "The hook guard refuses cat a.txt: not cat a.txt",
    )
    (finished,) = of(happened, ToolFinished)
    assert finished.error.code == "hook-refused" and finished.text == ""


async def test_what_a_hook_is_told(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "told.json"
    hook(home, f"import sys\nopen({str(out)!r}, 'w').write(sys.stdin.read())", on="after_tool")
    root = make(tmp_path / "w")
    (root / "a.txt").write_text("OPENAI_API_KEY=sk-abcdefghijklmnopqrstuvwxyz0123456789\n")
    await ran(opened(root), "cat a.txt")
    told = json.loads(out.read_text())
    assert told["schema"] == "dspy-tui.hook/1" and told["event"] == "after_tool"
    assert told["workspace"] == str(root) and told["prompt"] == "cat a.txt" and told["turn"] is None
    assert told["tool"]["name"] == "cat" and told["tool"]["typed"] is True
    assert told["tool"]["arguments"]["path"] == "a.txt" and told["tool"]["action"] == "read"
    assert "OPENAI_API_KEY" in told["result"]["text"] and "abcdefghijklmnop" not in told["result"]["text"]


async def test_a_note_is_shown_and_given_with_the_result(tmp_path: Path, home: Path) -> None:
    hook(home, 'print(\'{"note": "mind the \\\\u001b[31mgap"}\')')
    happened = await ran(opened(make(tmp_path / "w")), "cat a.txt")
    (finished,) = of(happened, ToolFinished)
    assert finished.data["note"] == "hook guard: mind the gap" and finished.error is None
    assert "Hook guard: mind the gap" in [notice.message for notice in of(happened, Notice)]


async def test_only_the_tools_that_its_patterns_name(tmp_path: Path, home: Path) -> None:
    hook(home, "import sys\nsys.exit(2)", tools=["l?", "run_*"])
    happened = await ran(opened(make(tmp_path / "w")), "cat a.txt", "ls")
    assert [end.exit for end in of(happened, TurnFinished)] == [0, 3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import time\ntime.sleep(60)", "it was ended after 0.5 s"),
        ("import sys\nsys.exit('broke')", "exit code 1: broke"),
        ("print('{')", "no reply"),
        ('print(\'{"decison": "refuse"}\')', "no reply"),
        ("print('x' * 900_000)", "more than 256 KiB"),
        ("import os\nos.kill(os.getpid(), 9)", "signal 9"),
    ],
)
async def test_before_a_tool_what_fails_refuses_and_after_it_is_told(
    tmp_path: Path, home: Path, text: str, said: str
) -> None:
    root = make(tmp_path / "w")
    hook(home, text, timeout=0.5 if "sleep" in text else 10)
    (end,) = of(await ran(opened(root), "cat a.txt"), TurnFinished)
    assert end.error.code == "hook-refused" and said in end.error.message
    hook(home, text, on="after_tool", timeout=0.5 if "sleep" in text else 10)
    happened = await ran(opened(root), "cat a.txt")
    assert of(happened, TurnFinished)[0].exit == 0
    (notice,) = [each for each in of(happened, Notice) if "guard" in each.message]
    assert said in notice.message and notice.level == "warning"


async def test_one_that_may_fail_is_passed_over(tmp_path: Path, home: Path) -> None:
    hook(home, "", run="/no/such/program", on_failure="allow")
    happened = await ran(opened(make(tmp_path / "w")), "cat a.txt")
    assert of(happened, TurnFinished)[0].exit == 0
    assert any("cannot be run" in notice.message for notice in of(happened, Notice))


async def test_its_group_is_ended_with_it(tmp_path: Path, home: Path) -> None:
    pid = tmp_path / "pid"
    hook(
        home,
        "import subprocess, time\nchild = subprocess.Popen(['sleep', '60'])\n"
        f"open({str(pid)!r}, 'w').write(str(child.pid))\ntime.sleep(60)",
        timeout=1.5,
    )
    await ran(opened(make(tmp_path / "w")), "cat a.txt")
    await gone(int(pid.read_text()))


async def test_what_it_leaves_running_with_its_output_is_not_waited_for(tmp_path: Path, home: Path) -> None:
    child = "import os, time\nif os.fork() == 0:\n    time.sleep(60)\n"
    said = 'import sys\nprint(\'{"note": "fine"}\')\nsys.stdout.flush()\n'
    hook(home, said + child, timeout=30)
    began = time.monotonic()
    happened = await ran(opened(make(tmp_path / "work")), "cat a.txt")
    assert time.monotonic() - began < 10
    assert of(happened, TurnFinished)[0].exit == 0
    assert "fine" in str(of(happened, Notice))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('on = "before-tool"', ("the hook guard: ", "'before-tool'", "before_tool, after_tool, turn_end")),
        ('on = "before_tool"\non_failure = "no"', ("the hook guard: ", "refuse, allow")),
        ("timeout = 0", ("the hook guard: ",)),
    ],
)
def test_what_is_wrong_with_a_hook_names_it_and_what_there_is(
    home: Path, line: str, said: tuple[str, ...]
) -> None:
    home.mkdir(parents=True)
    (home / "hooks.toml").write_text(f'[[hook]]\nname = "guard"\nrun = ["x"]\n{line}\n')
    found = read_user()
    assert found and all(text in found.trouble for text in said), found


async def test_a_slow_one_is_shown_and_can_be_cancelled(tmp_path: Path, home: Path) -> None:
    hook(home, "import time\ntime.sleep(60)", timeout=60)
    runtime = opened(make(tmp_path / "w"))
    began = time.monotonic()
    with runtime.bus.subscribe() as events:
        runtime.session.submit("cat a.txt")
        async for event in events:
            if isinstance(event, HookRunning):
                assert (event.name, event.on, event.seconds) == ("guard", "before_tool", 1.0)
                runtime.session.cancel()
            if isinstance(event, TurnFinished):
                assert event.error is not None and event.error.code == "interrupted"
                break
    assert time.monotonic() - began < 20
    await runtime.aclose()


async def test_after_a_tool_its_refusal_keeps_the_result_back(tmp_path: Path, home: Path) -> None:
    hook(home, "import sys\nsys.stderr.write('too much')\nsys.exit(2)", on="after_tool")
    happened = await ran(opened(make(tmp_path / "w")), "cat a.txt")
    (finished,) = of(happened, ToolFinished)
    assert finished.text == "" and finished.error.message.endswith("the result of cat a.txt: too much")


async def test_at_the_end_of_a_turn(tmp_path: Path, home: Path) -> None:
    out = tmp_path / "told.json"
    text = (
        f"import sys\nopen({str(out)!r}, 'w').write(sys.stdin.read())\nsys.stderr.write('never')\nsys.exit(2)"
    )
    hook(home, text, on="turn_end")
    happened = await ran(opened(make(tmp_path / "w")), "ls")
    (end,) = of(happened, TurnFinished)
    assert end.error.message == "The hook guard refuses the end of the turn: never" and end.exit == 3
    told = json.loads(out.read_text())
    assert told["event"] == "turn_end" and told["turn"]["kind"] == "command" and told["tool"] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[hook]", "Expected"),
        ("[[hook]]\nname = 'x'\n", "missing"),
        ("[[hook]]\nname='x'\non='before_tool'\nrun=['x']\ntool=['y']\n", "unknown field"),
        ("[[hook]]\nname='x'\non='sometimes'\nrun=['x']\n", "Invalid enum"),
        ("[[hook]]\nname='x'\non='before_tool'\nrun=[]\n", "length"),
        ("hooks = 1\n", "hooks beside"),
    ],
)
async def test_a_broken_file_is_told_and_has_no_hooks(
    tmp_path: Path, home: Path, text: str, said: str
) -> None:
    home.mkdir(parents=True)
    (home / "hooks.toml").write_text(text)
    happened = await ran(opened(make(tmp_path / "w")), "ls", "hooks")
    assert [end.exit for end in of(happened, TurnFinished)] == [0, 0]
    told = [notice for notice in of(happened, Notice) if "hooks.toml is not used" in notice.message]
    assert len(told) == 1 and said in told[0].message
    assert said in of(happened, ToolFinished)[1].text


REFUSING = 'print(\'{"decision": "refuse", "reason": "ours"}\')'


def own(root: Path, text: str = REFUSING) -> None:
    hook(root / ".dspy_tui", text, run=".dspy_tui/hook.py")


async def test_a_workspaces_hooks_are_asked_about_once_per_content(tmp_path: Path) -> None:
    root = make(tmp_path / "w")
    own(root)
    happened = await ran(opened(root, interactive=True), "ls", "ls", answers=("always",))
    assert [end.exit for end in of(happened, TurnFinished)] == [3, 3]
    (question,) = of(happened, ApprovalNeeded)
    assert question.action == "run" and ".dspy_tui/hook.py" in question.command
    happened = await ran(opened(root, interactive=True), "ls")
    assert not of(happened, ApprovalNeeded) and of(happened, TurnFinished)[0].exit == 3
    (root / ".dspy_tui" / "hook.py").write_text(f"#!{sys.executable}\nprint('')\n")
    happened = await ran(opened(root, interactive=True), "ls", "ls", answers=("no",))
    assert len(of(happened, ApprovalNeeded)) == 1, "the program is another one"
    assert [end.exit for end in of(happened, TurnFinished)] == [0, 0], "and does not run"
    assert not list(root.rglob("permissions.json")), "the answers lie elsewhere"


async def test_without_somebody_to_ask_they_do_not_run_and_what_allows_them_is_told(tmp_path: Path) -> None:
    root = make(tmp_path / "w")
    own(root)
    happened = await ran(opened(root), "ls", "ls")
    assert [end.exit for end in of(happened, TurnFinished)] == [0, 0]
    (notice,) = [each for each in of(happened, Notice) if "hooks" in each.message]
    assert notice.level == "warning" and "--allow 'run:hooks .dspy_tui/hooks.toml " in notice.hint
    rule = notice.hint.partition("'")[2].partition("'")[0]
    for allow in (rule, "run:hooks *"):
        happened = await ran(opened(root, allow=(allow,)), "ls")
        assert of(happened, TurnFinished)[0].error.message == "The hook guard refuses ls: ours"
    happened = await ran(opened(root, allow=("run:hooks .dspy_tui/hooks.toml 0",)), "hooks")
    (listed,) = of(happened, ToolFinished)
    assert listed.data["hooks"][0]["state"] == "asks" and rule in listed.text


async def test_a_workspaces_hook_gets_no_secrets_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "gh-very-secret")
    root = make(tmp_path / "w")
    own(root, "import os, json\nprint(json.dumps({'note': repr(sorted(os.environ))}))")
    happened = await ran(opened(root, allow=("run",)), "ls")
    (finished,) = of(happened, ToolFinished)
    assert "PATH" in finished.data["note"] and "GITHUB_TOKEN" not in finished.data["note"]


async def test_a_link_out_of_the_workspace_sets_no_hooks(tmp_path: Path) -> None:
    root = make(tmp_path / "w")
    hook(tmp_path / "elsewhere", REFUSING)
    (root / ".dspy_tui").mkdir()
    (root / ".dspy_tui" / "hooks.toml").symlink_to(tmp_path / "elsewhere" / "hooks.toml")
    happened = await ran(opened(root, allow=("run",)), "ls")
    assert of(happened, TurnFinished)[0].exit == 0
    assert any("is not used" in notice.message for notice in of(happened, Notice))


async def test_what_a_hook_changes_can_be_undone(tmp_path: Path, home: Path) -> None:
    root = make(tmp_path / "w")
    hook(home, "open('a.txt', 'a').write('three\\n')", on="turn_end")
    runtime = opened(root, allow=("write",))
    happened = await ran(runtime, "ls")
    assert (root / "a.txt").read_text() == "one\ntwo\nthree\n"
    assert of(happened, TurnFinished)[0].exit == 0
    (home / "hooks.toml").unlink()
    await ran(opened(root, allow=("write",)), "undo")
    assert (root / "a.txt").read_text() == "one\ntwo\n"


async def test_nothing_is_asked_where_no_hooks_are_set(tmp_path: Path) -> None:
    happened = await ran(opened(make(tmp_path / "w")), "ls", "hooks")
    assert "No hooks are set" in of(happened, ToolFinished)[1].text


async def test_a_workspaces_hook_runs_in_the_sandbox(tmp_path: Path) -> None:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    root, outside = make(tmp_path / "w"), Path.home() / ".dspy-tui-hook-test"
    text = (
        "import json, os, socket\n"
        "open('made.txt', 'w').write('x')\n"
        f"try:\n    open({str(outside)!r}, 'w')\n    print(json.dumps({{'note': 'kept'}}))\n"
        "except OSError: pass\n"
        "try:\n    socket.create_connection(('1.1.1.1', 53), 2)\n    raise SystemExit('network')\n"
        "except OSError: pass\n"
    )
    own(root, text)
    happened = await ran(opened(root, allow=("run",)), "ls")
    assert of(happened, TurnFinished)[0].exit == 0
    assert (root / "made.txt").exists() and not outside.exists()


@pytest.mark.parametrize("layout", ["folder", "worktree", "link"])
async def test_a_workspaces_hook_leaves_nothing_that_runs_outside_of_the_sandbox(
    tmp_path: Path, layout: str
) -> None:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    root = make(tmp_path / "w")
    kept = root / (".git" if layout == "folder" else "bare")
    (kept / "hooks").mkdir(parents=True)
    if layout == "worktree":
        (root / ".git").write_text("gitdir: ./bare\n")
    if layout == "link":
        (root / ".git").symlink_to("bare")
    (root / ".mcp.json").write_text("{}")
    text = (
        "import os, json\n"
        "done = []\n"
        "def attempt(name, call):\n"
        "    try: call()\n"
        "    except OSError: return\n"
        "    done.append(name)\n"
        f"attempt('pre-commit', lambda: open('{kept.name}/hooks/pre-commit', 'w'))\n"
        "attempt('moved', lambda: os.rename('.git', 'elsewhere'))\n"
        "attempt('own', lambda: open('.dspy_tui/hooks.toml', 'a'))\n"
        "attempt('servers', lambda: open('.mcp.json', 'w'))\n"
        "attempt('made', lambda: open('made.txt', 'w'))\n"
        "print(json.dumps({'note': ' '.join(done) or 'nothing'}))\n"
    )
    own(root, text)
    happened = await ran(opened(root, allow=("run",)), "ls")
    (finished,) = of(happened, ToolFinished)
    done = "nothing" if layout == "link" else "made"
    assert finished.data["note"] == f"hook guard: {done}"
    assert not [*(kept / "hooks").iterdir()]
