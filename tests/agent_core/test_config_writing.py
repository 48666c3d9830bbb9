"""A setting is written into a file that a person wrote: all else in it stays as it is."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from agent_core.config import MASK, load
from agent_core.config_said import spelled
from agent_core.config_writing import Target, Where, overruled, set_value, take_out, written
from agent_core.errors import AgentError, ConfigError
from agent_core.workspace import Workspace

WRITTEN = """\
# Mine.
temperature = 0.4  # not too wild

[keys]
help = "f2"

[mcp_servers.files]
command = "files"
"""


class Place:
    """A workspace and a user's folder."""

    def __init__(self, root: Path) -> None:
        self.root = root / "work"
        self.root.mkdir()
        self.env = {"XDG_CONFIG_HOME": str(root / "own"), "HOME": str(root)}
        self.user, self.workspace = self.target("user"), self.target("workspace")

    def target(self, where: Where) -> Target:
        return Target(where, Workspace.open(self.root), self.env)

    def origin(self, name: str) -> str:
        return load(root=self.root, env=self.env).origins[name].kind


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_secrets_shown_as_dots_are_no_value(place: Place) -> None:
    place.user.prepare()
    place.user.path.write_text('api_key_command = "pass show openai/key"\n')
    for text in ("pass …", f"pass {MASK}"):
        if MASK in text:
            with pytest.raises(ConfigError, match="dots"):
                set_value(place.user, "api_key_command", text)
    assert written(place.user, "api_key_command") == "pass show openai/key"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log_files", ["x{a,b}.log", " y"]),
        ("log_files", ["[a].log"]),
        ("allow", ["shell:git log, *"]),
        ("instructions", "two  blanks, and a comma"),
        ("keys", {"help": "f2", "stop": "a,b"}),
        ("temperature", 0.25),
        ("think", False),
    ],
)
def test_what_a_file_says_is_spelled_so_that_it_is_read_again(place: Place, name: str, value: object) -> None:
    place.user.prepare()
    set_value(place.user, name, spelled(value))
    assert tomllib.loads(place.user.path.read_text()) == {name: value}
    text = written(place.user, name)
    assert text is not None
    set_value(place.user, name, text)
    assert tomllib.loads(place.user.path.read_text()) == {name: value}


def test_a_workspace_whose_programs_keep_their_state_elsewhere(place: Place, tmp_path: Path) -> None:
    workspace = Workspace(place.root, tmp_path / "state")
    set_value(Target("workspace", workspace, place.env), "theme", "dspy-light")
    assert 'theme = "dspy-light"' in (place.root / ".dspy_tui" / "config.toml").read_text()
    (place.root / ".dspy_tui" / "config.toml").unlink()
    (place.root / ".dspy_tui").rename(tmp_path / "moved")
    (place.root / ".dspy_tui").symlink_to(tmp_path / "moved")
    with pytest.raises(AgentError):
        set_value(Target("workspace", workspace, place.env), "theme", "dspy-light")
    assert not (tmp_path / "moved" / "config.toml").exists()


def test_links_in_a_circle_are_told(place: Place) -> None:
    place.user.prepare()
    place.user.path.symlink_to(place.user.path)
    with pytest.raises(ConfigError, match="cannot be written"):
        set_value(place.user, "theme", "dspy-light")


def test_what_stands_around_it_stays(place: Place) -> None:
    place.user.prepare()
    place.user.path.write_text(WRITTEN)
    place.user.path.chmod(0o640)
    set_value(place.user, "temperature", "0.7")
    set_value(place.user, "max_steps", "12")
    set_value(place.user, "deny", "shell:*, write:secrets/*")
    text = place.user.path.read_text()
    assert text.startswith("# Mine.\ntemperature = 0.7  # not too wild\n")
    assert tomllib.loads(text) == {
        "temperature": 0.7, "max_steps": 12, "deny": ["shell:*", "write:secrets/*"], "keys": {"help": "f2"},
        "mcp_servers": {"files": {"command": "files"}},
    }  # fmt: skip
    assert place.user.path.stat().st_mode & 0o777 == 0o640
    assert take_out(place.user, "temperature") and not take_out(place.user, "temperature")
    assert "temperature" not in tomllib.loads(place.user.path.read_text())


def test_files_are_made_where_there_are_none(place: Place) -> None:
    set_value(place.user, "think", "yes")
    set_value(place.workspace, "think", "no")
    assert place.user.path.stat().st_mode & 0o777 == 0o600
    assert (place.root / ".dspy_tui" / ".gitignore").exists()
    assert place.origin("think") == "workspace file"
    config = load(root=place.root, env={**place.env, "OLLAMA_MODEL": "x"})
    assert overruled(config, "think", "user").startswith("the workspace's file")
    assert overruled(config, "think", "workspace") == "" and overruled(config, "max_steps", "user") == ""
    assert overruled(config, "ollama_model", "workspace") == "the variable OLLAMA_MODEL"
    set_value(place.workspace, "think", "unset")
    assert place.origin("think") == "user file"
    assert not take_out(place.target("workspace"), "think")


@pytest.mark.parametrize(
    ("name", "text", "where", "said"),
    [
        ("temperatur", "1", "user", "did you mean temperature"),
        ("temperature", "hot", "user", "does not fit"),
        ("theme", "pink", "user", "does not fit"),
        ("symbols", "emoji", "user", "does not fit"),
        ("openai_api_key", "sk-123", "user", "is a secret"),
        ("ollama_host", "http://evil", "workspace", "only by its user"),
        ("allow", "shell:*", "workspace", "only by its user"),
        ("deny", "nonsense", "user", "deny"),
    ],
)
def test_what_does_not_belong_there_is_refused_and_nothing_written(
    place: Place, name: str, text: str, where: Where, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        set_value(place.target(where), name, text)
    assert not place.target(where).path.exists()


@pytest.mark.parametrize("content", ["theme = ", "schema = 99\n", "[" * 5000, "x = 1\nx = 2\n"])
def test_a_file_that_is_broken_or_newer_is_left_as_it_is(place: Place, content: str) -> None:
    place.user.prepare()
    place.user.path.write_text(content)
    with pytest.raises(ConfigError, match=r"broken|newer"):
        set_value(place.user, "theme", "dspy-light")
    assert place.user.path.read_text() == content


def test_a_repository_cannot_have_another_file_written(place: Place, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("a = 1\n")
    place.workspace.prepare()
    place.workspace.path.symlink_to(victim)
    with pytest.raises(ConfigError, match="cannot be written"):
        set_value(place.workspace, "theme", "dspy-light")
    assert victim.read_text() == "a = 1\n"
    place.workspace.path.unlink()
    (place.root / ".dspy_tui" / ".gitignore").unlink()
    (place.root / ".dspy_tui").rename(tmp_path / "elsewhere")
    (place.root / ".dspy_tui").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AgentError):
        set_value(place.workspace, "theme", "dspy-light")
    assert not (tmp_path / "elsewhere" / "config.toml").exists()


def test_a_user_may_link_to_their_own_file(place: Place, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.toml"
    kept.write_text("# kept in git\n")
    place.user.prepare()
    place.user.path.symlink_to(kept)
    set_value(place.user, "theme", "dspy-light")
    assert kept.read_text() == '# kept in git\ntheme = "dspy-light"\n' and place.user.path.is_symlink()
