from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent_core.config import (
    MASK,
    Config,
    Origin,
    Settings,
    default_user_file,
    load,
    refuse_in_doubt,
    rows,
    workspace_file,
)
from agent_core.errors import ConfigError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / ".dspy_tui").mkdir(parents=True)
    return tmp_path / "root"


@pytest.fixture
def user_file(tmp_path: Path) -> Path:
    return tmp_path / "user.toml"


def read(root: Path | None, user_file: Path, **more: Any) -> Config:
    return load(root=root, user_file=user_file, **({"env": {}} | more))


def test_defaults(root: Path, user_file: Path) -> None:
    config = read(root, user_file)
    assert config.settings == Settings()
    assert config.warnings == ()
    assert set(config.origins.values()) == {Origin("default", "")}
    assert list(root.rglob("*")) == [root / ".dspy_tui"]


def test_each_origin_beats_the_next(root: Path, user_file: Path) -> None:
    name, variable = "ollama_model", "OLLAMA_MODEL"
    user_file.write_text(f'{name} = "user"\ntheme = "nord"')
    assert read(root, user_file).settings.ollama_model == "user"
    workspace_file(root).write_text(f'{name} = "workspace"')
    config = read(root, user_file)
    assert config.settings.ollama_model == "workspace"
    assert config.settings.theme == "nord"
    assert config.origins[name] == Origin("workspace file", str(workspace_file(root)))
    assert config.origins["theme"] == Origin("user file", str(user_file))
    config = read(root, user_file, env={variable: "environment"})
    assert (config.settings.ollama_model, config.origins[name]) == (
        "environment",
        Origin("environment", variable),
    )
    config = read(root, user_file, env={variable: "environment"}, flags={name: "flag"})
    assert (config.settings.ollama_model, config.origins[name].kind) == ("flag", "flag")


def test_without_a_workspace(user_file: Path) -> None:
    assert read(None, user_file).settings == Settings()


@pytest.mark.parametrize("value", ["true", "1", "TRUE", "yes", "on"])
def test_use_ollama(root: Path, user_file: Path, value: str) -> None:
    user_file.write_text('provider = "openai"')
    config = read(root, user_file, env={"USE_OLLAMA": value, "OPENAI_BASE_URL": "http://x/v1"})
    assert config.settings.provider == "ollama"
    assert config.origins["provider"] == Origin("environment", "USE_OLLAMA")


def test_use_ollama_off_broken_or_overruled(root: Path, user_file: Path) -> None:
    assert read(root, user_file, env={"USE_OLLAMA": "false"}).settings.provider == "auto"
    broken = read(root, user_file, env={"USE_OLLAMA": "mybe"})
    assert broken.settings.provider == "auto"
    assert "USE_OLLAMA" in broken.warnings[0]
    both = read(root, user_file, env={"USE_OLLAMA": "true", "DSPY_TUI_PROVIDER": "none"})
    assert both.settings.provider == "none"
    assert "disagree" in both.warnings[0]


def test_environment_values(root: Path, user_file: Path) -> None:
    env = {
        "DSPY_TUI_THINK": "off",
        "DSPY_TUI_CONTEXT_WINDOW": "4096",
        "OLLAMA_HOST": " http://box:1 \n",
        "MODEL_NAME": "",
    }
    settings = read(root, user_file, env=env).settings
    assert (settings.think, settings.context_window, settings.ollama_host) == (False, 4096, "http://box:1")
    assert settings.openai_model == ""
    assert read(root, user_file, env={"DSPY_TUI_THINK": "unset"}).settings.think is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DSPY_TUI_CONTEXT_WINDOW", "many"),
        ("DSPY_TUI_CONTEXT_WINDOW", "-1"),
        ("DSPY_TUI_THINK", "perhaps"),
        ("DSPY_TUI_PROVIDER", "clippy"),
        ("DSPY_TUI_EMBEDDER", "clippy"),
        ("OLLAMA_MODEL", "a\x1b[31mb"),
    ],
)
def test_a_broken_variable_is_named_and_left_out(
    root: Path, user_file: Path, variable: str, value: str
) -> None:
    config = read(root, user_file, env={variable: value})
    assert config.settings == Settings()
    assert len(config.warnings) == 1
    assert variable in config.warnings[0]
    assert "\x1b" not in config.warnings[0]


