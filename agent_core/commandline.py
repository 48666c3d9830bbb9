"""What a typed line is: a command, a shell command, or a question for the agent.

The rules: `!` begins a shell command; a leading space makes a question; `/` forces a command; a bare first
word is taken for a command only if it names one and the rest parses as its arguments and reads like
arguments. "tree", "ls src" and "grep foo ." are commands, "build fails, why?" and "diff the two" are
questions. What only looks like a command's arguments, such as "ls --wrong" and "cat a.py b.py", is a mistake
that is told, rather than a question that nobody meant.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from agent_core.arguments import read_arguments, reads_as_arguments, reads_as_prose, shown, synopsis
from agent_core.errors import UsageError
from agent_core.mcp.names import is_of_server
from agent_core.text import one_line
from agent_core.tools.base import AnyTool
from agent_core.tools.fields import Field, fields_of
from agent_core.tools.registry import Registry
from agent_core.words import enquote, quote, split_span

__all__ = ["CommandLine", "Mention", "ShellLine", "Task", "lone_word", "mentions_in", "parse", "render"]
__all__ += ["synopsis", "usage"]

_MENTION = re.compile(r"(?:(?<=[\s(\[{])|^)@(?:\"([^\"\n]+)\"(:\d[\d-]*)?|([^\s\"]+))")
_WORD = re.compile(r"[A-Za-z][\w-]*")
_SHELL = "shell"
_EDIT = "edit"
_SPACE = "a leading space makes it a question"


class Mention(msgspec.Struct, frozen=True):
    """A file named in a question: `@path`, `@path:10-40`, `@"a path"`.

    Only the syntax is known here (`@property` looks the same): whether there is such a file is the
    workspace's business. Without lines both numbers are None; `end` alone is None for "to the end".
    """

    path: str
    start: int | None = None
    end: int | None = None


class CommandLine(msgspec.Struct, frozen=True):
    """A command of the registry with its arguments; `text` is the line as it was typed."""

    tool_name: str
    args: msgspec.Struct
    text: str


class ShellLine(msgspec.Struct, frozen=True):
    """A command for the user's shell."""

    command: str


class Task(msgspec.Struct, frozen=True):
    """A question or a task for the agent, and the files that it mentions.

    `change` says that a change is asked for, whatever the words: it was typed as the command `edit`.
    """

    text: str
    mentions: tuple[Mention, ...] = ()
    change: bool = False


def parse(text: str, registry: Registry) -> CommandLine | ShellLine | Task:
    """Say what a typed line is.

    Raises:
        UsageError: Nothing was typed, a command that was forced by `/` is unknown or its arguments are
        wrong, the name of a command stands alone and it needs arguments, or what follows it looks like
        arguments and is not right, or follows the name of a server's tool and is not right.
    """
    typed = text.strip()
    if not typed:
        raise UsageError("Nothing was typed", hint="Type a question or a command; `help` lists the commands.")
    if text[0].isspace():
        return _task(typed)
    if typed.startswith("!"):
        return _shell(typed[1:].strip())
    name, rest = _first(typed)
    if typed.startswith("/"):
        return _task(typed) if "/" in name[1:] else _forced(name[1:], rest, typed, registry)
    tool = registry.get(name)
    if tool is None or (tool.action == "shell" and rest):
        return _task(typed)
    if not rest:
        return CommandLine(tool.name, read_arguments(tool, rest), typed)
    try:
        args = read_arguments(tool, rest, bare=not is_of_server(name))
    except UsageError as error:
        if is_of_server(name):
            raise
        if reads_as_arguments(rest):
            raise UsageError(error.message, hint=f"{error.hint}; {_SPACE}.") from None
        if near := _mistyped(tool, rest):
            message = f"{tool.name} has no {shown(rest)}"
            meant = f"Did you mean `{tool.name} {near}`? {_SPACE.capitalize()}."
            raise UsageError(message, hint=meant) from None
        return _task(typed)
    return _command(tool, args, typed)


def _command(tool: AnyTool, args: msgspec.Struct, typed: str) -> CommandLine | Task:
    if tool.name != _EDIT:
        return CommandLine(tool.name, args, typed)
    return Task(typed.removeprefix("/"), mentions_in(typed), change=True)


def _first(line: str) -> tuple[str, str]:
    parts = line.split(None, 1)
    return parts[0], parts[1] if len(parts) > 1 else ""


def _shell(command: str) -> ShellLine:
    if not command:
        raise UsageError("No command after the !", hint="Such as: !git status")
    return ShellLine(command)


def _task(text: str) -> Task:
    return Task(text, mentions_in(text))


def mentions_in(text: str) -> tuple[Mention, ...]:
    """The files that a text mentions, in order, each once."""
    found: dict[Mention, None] = {}
    for match in _MENTION.finditer(text):
        quoted, lines, bare = match.groups()
        path = quoted + (lines or "") if quoted else bare.rstrip(".,;:!?)]}'")
        if path:
            found[Mention(*split_span(path))] = None
    return tuple(found)


