"""Completion in real shells."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pexpect
import pytest

from agent_core.runtime import open_runtime
from stack.tool import StackTool
from tui.completion import _tool_names, script
from tui.options import COMMANDS

_ZSH_ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "TERM": "dumb"}
_BASH = """
{script}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
compopt() {{ :; }}
_dspy_tui
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def write_stack(root: Path) -> None:
    """The files of a stack, and of another one elsewhere."""
    for folder, name, text in (
        ("docker/lightweight", "docker-compose.yml", "name: x\nservices:\n  kafka:\n    image: a\n"
         "    ports:\n      - 1:1\n  dspy-worker: {image: a}\nvolumes:\n  data: {}\n"),
        ("docker/lightweight", "docker-compose.override.yml",
         "services:\n  # mine:\n  dspy.one_more:\n    image: a\n"),
        ("elsewhere", "docker-compose.yml", "services:\n  other: {image: a}\n"),
    ):  # fmt: skip
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / name).write_text(text)


def complete(tmp_path: Path, *words: str) -> list[str]:
    """What bash offers for the last word."""
    (tmp_path / "folder").mkdir(exist_ok=True)
    (tmp_path / "a folder").mkdir(exist_ok=True)
    (tmp_path / "file.txt").touch()
    write_stack(tmp_path)
    quoted = " ".join(f"'{word}'" for word in ("dspy-tui", *words))
    code = _BASH.format(script=script("bash"), words=quoted)
    done = subprocess.run(
        ["bash", "--norc", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
@pytest.mark.parametrize(
    ("words", "some"),
    [
        ((" "[:0],), {"config", "doctor", "completion", "model", "rl", "folder"}),
        (("do",), {"doctor"}),
        (("config", ""), {"show"}),
        (("config", "show", "--f"), {"--format"}),
        (("config", "show", "--format", ""), {"text", "json"}),
        (("completion", ""), {"bash", "zsh", "fish"}),
        (("--ba",), {"--batch"}),
        (("--batch", "--format", "json"), {"json", "jsonl"}),
        (("--batch", "--allow", "s"), {"shell"}),
        (("--batch", "-c", "gr"), {"grep"}),
        (("--set", "prov"), {"provider="}),
        (("--workspace", "f"), {"folder"}),
        (("--workspace", "a"), {"a folder"}),
        (("a",), {"a folder"}),
        (("--batch", "--file", "f"), {"file.txt", "folder"}),
        (("model", ""), {"install"}),
        (("stack", ""), {"init", "up", "down", "logs", "doctor"}),
        (("stack", "up", "--pro"), {"--profile"}),
        (("stack", "up", "ka"), {"kafka"}),
        (("au",), {"auth"}),
        (("auth", ""), {"login", "list", "test", "remove"}),
        (("auth", "login", "--f"), {"--format"}),
        (("ctx", "--so"), {"--source"}),
        (("ctx", "-s", "f"), {"file.txt"}),
        (("ctx", "--format", ""), {"text", "json", "jsonl"}),
        (("stack", "logs", "kafka", "-f", "d"), {"dspy-worker", "dspy.one_more"}),
        (("stack", "scale", "--workspace", ".", "--out-dir", "elsewhere", "o"), {"other"}),
    ],
)
def test_bash(tmp_path: Path, words: tuple[str, ...], some: set[str]) -> None:
    found = set(complete(tmp_path, *words))
    assert some <= found
    if words[-1]:
        assert all(word.startswith(words[-1]) for word in found)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_of_its_shell(shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell}")
    done = subprocess.run([program, "-n"], input=script(shell), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("fish"), reason="no fish")
@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("dspy-tui do", "doctor"),
        ("dspy-tui --batch --format js", "jsonl"),
        ("dspy-tui completion z", "zsh"),
        ("dspy-tui stack res", "restart"),
        ("dspy-tui auth l", "login"),
        ("dspy-tui auth test --for", "--format"),
        ("dspy-tui ctx --lim", "--limit"),
        ("dspy-tui stack up --pro", "--profile"),
        ("dspy-tui stack stop k", "kafka"),
        ("dspy-tui stack logs --out-dir elsewhere ", "other"),
    ],
)
def test_fish(tmp_path: Path, line: str, some: str) -> None:
    write_stack(tmp_path)
    (tmp_path / "it.fish").write_text(f"{script('fish')}\ncomplete -C '{line}'")
    done = subprocess.run(
        ["fish", "--no-config", "it.fish"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert some in [row.split("\t")[0] for row in done.stdout.splitlines()]


@pytest.mark.skipif(not shutil.which("fish"), reason="no fish")
def test_fish_offers_no_files_where_a_number_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "it.fish").write_text(f"{script('fish')}\ncomplete -C 'dspy-agent stack tail --lines '")
    done = subprocess.run(
        ["fish", "--no-config", "it.fish"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_option_is_there(shell: str) -> None:
    text = script(shell)
    for command in COMMANDS:
        for option in command.options:
            name = option.names[-1]
            assert (f"-l {name[2:]}" if shell == "fish" else name) in text


@pytest.mark.terminal
@pytest.mark.skipif(not shutil.which("zsh"), reason="no zsh")
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("dspy-tui doct", "dspy-tui doctor "),
        ("dspy-tui --batch --format js", "json"),
        ("dspy-tui config sh", "config show "),
        ("dspy-tui config show --form", "--format "),
        ("dspy-tui --set prov", "provider="),
        ("dspy-tui stack res", "restart "),
        ("dspy-tui auth rem", "remove "),
        ("dspy-tui ctx --sin", "--since "),
        ("dspy-tui stack stop dspy-w", "dspy-worker "),
        ("dspy-tui stack up kafka --out-dir elsewhere ot", "other "),
    ],
)
def test_zsh(tmp_path: Path, typed: str, completed: str) -> None:
    write_stack(tmp_path)
    (tmp_path / "script").write_text(script("zsh"))
    shell = pexpect.spawn("zsh", ["-f"], cwd=str(tmp_path), timeout=20, encoding="utf8", env=_ZSH_ENV)
    try:
        shell.sendline("PS1='rea''dy> '; autoload -U compinit; compinit -u -d ./dump; source ./script")
        shell.expect_exact("ready> ")
        shell.send(f"{typed}\t")
        shell.expect_exact(completed)
    finally:
        shell.close(force=True)


async def test_every_command_of_the_program_is_offered(tmp_path: Path) -> None:
    runtime = open_runtime(tmp_path, interactive=False, tools=(StackTool(),))
    try:
        assert set(_tool_names()) == {tool.name for tool in runtime.registry.all()}
    finally:
        await runtime.aclose()