@pytest.mark.parametrize(
    "line",
    [
        'max_steps = "8"',
        "max_steps = 0",
        "max_steps = 8.5",
        "temperature = nan",
        "silence_timeout = inf",
        "silence_timeout = 0",
        'deny = "shell"',
        'deny = ["shel:rm *"]',
        "theme = 3",
        "think = 1",
        "log_files = [1]",
        "provider = { name = 'ollama' }",
    ],
)
def test_a_broken_value_is_named_and_the_others_hold(root: Path, user_file: Path, line: str) -> None:
    workspace_file(root).write_text(f'{line}\nollama_model = "kept"\n')
    config = read(root, user_file)
    assert config.settings == Settings(ollama_model="kept")
    assert len(config.warnings) == 1
    assert str(workspace_file(root)) in config.warnings[0]
    assert line.split(" ")[0] in config.warnings[0]


def test_an_unknown_setting_is_named_with_the_nearest(root: Path, user_file: Path) -> None:
    workspace_file(root).write_text('olama_model = "x"\n[keyss]\nhelp = "f1"\n')
    first, second = read(root, user_file).warnings
    assert "'olama_model' (did you mean ollama_model?)" in first
    assert "'keyss' (did you mean keys?)" in second


@pytest.mark.parametrize(
    "content",
    [
        b"theme = ",
        b"= 1",
        b"\xff\xfe\x00",
        b"a = " + b"[" * 100_000,
        b"x" * 2_000_000,
        b"theme = 'a'\ntheme = 'b'",
        b"\0",
    ],
    ids=["no value", "no key", "no text", "nested", "too large", "twice", "nul"],
)
def test_a_broken_file_is_named_and_stays(root: Path, user_file: Path, content: bytes) -> None:
    workspace_file(root).write_bytes(content)
    user_file.write_bytes(content)
    config = read(root, user_file)
    assert config.settings == Settings()
    assert [
        str(path) in warning
        for path, warning in zip((user_file, workspace_file(root)), config.warnings, strict=True)
    ]
    assert workspace_file(root).read_bytes() == content


def test_files_that_are_none(root: Path, user_file: Path) -> None:
    os.mkfifo(workspace_file(root))
    user_file.mkdir()
    config = read(root, user_file)
    assert config.settings == Settings()
    assert len(config.warnings) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("allow", '["shell"]'),
        ("api_key_command", '"cat /etc/passwd"'),
        ("openai_base_url", '"http://evil/v1"'),
        ("ollama_host", '"http://evil"'),
        ("embedded_model", '"/tmp/x.gguf"'),
        ("embedder", '"openai"'),
        ("kafka_bootstrap", '"evil:9092"'),
        ("kafka_security", '{ security_protocol = "PLAINTEXT" }'),
        ("keys", '{ quit = "enter" }'),
    ],
)
def test_a_workspace_cannot_choose_what_is_the_users(
    root: Path, user_file: Path, name: str, value: str
) -> None:
    workspace_file(root).write_text(f"{name} = {value}\n")
    config = read(root, user_file)
    assert config.settings == Settings()
    assert f"{name} cannot be set by a workspace" in config.warnings[0]
    user_file.write_text(f"{name} = {value}\n")
    assert getattr(read(None, user_file).settings, name) != getattr(Settings(), name)


def test_a_workspace_can_deny_more_but_never_less(root: Path, user_file: Path) -> None:
    user_file.write_text('deny = ["shell:rm *"]')
    workspace_file(root).write_text('deny = ["network"]')
    assert read(root, user_file).settings.deny == ("shell:rm *", "network")
    workspace_file(root).write_text("deny = []")
    assert read(root, user_file).settings.deny == ("shell:rm *",)


