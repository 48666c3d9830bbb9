"""The command line: parsing, its errors, and the help text."""

from __future__ import annotations

import pytest

from agent_core.errors import UsageError
from tui.arguments import root_of, settings_of
from tui.options import COMMANDS, SCREEN, help_text, parse


def test_nothing_at_all_is_the_screen() -> None:
    parsed = parse([])
    assert parsed.command is SCREEN and not parsed.values
    assert root_of(parsed) == "."


def test_a_batch() -> None:
    parsed = parse(
        [
            "--batch",
            "-c",
            "ls",
            "--command=grep -i x",
            "-ctree",
            "--format",
            "json",
            "--allow",
            "shell",
            "folder",
        ]
    )
    assert parsed.all("command") == ["ls", "grep -i x", "tree"]
    assert (parsed.one("format"), parsed.all("allow"), root_of(parsed)) == ("json", ["shell"], "folder")
    assert parsed.has("batch") and not parsed.has("keep-going")


def test_a_value_may_begin_with_a_dash() -> None:
    assert parse(["--batch", "-c", "-n --weird"]).all("command") == ["-n --weird"]
    assert parse(["--", "--batch"]).positional == "--batch"


@pytest.mark.parametrize("words", [command.words for command in COMMANDS])
def test_every_command_has_help(words: tuple[str, ...]) -> None:
    parsed = parse([*words, "--help", "--and-whatever", "follows"])
    assert parsed.has("help") and parsed.command.words == words
    text = help_text("dspy-tui", parsed.command)
    assert text.startswith("usage: dspy-tui")
    assert all(option.names[-1] in text for option in parsed.command.options)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--fromat", "json"], "--format"),
        (["--batch=yes"], "takes no value"),
        (["--format"], "needs a value"),
        (["--format", "yaml"], "text, json, jsonl"),
        (["a", "b"], "unexpected argument 'b'"),
        (["config"], "config show"),
        (["rl", "train"], "rl install"),
        (["completion"], "bash, zsh, fish"),
        (["completion", "tcsh"], "bash, zsh, fish"),
        (["doctor", "--batch"], "unknown option"),
        (["-x"], "unknown option -x"),
    ],
)
def test_wrong_words(argv: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(argv)
    assert said in f"{caught.value.message} {caught.value.hint}"


def test_a_value_that_may_be_left_out() -> None:
    assert parse(["doctor", "--bundle"]).one("bundle", "not given") == ""
    assert parse(["doctor", "--bundle", "--format", "json"]).one("bundle", "not given") == ""
    assert parse(["doctor", "--bundle", "out"]).one("bundle") == "out"
    assert parse(["doctor", "--bundle=out"]).one("bundle") == "out"
    assert "--bundle [DIR]" in help_text("dspy-tui", parse(["doctor"]).command)


def test_settings() -> None:
    parsed = parse(["--set", "provider=none", "--set", "openai_base_url=http://x/?a=b"])
    assert settings_of(parsed) == {"provider": "none", "openai_base_url": "http://x/?a=b"}
    with pytest.raises(UsageError):
        settings_of(parse(["--set", "=x"]))
