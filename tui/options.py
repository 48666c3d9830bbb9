"""The command line as a table: the parser, the help text and the shell completion are made from it.

Not argparse: importing it costs a tenth of the time in which a headless `grep` has to be done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from agent_core.errors import UsageError
from tui.auth_options import AUTH_COMMANDS
from tui.ctx_options import CTX_COMMAND
from tui.option import ALLOW, COMMON, FORMAT, HELP, Command, Option
from tui.rl_options import RL_COMMANDS
from tui.stack_options import STACK_COMMANDS


class Parsed(NamedTuple):
    """What was typed. `values` holds the values of each option that was given, `[""]` for a switch.

    `positional` is the word of a command that takes one, `words` are those of one that takes several.
    """

    command: Command
    values: dict[str, list[str]]
    positional: str
    words: tuple[str, ...] = ()

    def one(self, key: str, default: str = "") -> str:
        """The option's (last) value."""
        return self.values.get(key, [default])[-1]

    def all(self, key: str) -> list[str]:
        """All values of the option, in order."""
        return self.values.get(key, [])

    def has(self, key: str) -> bool:
        """Whether the option was given."""
        return key in self.values


_BATCH = (
    Option(("--batch",), "run commands without a screen"),
    Option(("-c", "--command"), "a command or task", "COMMAND", repeat=True, complete="command"),
    Option(("--file",), "commands, one a line; - is standard input", "FILE", complete="file"),
    Option(
        ("--format",),
        "text, json, jsonl; junit or sarif: what checks found",
        "FORMAT",
        choices=("text", "json", "jsonl", "junit", "sarif"),
    ),
    Option(("--keep-going",), "run the commands after one that failed, too"),
)
_SESSION = (
    Option(("--session",), "go on in the session of this name, or begin it", "NAME"),
    Option(("--resume",), "go on in a saved session: its name, its id, or last", "SESSION"),
)
_IN_WORKSPACE = Option(("--in-workspace",), "in .dspy_tui/config.toml, for this workspace alone")
SCREEN = Command(
    (),
    "open the screen, or run a batch",
    (*_BATCH, ALLOW, *_SESSION, *COMMON, Option(("-V", "--version"), "show the version and exit")),
    positional="FOLDER",
    complete="folder",
    optional=True,
)
COMMANDS = (
    SCREEN,
    Command(("config", "show"), "every setting and where it came from", (FORMAT, *COMMON)),
    Command(
        ("config", "set"),
        "write a setting into your file, or into the workspace's",
        (_IN_WORKSPACE, FORMAT, *COMMON),
        positional="NAME VALUE",
        complete="setting",
        several=True,
    ),
    Command(
        ("config", "unset"),
        "take a setting out of your file, or out of the workspace's",
        (_IN_WORKSPACE, FORMAT, *COMMON),
        positional="NAME",
        complete="setting",
        several=True,
    ),
    Command(
        ("doctor",),
        "check what works here and say what to do",
        (
            Option(
                ("--bundle",),
                "pack what a bug report needs, without secrets, into a folder (here by default)",
                "DIR",
                complete="folder",
                optional=True,
            ),
            FORMAT,
            *COMMON,
        ),
    ),
    Command(
        ("completion",),
        "print the completion script of a shell",
        (HELP,),
        positional="SHELL",
        choices=("bash", "zsh", "fish"),
    ),
    Command(("model", "install"), "install the tiny embedded model", (HELP,)),
    Command(
        ("logs", "ship"),
        "send lines of logs to the bus, on from where they were sent: all logs, or those that are named",
        (
            Option(("--service",), "whose logs they are (else as each log is called)", "NAME"),
            Option(("-f", "--follow"), "go on with what is written from now on"),
            Option(("--since",), "only what is newer: a span such as 10m, or a time", "TIME"),
            Option(("--all",), "also what was sent before; readers know it again"),
            FORMAT,
            *COMMON,
        ),
        positional="SOURCE",
        optional=True,
        several=True,
    ),
    Command(
        ("dispatch",),
        "hand a task to the workers of the fleet, and wait for its result",
        (
            Option(("--to",), "the service that gets it (else the router chooses)", "SERVICE"),
            Option(("--no-wait",), "do not wait for the result"),
            Option(("--timeout",), "how long it may take (600)", "S"),
            FORMAT,
            *COMMON,
        ),
        positional="TASK",
        several=True,
    ),
    Command(
        ("serve",),
        "show the screen in browsers of this machine, at an address with a token",
        (Option(("--port",), "the port on 127.0.0.1 (8765, or any that is free)", "PORT"), ALLOW, *COMMON),
        positional="FOLDER",
        complete="folder",
        optional=True,
    ),
    Command(
        ("mcp", "servers"),
        "the servers whose tools are used here, started to say whether they work; those named in full",
        (FORMAT, *COMMON),
        positional="SERVER",
        optional=True,
        several=True,
    ),
    Command(
        ("plugins",), "list the plugins: what was loaded, from where, and what failed", (FORMAT, *COMMON)
    ),
    Command(
        ("mcp",), "offer search, grep, logs and code to another assistant (Model Context Protocol)", COMMON
    ),
    CTX_COMMAND,
    *AUTH_COMMANDS,
    *STACK_COMMANDS,
    *RL_COMMANDS,
)


def parse(argv: list[str]) -> Parsed:
    """The parsed command line; raises `UsageError`."""
    command, rest = _command(argv)
    options = {name: option for option in command.options for name in option.names}
    values: dict[str, list[str]] = {}
    positionals: list[str] = []
    while rest:
        word = rest.pop(0)
        if word == "--":
            positionals += rest
            break
        if word == "-" or not word.startswith("-"):
            positionals.append(word)
            continue
        name, value = _split(word)
        option = options.get(name)
        if option is None:
            raise _unknown(name, command)
        if option.key == HELP.key:  # whatever else is wrong
            return Parsed(command, {HELP.key: [""]}, "")
        taken = _value(option, name, value, rest, options)
        values[option.key] = [*values.get(option.key, ()), taken] if option.repeat else [taken]
    if command.several:
        return Parsed(command, values, "", tuple(positionals))
    return Parsed(command, values, _positional(command, positionals))