def test_flags(root: Path, user_file: Path) -> None:
    flags = {
        "max-steps": "3",
        "allow": "write:docs/*, shell:git status",
        "keys": "help=f1, quit=ctrl+q",
        "think": "yes",
    }
    settings = read(root, user_file, flags=flags).settings
    assert settings.max_steps == 3
    assert settings.allow == ("write:docs/*", "shell:git status")
    assert settings.keys == {"help": "f1", "quit": "ctrl+q"}
    assert settings.think is True


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"them": "x"}, "did you mean theme"),
        ({"max_steps": "x"}, "max_steps: x"),
        ({"keys": "help"}, "NAME=VALUE"),
    ],
)
def test_a_broken_flag_is_an_error(root: Path, user_file: Path, flags: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        read(root, user_file, flags=flags)
    assert caught.value.exit_code == 2


def test_rows_show_everything_but_secrets(root: Path, user_file: Path) -> None:
    env = {"OPENAI_API_KEY": "sk-verysecret", "OPENAI_BASE_URL": "https://me:hidden@host/v1"}
    config = read(root, user_file, env=env)
    shown = rows(config)
    assert [row["name"] for row in shown] == list(Settings.__struct_fields__)
    by_name = {row["name"]: row for row in shown}
    assert by_name["openai_api_key"]["value"] == MASK
    assert by_name["openai_base_url"]["value"] == f"https://me:{MASK}@host/v1"
    assert by_name["openai_base_url"]["origin"] == "environment"
    assert all(row["description"] for row in shown)
    text = msgspec.json.encode(shown).decode()
    assert "verysecret" not in text
    assert "hidden" not in text
    unset = {row["name"]: row for row in rows(read(root, user_file))}
    assert unset["openai_api_key"]["value"] == ""


@pytest.mark.parametrize(
    "name", ["openai_api_key", "OPENAI_API_KEY", "api_key", "kafka_sasl_plain_password", "anthropic_token"]
)
def test_a_key_in_a_file_of_the_workspace_is_refused_and_not_shown(
    root: Path, user_file: Path, name: str
) -> None:
    workspace_file(root).write_text(f'{name} = "sk-hidden0123456789abcdef"\n')
    config = read(root, user_file)
    assert config.settings == Settings()
    (warning,) = config.warnings
    assert f"{name} is refused" in warning and "dspy-tui auth login" in warning
    assert "hidden" not in warning and "hidden" not in str(rows(config))


def test_a_key_is_no_flag(root: Path, user_file: Path) -> None:
    with pytest.raises(ConfigError, match="is no flag") as caught:
        read(root, user_file, flags={"openai_api_key": "flagsecret123"})
    assert "flagsecret" not in f"{caught.value.message} {caught.value.hint}"


def test_a_secret_within_a_value_is_shown_nowhere(root: Path, user_file: Path) -> None:
    flags = {
        "openai_base_url": "https://me:hidden-word@host/v1",
        "allow": "shell:curl -H 'Authorization: Bearer hidden0123456789'",
        "keys": "help=ghp_hidden0123456789hidden0123",
    }
    config = read(root, user_file, flags=flags)
    assert "hidden-word" in config.settings.openai_base_url, "it is still used"
    assert "hidden" not in str(rows(config))
    with pytest.raises(ConfigError) as caught:
        read(root, user_file, flags={"provider": "https://me:hidden@host"})
    assert "hidden" not in str(caught.value)


def test_a_broken_secret_is_not_shown(root: Path, user_file: Path) -> None:
    user_file.write_text("openai_api_key = 123456789\n")
    user_file.chmod(0o600)
    config = read(root, user_file, env={"OPENAI_API_KEY": "sk-\x07hidden"})
    assert len(config.warnings) == 2
    assert not any("123456789" in warning or "hidden" in warning for warning in config.warnings)


def test_where_the_users_file_lies(tmp_path: Path) -> None:
    if sys.platform == "linux":
        assert default_user_file({"HOME": "/home/me"}) == Path("/home/me/.config/dspy-tui/config.toml")
        assert default_user_file({"XDG_CONFIG_HOME": "relative", "HOME": "/h"}) == Path(
            "/h/.config/dspy-tui/config.toml"
        )
    assert default_user_file({"XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path / "dspy-tui" / "config.toml"


def test_reading_defaults_imports_nothing_that_is_not_needed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from agent_core.config import load; from agent_core.workspace import Workspace\n"
        "load(root=Workspace.open(sys.argv[1]).root)\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    late = {"pathspec", "platformdirs", "tomllib", "difflib", "asyncio", "subprocess", "logging"}
    assert not late & set(done.stdout.split())


@pytest.mark.parametrize("rules", ['["shell:*", "shel:x"]', '["shell:*", 3]'])
@pytest.mark.parametrize("whose", ["user", "workspace"])
def test_rules_that_parse_hold_beside_one_that_does_not(
    root: Path, user_file: Path, rules: str, whose: str
) -> None:
    file = user_file if whose == "user" else workspace_file(root)
    file.write_text(f"deny = {rules}\nallow = []\nmax_steps = 3\n")
    config = read(root, user_file)
    assert (config.settings.deny, config.settings.max_steps) == (("shell:*",), 3)
    (doubt,) = config.doubts
    assert str(file) in doubt and "deny" in doubt
    assert any("everything asks" in warning for warning in config.warnings)
    with pytest.raises(ConfigError, match="not known what is denied") as caught:
        refuse_in_doubt(config)
    assert caught.value.exit_code == 2 and caught.value.hint


@pytest.mark.parametrize(
    "content",
    [
        "deny = ['shell:*']\nmax_steps = = 4\n",
        "schema = 99\ndeny = ['shell:*']\n",
        "x" * 2_000_000,
        "deny = 'shell:*'\n",
        "denny = ['shell:*']\n",
        "DENY = ['shell:*']\n",
        "[keys]\nhelp = 'f1'\ndeny = ['shell:*']\n",
        "[mcp_servers.own]\ncommand = 'x'\ndeny = ['shell:*']\n",
    ],
    ids=["syntax", "newer", "large", "no list", "typo", "case", "in a table", "in a server"],
)
def test_a_users_file_that_may_deny_is_a_doubt(root: Path, user_file: Path, content: str) -> None:
    user_file.write_text(content)
    config = read(root, user_file)
    (doubt,) = config.doubts
    assert str(user_file) in doubt


def test_a_users_file_that_cannot_be_read_is_a_doubt(root: Path, user_file: Path) -> None:
    user_file.mkdir()
    assert read(root, user_file).doubts


def test_what_denies_nothing_is_no_doubt(root: Path, user_file: Path) -> None:
    user_file.write_text("max_steps = 0\nallow = ['shel']\nolama_model = 'x'\n")
    workspace_file(root).write_text("max_steps = = 4\n")  # a repository's file only adds to what is denied
    config = read(root, user_file)
    assert len(config.warnings) == 4 and config.doubts == ()
    refuse_in_doubt(config)


def test_deep_tables_are_no_trouble(root: Path, user_file: Path) -> None:
    user_file.write_text(f"{'.'.join('a' * 20_000)} = 1\n")
    assert read(root, user_file).settings == Settings()


def test_a_users_file_in_the_workspace_is_the_workspaces(root: Path, tmp_path: Path) -> None:
    file = root / "cfg" / "dspy-tui" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("allow = ['shell']\nopenai_base_url = 'http://evil/v1'\nmax_steps = 3\n")
    elsewhere = {"XDG_CONFIG_HOME": str(root / "cfg"), "HOME": str(tmp_path / "home")}
    config = load(root=root, env=elsewhere)
    assert config.settings == Settings(max_steps=3)
    assert config.origins["max_steps"].kind == "workspace file"
    assert "lies in the workspace" in config.warnings[0]
    (tmp_path / "link").symlink_to(root)
    linked = load(root=root, env=elsewhere | {"XDG_CONFIG_HOME": str(tmp_path / "link" / "cfg")})
    assert linked.settings.allow == ()
    for home in (root, root / "below"):  # whoever opens the whole home folder keeps their own settings
        home.mkdir(exist_ok=True)
        assert load(root=root, env=elsewhere | {"HOME": str(home)}).settings.allow == ("shell",)


def test_a_key_that_others_can_read_is_told(root: Path, user_file: Path) -> None:
    user_file.write_text("openai_api_key = 'sk-hidden0123456789'\n")
    user_file.chmod(0o644)
    (warning,) = read(root, user_file).warnings
    assert "others can read it" in warning and f"chmod 600 {user_file}" in warning and "hidden" not in warning
    user_file.chmod(0o600)
    assert read(root, user_file).warnings == ()


def test_of_the_command_that_says_a_key_only_the_program_is_shown(root: Path, user_file: Path) -> None:
    command = "curl -s -u me:cmdpassw0rd https://keys.example"
    user_file.write_text(f'api_key_command = "{command}"\n')
    for config in (read(root, user_file), read(root, user_file, flags={"api_key_command": command})):
        assert config.settings.api_key_command == command, "it is still used"
        assert "cmdpassw0rd" not in str(rows(config)) + str(config.warnings)
        (row,) = (row for row in rows(config) if row["name"] == "api_key_command")
        assert row["value"] == "curl …"
    user_file.write_text('api_key_command = "curl \'me:cmdpassw0rd"\n')
    assert "cmdpassw0rd" not in str(rows(read(root, user_file)))
