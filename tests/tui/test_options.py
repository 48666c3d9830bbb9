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
        (["stack", "up", "--profile", "--format", "json"], "--profile needs a value"),
        (["--batch", "-c", "--format=json"], "-c needs a value"),
        (["--format", "yaml"], "text, json, jsonl"),
        (["a", "b"], "unexpected argument 'b'"),
        (["--plain", "doctor"], "dspy-tui doctor [options]"),
        (["--set", "theme=x", "stack", "ps"], "the command stack ps comes before its options"),
        (["mcp", "show", "git"], "`dspy-tui mcp servers [SERVER]`"),
        (["config"], "config needs a command: show, set, unset"),
        (["rl"], "install, config, train"),
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


def test_a_command_may_take_several_words() -> None:
    parsed = parse(["stack", "logs", "kafka", "-f", "-n5", "dspy-worker", "--", "-odd"])
    assert parsed.words == ("kafka", "dspy-worker", "-odd") and parsed.positional == ""
    assert parsed.has("follow") and parsed.one("lines") == "5" and root_of(parsed) == "."
    assert parse(["stack", "up"]).words == ()
    assert parse(["stack", "down", "kafka"]).words == ("kafka",), "what it may take, the command says itself"
    assert "stack down [options]\n" in help_text("dspy-tui", parse(["stack", "down"]).command)


@pytest.mark.parametrize("argv", [["stack"], ["stack", "upp"], ["stack", "--format", "json"]])
def test_a_group_of_commands_names_them(argv: list[str]) -> None:
    with pytest.raises(UsageError, match="stack needs a command: init, up, down, stop, restart, ps, logs"):
        parse(argv)


@pytest.mark.parametrize("words", [(), ("stack",), ("stack", "down"), ("ctx",)])
def test_help_as_a_word_is_the_help(words: tuple[str, ...]) -> None:
    parsed = parse(["help", *words])
    assert parsed.has("help") and parsed.command.words == words
    assert parse(["./help"]).positional == "./help"


def test_the_help_of_a_group_and_of_one_of_its_commands() -> None:
    group = parse(["stack", "--help"])
    assert (
        help_text("dspy-tui", group.command)
        == """\
usage: dspy-tui stack [options] COMMAND

commands of stack

options:
  -h, --help  show this help and exit

commands:
  stack init                    write the files of the services for a workspace
  stack up [SERVICE...]         start services and wait until they are healthy
  stack down                    stop and remove all containers; volumes stay
  stack stop [SERVICE...]       stop services; their containers stay
  stack restart [SERVICE...]    restart services
  stack ps                      how the services stand, and what they use
  stack logs [SERVICE...]       what the containers wrote
  stack scale SERVICE=N...      bring services to so many containers
  stack autoscale [SERVICE...]  keep as many containers of the workers as their tasks need
  stack build [SERVICE...]      build our images
  stack pull [SERVICE...]       fetch the others' images
  stack clean                   free what nothing uses any more; volumes stay; asks first
  stack topics [PATTERN...]     the topics of the bus, and who reads them
  stack tail TOPIC...           what is on topics, or patterns of them
  stack doctor                  check what the stack needs here and say what to do"""
    )
    assert (
        help_text("dspy-tui", parse(["stack", "down", "-h"]).command)
        == """\
usage: dspy-tui stack down [options]

stop and remove all containers; volumes stay

options:
  --volumes         remove the volumes, too, with all their data; asks first
  --allow RULE      grant CLASS[:GLOB]: write, run, shell or network
  --out-dir DIR     where the stack's files are (the setting stack_dir by default)
  --format FORMAT   text or json
  --workspace DIR   the folder to work in (here by default)
  --set NAME=VALUE  a setting for this run, such as provider=none
  --plain           lines without colours, boxes and symbols: for screen readers and logs
  -h, --help        show this help and exit"""
    )


def test_settings() -> None:
    parsed = parse(["--set", "provider=none", "--set", "openai_base_url=http://x/?a=b"])
    assert settings_of(parsed) == {"provider": "none", "openai_base_url": "http://x/?a=b"}
    with pytest.raises(UsageError):
        settings_of(parse(["--set", "=x"]))