def lone_word(text: str, registry: Registry) -> tuple[str, str] | None:
    """What to say of a single word that is no command, or of the name of one with a word that it does not
    know, and so a question, and the next step; None for anything else. Where nobody looks on, a mistyped
    command would pass for one that was done."""
    name, rest = _first(text) if text.strip() else ("", "")
    if text[:1].isspace() or not _WORD.fullmatch(name):
        return None
    if is_of_server(name):  # known once it was started
        return None
    tool, word = registry.get(name), rest.strip()
    if tool is None and not word:
        return (
            f"There is no command {shown(name)}, so it is read as a question",
            f"{_nearest(name, registry)}.",
        )
    if tool is None or not _WORD.fullmatch(word) or word in _whats(tool) or not _whats(tool):
        return None
    said = f"{name} has no {shown(word)}, so it is read as a question"
    return said, f"`help {name}` says what it has."


def _whats(tool: AnyTool) -> tuple[str, ...]:
    """The words of which one follows the name of a command: what it is to do."""
    return next((field.choices for field in fields_of(tool.args_type)[:1]), ())


def _mistyped(tool: AnyTool, rest: str) -> str | None:
    """The word that was meant, where what follows a command is nearly one that it knows."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(rest, _whats(tool), n=1, cutoff=0.7)), None)


def _forced(name: str, rest: str, typed: str, registry: Registry) -> CommandLine | Task:
    if not name:
        raise UsageError("No command after the /", hint="Such as: /tree; `help` lists the commands.")
    if (written := registry.written.get(name)) is not None:
        return _task(written.expanded(rest))
    own = registry.forced(name)
    tool = own if own is not None and _takes(own, rest) else registry.get(name)
    if tool is None:
        message = registry.why_not(name) or f"There is no command {shown(name)}"
        raise UsageError(message, hint=f"{_nearest(name, registry)}; {_SPACE}.")
    return _command(tool, read_arguments(tool, rest), typed)


def _takes(tool: AnyTool, rest: str) -> bool:
    """Whether the words are arguments of the tool."""
    try:
        read_arguments(tool, rest)
    except UsageError:
        return False
    return True


def _nearest(name: str, registry: Registry) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, [*(tool.name for tool in registry.all()), *registry.written], n=1)
    first = f"Did you mean /{near[0]}? " if near else ""
    return f"{first}`help` lists the commands"


def render(tool: AnyTool | str, args: msgspec.Struct) -> str:
    """The line that a person would type; `parse` reads it back (a shell command as a `ShellLine`).

    A tool given by its name counts every field that has no flag of its own as positional, which is what a
    registry makes sure of.
    """
    name = tool if isinstance(tool, str) else tool.name
    if name == _SHELL:
        return f"!{getattr(args, 'command', '')}"
    first: list[str] = []
    options: list[str] = []
    words: list[str] = []
    last: list[str] = []
    skipped = False
    for field in fields_of(type(args)):
        value = getattr(args, field.name)
        if not field.required and value == field.default:
            skipped = skipped or not field.has_flag
        elif field.has_flag or field.kind == "switch":
            options += _flagged(field, value)
        elif skipped or (field.kind == "list" and not value):
            last += _flagged(field, value, long=True)
        else:
            values = value if field.kind == "list" else [value]
            # What a command does is said before how: `rl train --steps 9`.
            place = first if field.choices and not words else words
            place += [_word(str(item), field) for item in values]
    return " ".join([name, *first, *options, *words, *last])


def _word(value: str, field: Field) -> str:
    return enquote(value) if not field.free and reads_as_prose(value) else quote(value)


def _flagged(field: Field, value: Any, *, long: bool = False) -> list[str]:
    flag = field.flags[-1] if long else field.flags[0]
    if field.kind == "switch":
        return [flag]
    values = value if field.kind == "list" else [value]
    return [word for item in values for word in (flag, quote(str(item)))]


def usage(tool: AnyTool) -> str:
    """The help text of one command."""
    rows: list[tuple[str, str]] = []
    for field in fields_of(tool.args_type):
        value = "" if field.kind == "switch" else " " + field.metavar
        named = field.name in tool.positional
        default = "" if field.default in (None, "", ".", False, (), []) else f" Default: {field.default}."
        label = field.name.replace("_", " ") if named else ", ".join(field.flags) + value
        rows.append((label, field.description + default))
    width = max((len(label) for label, _ in rows), default=0)
    lines = [synopsis(tool), one_line(tool.summary)]
    if rows:
        lines += ["", *(f"  {label:<{width}}  {text}".rstrip() for label, text in rows)]
    if tool.aliases:
        lines += ["", f"Also: {', '.join(tool.aliases)}"]
    return "\n".join(lines)
