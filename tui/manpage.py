"""The manual page of dspy-tui, in the `man` macros, made from the table of options and the tools.

`docs/man/dspy-tui.1` is what it writes; `make man` writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent_core import __version__
from agent_core.arguments import synopsis
from agent_core.config import Settings
from agent_core.config_sources import fields
from agent_core.tools.base import AnyTool
from agent_core.tools.fields import fields_of
from tui.option import Command, Option
from tui.options import COMMANDS, SCREEN

_EXITS = (
    ("0", "done"),
    ("1", "a command failed"),
    ("2", "usage: the arguments, a setting, a command's words"),
    ("3", "permission refused"),
    ("4", "no model, and one was needed"),
    ("5", "time-out"),
    ("6", "nothing done, though a change was asked for"),
    ("7", "the workspace is missing, no folder, or unreadable"),
    ("130", "interrupted"),
)
_FILES = (
    (".dspy_tui/", "what is kept of a workspace: index, sessions, checkpoints, logs"),
    (".dspy_tui/config.toml", "settings of the workspace; no keys, no permissions"),
    (".dspy_tui/hooks.toml", "hooks of the workspace; asked about once for each content"),
    (".dspy_tui/commands/", "commands of the workspace, as Markdown"),
    (".dspy_rl_state.json, .dspy_rl_events.jsonl", "what suggestions learnt in the workspace"),
    (".dspy_rl.json", "settings of that learning"),
    (
        "$XDG_CONFIG_HOME/dspy-tui/config.toml",
        "settings of the user; ~/.config where the variable is not set",
    ),
    ("$XDG_CONFIG_HOME/dspy-tui/hooks.toml, commands/", "the same of the user, in every workspace"),
    ("$XDG_CONFIG_HOME/dspy-tui/keyring.json", "the endpoints whose keys lie in the keyring; no keys"),
    (
        "$XDG_STATE_HOME/dspy-tui/",
        "remembered permissions and answers about servers; ~/.local/state where the variable is not set",
    ),
)
EXAMPLES = (
    ("open the screen on a project", "dspy-tui ~/src/project"),
    (
        "run commands without a screen",
        "dspy-tui --batch --allow 'run:*' -c 'grep TODO' -c lint --format json",
    ),
    ("the key events of a log in a pipe", "journalctl -u web | dspy-tui ctx --source -"),
    ("keep a key in the keyring", "dspy-tui auth login models.example.com"),
)


BESIDE = ("USE_OLLAMA", "true: the same as provider = ollama, unless DSPY_TUI_PROVIDER says otherwise")
"""A variable that stands for no setting of its own."""


def page(tools: Iterable[AnyTool]) -> str:
    """The page; `tools` are the commands of the prompt."""
    lines = [
        f'.TH DSPY\\-TUI 1 "" "dspy\\-tui {_text(__version__)}" "User Commands"',
        ".SH NAME",
        "dspy\\-tui, dspy\\-agent \\- a coding assistant in the terminal",
        ".SH SYNOPSIS",
        *_usages(),
        ".SH DESCRIPTION",
        "Without a command it opens a screen on a folder: chat, files, logs, suggestions. With",
        ".B \\-\\-batch",
        "it runs the same commands without a screen, and never asks.",
        ".SH OPTIONS",
        *_options(SCREEN.options),
        ".SH COMMANDS",
    ]
    for command in COMMANDS[1:]:
        lines += [f".SS {_text(' '.join(command.words))}{_taken(command)}", _sentence(command.help)]
        lines += _options(command.options)
    lines += [
        ".SH COMMANDS OF THE PROMPT",
        "They are typed on the screen, and behind",
        ".B \\-c",
        "in a batch.",
    ]
    for tool in sorted(tools, key=lambda tool: tool.name):
        lines += _tool(tool)
    lines += [".SH ENVIRONMENT", *_environment(), ".SH FILES"]
    for name, text in _FILES:
        lines += [".TP", f".I {_text(name)}", _sentence(text)]
    lines += [".SH EXIT STATUS"]
    for code, text in _EXITS:
        lines += [".TP", f".B {code}", _sentence(text)]
    lines += [".SH EXAMPLES"]
    for text, line in EXAMPLES:
        lines += [_sentence(text), ".PP", ".nf", ".RS", _text(line), ".RE", ".fi", ".PP"]
    return "\n".join(lines) + "\n"


def _usages() -> list[str]:
    lines: list[str] = []
    for command in COMMANDS:
        words = " ".join(("dspy-tui", *command.words))
        lines += [f".B {_text(words)}", f"[\\fIoptions\\fR]{_taken(command)}", ".br"]
    return lines[:-1]


def _taken(command: Command) -> str:
    if not command.positional:
        return ""
    taken = f"\\fI{_text(command.positional)}\\fR" + (" ..." if command.several else "")
    return f" [{taken}]" if command.optional else f" {taken}"


def _options(options: Sequence[Option]) -> list[str]:
    lines: list[str] = []
    for option in options:
        value = f" \\fI{_text(option.value)}\\fR" if option.value else ""
        value = f" [{value.strip()}]" if option.optional else value
        names = ", ".join(f"\\fB{_text(name)}\\fR" for name in option.names)
        choices = f" One of {', '.join(map(_text, option.choices))}." if option.choices else ""
        lines += [".TP", f"{names}{value}", _sentence(option.help) + choices]
    return lines


def _tool(tool: AnyTool) -> list[str]:
    lines = [f".SS {_text(synopsis(tool))}", _sentence(tool.summary)]
    for field in fields_of(tool.args_type):
        if field.name in tool.positional or not field.description:
            continue
        value = "" if field.kind == "switch" else f" \\fI{_text(field.metavar)}\\fR"
        names = ", ".join(f"\\fB{_text(flag)}\\fR" for flag in field.flags)
        lines += [".TP", f"{names}{value}", _sentence(field.description)]
    return lines


def _environment() -> list[str]:
    lines = ["Each stands for a setting; a file has the setting's own name."]
    for name in Settings.__struct_fields__:
        field = fields()[name]
        if field.env:
            lines += [
                ".TP",
                f".B {_text(field.env)}",
                f"{_sentence(field.description)} Setting: {_text(name)}.",
            ]
    name, text = BESIDE
    return [*lines, ".TP", f".B {_text(name)}", _sentence(text)]


def _sentence(text: str) -> str:
    said = _text(text[:1].upper() + text[1:])
    return said if said.endswith((".", "!", "?")) else said + "."


def _text(text: str) -> str:
    """Words as the macros read them: no escapes of their own, dashes that can be copied."""
    said = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    said = said.replace("…", "...").replace("•", "*").replace("`", "\\(ga")
    return f"\\&{said}" if said.startswith((".", "\\(aq")) else said
