"""`dspy-tui --plain` as people meet it: in a real pseudo-terminal, line by line, and at the end of a pipe."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.e2e.conftest import PROGRAM, Run, environment
from tests.fakes.docker import put_docker
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer, Call

LIMIT_S = 90.0
PROMPT = "\n> "
DRAWN = re.compile("[\x00-\x06\x0b\x0c\x0e-\x1f\u2500-\u259f\u2800-\u28ff●✓✔✖■▲·…]")
"""What may never be written: escape and other controls (the terminal's bell, too), boxes, braille, marks."""
PASTES = re.compile("\x1b\\[\\?2004(?:h|l\r)")
"""The exception: it asks the terminal to say what is pasted, and draws nothing."""


class Talk:
    """The program in a pseudo-terminal; what it says since it was asked last."""

    def __init__(self, repo: Path, *arguments: str, **env: str) -> None:
        self.repo = repo
        self.process = pexpect.spawn(
            PROGRAM[0],
            [*PROGRAM[1:], *arguments, str(repo)],
            env=environment(**{"TERM": "xterm-256color", "COLORTERM": "truecolor", **env}),
            dimensions=(36, 200),
            encoding="utf-8",
            timeout=LIMIT_S,
        )
        self.log = ""

    def until(self, text: str) -> str:
        """All that is said up to the text."""
        shown = text.replace("\n", "\r\n")
        self.process.expect_exact([shown, shown.replace("\n", "\n\x1b[?2004h")])
        said = PASTES.sub("", f"{self.process.before}{self.process.after}").replace("\r\n", "\n")
        self.log += said
        return said

    def say(self, line: str) -> str:
        """Type a line at the prompt; what is said until the next one."""
        self.process.sendline(line)
        return self.until(PROMPT)

    def type(self, text: str) -> None:
        self.process.send(text)

    def ends(self) -> int:
        """Wait for its end; the exit code."""
        self.process.expect(pexpect.EOF)
        self.log += PASTES.sub("", str(self.process.before)).replace("\r\n", "\n")
        self.process.close()
        return int(self.process.exitstatus if self.process.exitstatus is not None else -1)


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer(models=("big",)) as running:
        yield running


@pytest.fixture
def talks() -> Any:
    """Starts conversations, and ends them whatever happens."""
    begun: list[Talk] = []

    def begin(repo: Path, *arguments: str, **env: str) -> Talk:
        talk = Talk(repo, *arguments, **env)
        begun.append(talk)
        return talk

    yield begin
    for talk in begun:
        talk.process.close(force=True)


def with_model(server: ModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": f"{server.url}/v1", "MODEL_NAME": "big"}


NO_MODEL = {"DSPY_TUI_PROVIDER": "none"}


@pytest.mark.terminal
async def test_a_whole_conversation(repo: Path, server: ModelServer, talks: Any) -> None:
    server.script(
        Answer(calls=(Call("grep", ('{"pattern": "parse_header"}',)),)),
        Answer(text=("It is **defined** in src/pars", "er.py:1, and nowh", "ere else. \x1b[31mEvil\u202e")),
        Answer(text=("This one goes on and on and on, it does. It ", "never"), hang="middle"),
        Answer(text=("The waiting ", "one.")),
    )

    def talk() -> Talk:
        it = talks(repo, "--plain", **with_model(server))
        greeting = it.until(PROMPT)
        assert greeting.startswith("dspy-tui, repo. Type a question or a command; help lists commands")
        said = it.say("where is parse_header?")
        assert "Searching for parse_header.\nDone: 1 match in 1 file, " in said
        assert "\nIt is **defined** in src/parser.py:1, and nowhere else.\nEvil⟨U+202E⟩\nAnswered, " in said
        assert " tokens read and " in said
        assert "\nNext could be: 1 " in said

        it.process.sendline("tell me everything")
        it.until("This one goes on and on and on, it does.\n")
        it.process.sendline("and what else?")
        it.until("Waits, number 1: and what else?\n")
        it.type("\x03")
        it.until("Stopping. Ctrl-C once more leaves.\n")
        said = it.until("The waiting one.\n")
        assert "\nStopped, " in f"\n{said}" and "\nNow: and what else?\n" in said
        it.until(PROMPT)
        it.type("\x03")
        it.until("Ctrl-C once more, or Ctrl-D, leaves.\n> ")
        it.type("\x04")
        assert it.ends() == 0
        return it

    it = await asyncio.to_thread(talk)
    assert "3 turns" in it.log
    assert "Go on in it: dspy-tui --resume " in it.log
    assert not DRAWN.search(it.log), repr(DRAWN.findall(it.log))
    history = (repo / ".dspy_tui" / "prompts.jsonl").read_text().splitlines()
    assert history == ['"where is parse_header?"', '"tell me everything"', '"and what else?"']


@pytest.mark.terminal
def test_permission_undo_and_what_was_typed_before_the_question(repo: Path, talks: Any) -> None:
    it = talks(repo, "--plain", **NO_MODEL)
    it.until(PROMPT)
    it.process.sendline("!touch made")
    said = it.until("No is the default: ")
    assert "Question: Run a shell command?\n  !touch made\n" in said
    assert not (repo / "made").exists()
    it.process.sendline("perhaps")
    it.until("That is none of the answers.")
    said = it.say("yes")
    assert "Files changed: 1, 0 lines added, 0 removed.\n  made, created\nundo takes it back.\n" in said
    assert (repo / "made").exists()
    it.process.sendline("undo")
    it.until("No is the default: ")
    assert "Undone" in it.say("yes")
    assert not (repo / "made").exists()
    it.process.sendline("!touch other")
    it.until("No is the default: ")
    it.type("\x03")
    it.until("Stopping.")
    it.until(PROMPT)
    assert not (repo / "other").exists()
    it.type("\x03")
    it.until("leaves.\n> ")
    it.type("\x03")
    assert it.ends() == 0
    assert not DRAWN.search(it.log)


EDIT = (
    "I mend it.\n\nsrc/parser.py\n```python\n<<<<<<< SEARCH\n    return line.split(':')\n=======\n"
    "    return line.split(':', 1)\n>>>>>>> REPLACE\n```\n"
)


@pytest.mark.terminal
async def test_an_edit_is_read_out_and_undone(repo: Path, server: ModelServer, talks: Any) -> None:
    server.script(Answer(text=(EDIT,)), Answer(text=("Fine.",)))
    file = repo / "src" / "parser.py"
    before = file.read_text()

    def talk() -> Talk:
        it = talks(repo, "--plain", "--set", "test_cmd=true", **with_model(server))
        it.until(PROMPT)
        it.process.sendline("edit src/parser.py so that it splits once")
        while "Question: change 1 file?" not in (said := it.until("No is the default: ")):
            it.process.sendline("yes")  # the checks may run
        assert "  removed, line 2:     return line.split(':')\n" in said
        assert "  added, line 2:     return line.split(':', 1)\n" in said
        assert file.read_text() == before
        said = it.say("yes")
        assert "  src/parser.py, changed\nundo takes it back.\n" in said
        assert "split(':', 1)" in file.read_text()
        it.process.sendline("undo")
        it.until("No is the default: ")
        it.say("yes")
        it.type("\x04")
        assert it.ends() == 0
        return it

    it = await asyncio.to_thread(talk)
    assert file.read_text() == before
    assert not DRAWN.search(it.log)


@pytest.mark.terminal
def test_logs_are_told_between_turns(repo: Path, talks: Any) -> None:
    log = repo / "logs" / "app.log"
    log.parent.mkdir()
    log.write_text("2026-11-29 10:00:00 INFO app started\n" * 5)
    it = talks(repo, "--plain", **NO_MODEL)
    it.until(PROMPT)
    it.say("ls")
    for number in range(40):
        with log.open("a") as file:
            file.write(f"2026-11-29 10:01:{number:02} ERROR app.db \x1b[2Jrefused after {number} tries\n")
        said = it.say("ls src")
        if "Log logs/app.log, line " in said:
            break
        pexpect.run("sleep 0.5")
    assert ", error" in said
    assert said.index("parser.py, ") < said.index("Log logs/app.log"), "never amid a result"
    assert said.endswith("ctx tells all of them.\n> ")
    it.type("\x04")
    assert it.ends() == 0
    assert not DRAWN.search(it.log)


@pytest.mark.terminal
def test_screens_by_name_without_an_engine(repo: Path, talks: Any) -> None:
    it = talks(repo, "--plain", PATH="/usr/bin:/bin", **NO_MODEL)
    it.until(PROMPT)
    assert "Stack screen.\nFailed: There is no stack in " in it.say("/screen stack")
    it.process.sendline("stack init --install-source pip")
    it.until("No is the default: ")
    it.say("yes")
    said = it.say("/screen stack")
    assert said.startswith("/screen stack\nStack screen.\nFailed: ") or "Service kafka: off" in said
    assert "Here: stack up, stop, restart" in said
    for name in (
        "work",
        "files",
        "logs",
        "topics",
        "learning",
        "sessions",
        "settings",
        "keys",
        "bus",
        "help",
    ):
        said = it.say(f"/screen {name}")
        assert f"{name.capitalize()} screen.\n" in said
    assert "There is no screen nothing.\nScreens: work, files, " in it.say("/screen nothing")
    it.process.sendline("/quit")
    assert it.ends() == 0
    assert not DRAWN.search(it.log), repr(DRAWN.findall(it.log))


@pytest.mark.terminal
def test_services_are_sentences_and_logs_go_on_until_ctrl_c(
    repo: Path, talks: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = repo / "docker" / "lightweight"
    files.mkdir(parents=True)
    (files / "docker-compose.yml").write_text("name: p\nservices: {}\n")
    put_docker(tmp_path, monkeypatch, logs="echo 'app-1  | \\033[31mbegun'; exec sleep 60")
    it = talks(repo, "--plain", **NO_MODEL)
    it.until(PROMPT)
    said = it.say("/screen stack")
    assert "Stack screen.\nService kafka: off" in said
    assert "\nService app: off" in said
    assert "\nHere: stack up, stop, restart" in said
    it.process.sendline("stack logs app --follow")
    it.until("begun\n")
    it.type("\x03")
    it.until("Stopping. Ctrl-C once more leaves.\n")
    it.until(PROMPT)
    it.process.sendline("stack down")
    assert "Run this command?\n  docker compose " in it.until("No is the default: ")
    it.process.sendline("")
    it.until(PROMPT)
    it.type("\x04")
    assert it.ends() == 0
    assert not DRAWN.search(it.log), repr(DRAWN.findall(it.log))


@pytest.mark.terminal
def test_completion_and_history_are_readlines(repo: Path, talks: Any) -> None:
    it = talks(repo, "--plain", **NO_MODEL)
    it.until(PROMPT)
    it.type("cat src/par\t")
    it.until("ser.py")
    it.type("\r")
    assert "def parse_header(line):" in it.until(PROMPT)
    it.type("\x1b[A\r")
    assert "def parse_header(line):" in it.until(PROMPT)
    it.type("\x04")
    assert it.ends() == 0


@pytest.mark.terminal
def test_what_is_pasted_is_one_prompt(repo: Path, talks: Any) -> None:
    it = talks(repo, "--plain", **NO_MODEL)
    it.until(PROMPT)
    it.type("\x1b[200~why?\nls\nValueError: x\n\x1b[201~")
    it.until("ValueError: x")
    it.type("\r")
    said = it.until(PROMPT)
    assert "Waits" not in said and "src, folder" not in said and "\nAnswered, " in said
    it.type("\x04")
    assert it.ends() == 0


@pytest.mark.terminal
def test_letters_are_taken_in_the_locale_that_has_none(repo: Path, talks: Any) -> None:
    it = talks(repo, "--plain", LC_ALL="C", LANG="C", **NO_MODEL)
    it.until(PROMPT)
    said = it.say('grep "größe 漢" .')
    assert 'grep "größe 漢" .' in said and "no matches" in said
    it.type("\x1b[A")
    it.until('grep "größe 漢" .')
    it.type("\r")
    assert "no matches" in it.until(PROMPT)
    it.type("\x04")
    assert it.ends() == 0


@pytest.mark.terminal
@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_a_key_that_is_not_given_changes_nothing(repo: Path, talks: Any, key: str) -> None:
    it = talks(repo, "--plain", **NO_MODEL)
    it.until(PROMPT)
    it.process.sendline("/auth login")
    it.until("nothing is shown: ")
    it.type(key)
    it.until("Nothing was done.")
    it.until(PROMPT)
    it.type("\x04")
    assert it.ends() == 0


@pytest.mark.terminal
def test_a_dumb_terminal_gets_lines_and_is_told_so(repo: Path, talks: Any) -> None:
    it = talks(repo, TERM="dumb", **NO_MODEL)
    said = it.until(PROMPT)
    assert said.startswith("dspy-tui: this terminal cannot draw (TERM is dumb), so lines come instead")
    it.say("ls")
    it.type("\x04")
    assert it.ends() == 0
    assert not DRAWN.search(it.log)


@pytest.mark.terminal
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_the_session_is_kept(repo: Path, talks: Any, number: int) -> None:
    it = talks(repo, "--plain", **NO_MODEL)
    it.until(PROMPT)
    it.say("ls")
    it.process.kill(number)
    assert it.ends() == 130
    assert list((repo / ".dspy_tui" / "sessions").glob("*.jsonl"))


def test_lines_of_a_pipe_are_prompts_one_after_the_other(repo: Path, run: Run) -> None:
    done = run("--plain", input=b"ls src\n\n!touch made\ncat src/parser.py:1\n", env=environment(**NO_MODEL))
    said = done.stdout.decode()
    assert done.returncode == 3, "of the first that failed"
    assert said.index("> ls src\nparser.py, ") < said.index("> !touch made\nFailed: shell 'touch made' needs")
    assert "def parse_header(line):" in said
    assert not (repo / "made").exists(), "nobody can be asked"
    assert not DRAWN.search(said)


def test_a_key_is_taken_from_a_pipe_and_not_told(repo: Path, run: Run) -> None:
    env = environment(PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring", **NO_MODEL)
    done = run("--plain", input=b"/auth login\nsk-hidden\nls src\n/auth login\n", env=env)
    said = (done.stdout + done.stderr).decode()
    assert "nothing is shown:" in said and "sk-hidden" not in said
    assert "no keyring" in said and "> ls src\nparser.py, " in said
    assert said.rstrip().endswith("Nothing was done.") and done.returncode == 0


def test_a_file_asks_for_lines_everywhere(repo: Path, run: Run) -> None:
    (repo / ".dspy_tui").mkdir()
    (repo / ".dspy_tui" / "config.toml").write_text("plain = true\n")
    env = environment(**NO_MODEL)
    assert "> ls src\nparser.py, " in run(input=b"ls src\n", env=env).stdout.decode(), "without a terminal"
    assert "\nplain: true, from workspace file " in run("config", "show", env=env).stdout.decode()
    assert b"policy: " in run("rl", "status", env=env).stdout
    refused = run("stack", "ps", env=env).stderr.decode()
    assert "There is no stack in docker/lightweight" in refused and "`" not in refused
    drawn = run("config", "show", "--set", "plain=false", env=env).stdout.decode()
    assert re.search(r"^plain +false +flag", drawn, re.MULTILINE), "a flag takes it back"


def test_without_a_terminal_and_without_plain_both_ways_are_named(run: Run) -> None:
    done = run()
    assert done.returncode == 2
    assert b"--batch -c COMMAND, or --plain for lines" in done.stderr


COMMANDS = (
    (
        "--batch",
        "-c",
        "tree",
        "-c",
        "ls",
        "-c",
        "window",
        "-c",
        "ctx",
        "-c",
        "index --status",
        "--keep-going",
    ),
    ("config", "show"),
    ("doctor",),
    ("rl", "status"),
    ("plugins",),
    ("auth", "list"),
    ("stack", "topics"),
    ("stack", "doctor"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:2]))
@pytest.mark.parametrize("how", ["option", "variable"])
def test_batch_and_subcommands_write_words(repo: Path, run: Run, words: tuple[str, ...], how: str) -> None:
    log = repo / "logs" / "app.log"
    log.parent.mkdir()
    log.write_text("".join(f"2026-11-29 10:01:0{n} ERROR app.db refused\n" for n in range(9)))
    option = ("--plain",) if how == "option" else ()
    more = {"DSPY_TUI_PLAIN": "true"} if how == "variable" else {}
    done = run(*words, *option, env=environment(**NO_MODEL, **more))
    said = (done.stdout + done.stderr).decode()
    assert said.strip()
    assert not DRAWN.search(said), repr(DRAWN.findall(said))