def _command(argv: list[str]) -> tuple[Command, list[str]]:
    """The subcommand is what comes first; `help` before it is `--help` behind it."""
    if argv[:1] == ["help"]:
        argv = [*argv[1:], HELP.names[-1]]
    for command in COMMANDS[1:]:
        count = len(command.words)
        if tuple(argv[:count]) == command.words:
            return command, argv[count:]
    group = _group(argv[0]) if argv else []
    if group and argv[1:2] in (["-h"], ["--help"]):
        return Command((argv[0],), f"commands of {argv[0]}", (HELP,), positional="COMMAND"), argv[1:]
    if group:
        words = " ".join(group[0].words)
        said = (
            f"did you mean {words}?" if len(group) == 1 else f"{argv[0]} needs a command: {_seconds(group)}"
        )
        raise UsageError(said, hint=f"A folder of that name is ./{argv[0]}.")
    return SCREEN, list(argv)


def _split(word: str) -> tuple[str, str | None]:
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, value if equals else None
    return word[:2], word[2:] or None


def _value(
    option: Option, name: str, value: str | None, rest: list[str], options: Mapping[str, Option]
) -> str:
    if not option.value:
        if value is not None:
            raise UsageError(f"{name} takes no value")
        return ""
    if value is None:
        if option.optional and (not rest or rest[0].startswith("-")):
            return ""
        if not rest or _split(rest[0])[0] in options:  # a value like that is given behind a =
            raise UsageError(f"{name} needs a value: {name} {option.value}")
        value = rest.pop(0)
    if option.choices and value not in option.choices:
        raise UsageError(f"{name} is one of {', '.join(option.choices)}, not {value!r}")
    return value


def _positional(command: Command, given: list[str]) -> str:
    most = 1 if command.positional else 0
    if not command.words and (words := _begun(given)) and (given[1:] or not Path(given[0]).is_dir()):
        raise UsageError(
            f"the command {words} comes before its options",
            hint=f"Such as dspy-tui {words} [options]. A folder of that name is ./{given[0]}.",
        )
    if len(given) > most:
        raise UsageError(
            f"unexpected argument {given[most]!r}",
            hint=_elsewhere(command),
        )
    if command.positional and not given and not command.optional:
        words, choices = " ".join(command.words), ", ".join(command.choices)
        raise UsageError(f"{words} needs {command.positional}" + (f": {choices}" if choices else ""))
    if given and command.choices and given[0] not in command.choices:
        raise UsageError(f"{command.positional} is one of {', '.join(command.choices)}, not {given[0]!r}")
    return given[0] if given else ""


def _begun(given: list[str]) -> str:
    """The subcommand that words begin with; "" for none."""
    found = (each.words for each in COMMANDS[1:] if tuple(given[: len(each.words)]) == each.words)
    return " ".join(next(found, ()))


def _elsewhere(command: Command) -> str:
    """What a word that a command does not take was perhaps meant for."""
    if not command.words:
        return "Commands for --batch are given with -c COMMAND."
    longer = [each for each in COMMANDS if len(each.words) > 1 and each.words[:-1] == command.words]
    named = ", ".join(f"`dspy-tui {' '.join(each.words)} [{each.positional}]`" for each in longer)
    return (
        f"There is {named}, too; other words behind {command.words[-1]} are for the prompt." if named else ""
    )


def _unknown(name: str, command: Command) -> UsageError:
    from difflib import get_close_matches

    names = [name for option in command.options for name in option.names]
    near = get_close_matches(name, names, n=1)
    return UsageError(f"unknown option {name}", hint=f"Did you mean {near[0]}?" if near else "See --help.")


_EXITS = """
Exit codes of --batch: 0 done, 1 failed, 2 usage, 3 permission refused, 4 no model, 5 time-out,
6 nothing done, 7 workspace unusable, 130 interrupted."""


def help_text(program: str, command: Command) -> str:
    """The help of a command."""
    words = " ".join(filter(None, (program, *command.words, "[options]", _taken(command))))
    lines = [f"usage: {words}", "", command.help, "", "options:"]
    lines += _rows([(_spelled(option), option.help) for option in command.options])
    if command is SCREEN:
        lines += ["", "commands:", *_rows(_listed(COMMANDS[1:])), _EXITS]
    elif command not in COMMANDS:
        lines += ["", "commands:", *_rows(_listed(_group(command.words[0])))]
    return "\n".join(lines)


def _group(word: str) -> list[Command]:
    """The subcommands that begin with the word."""
    return [command for command in COMMANDS if command.words[:1] == (word,)]


def _seconds(group: Sequence[Command]) -> str:
    return ", ".join(" ".join(command.words[1:]) for command in group)


def _listed(commands: Sequence[Command]) -> list[tuple[str, str]]:
    return [(" ".join((*command.words, _taken(command))), command.help) for command in commands]


def _taken(command: Command) -> str:
    """What it takes beside options."""
    positional = command.positional + ("..." if command.several and command.positional else "")
    return f"[{positional}]" if command.optional else positional


def _spelled(option: Option) -> str:
    value = f"[{option.value}]" if option.optional else option.value
    return " ".join(filter(None, (", ".join(option.names), value)))


def _rows(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(left) for left, _ in rows)
    return [f"  {left:<{width}}  {right}" for left, right in rows]
