"""The manual page: as the program is, and read by the programs that show it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from scripts.make_man import PAGE, own_tools
from tui.manpage import page
from tui.options import COMMANDS


async def test_it_is_as_the_program_is() -> None:
    assert PAGE.read_text() == page(await own_tools()), "`make reference` writes it"


def test_it_names_every_command_and_option() -> None:
    text = PAGE.read_text().replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
    for command in COMMANDS:
        assert " ".join(command.words) in text
        assert all(name in text for option in command.options for name in option.names)


def test_it_names_what_stands_beside_the_settings() -> None:
    text = PAGE.read_text().replace("\\-", "-")
    for word in ("USE_OLLAMA", "hooks.toml", "commands/", "$XDG_STATE_HOME/dspy-tui/", ".dspy_rl_state.json"):
        assert word in text
    assert "USE_OLLAMA" in (PAGE.parents[1] / "configuration.md").read_text()


@pytest.mark.skipif(not shutil.which("groff"), reason="no groff")
def test_it_is_read_without_a_warning() -> None:
    done = subprocess.run(
        ["groff", "-man", "-ww", "-z", "-Tutf8", str(PAGE)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("man"), reason="no man")
def test_people_read_it() -> None:
    done = subprocess.run(
        ["man", "-l", str(PAGE)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MANPAGER": "cat"},
    )
    assert "dspy-tui auth login [options] [ENDPOINT]" in " ".join(done.stdout.split())
    assert "--keep-going" in done.stdout and "EXIT STATUS" in done.stdout
