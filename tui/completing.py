"""What the prompt's text could be completed to: commands, their options and choices, sessions, paths."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from agent_core.tools.base import AnyTool
from agent_core.tools.fields import fields_of


class Completion(msgspec.Struct, frozen=True):
    """What may stand in place of the text from `start` to the cursor."""

    start: int
    options: tuple[str, ...] = ()

    @property
    def common(self) -> str:
        """The beginning that every option has."""
        if not self.options:
            return ""
        first, last = min(self.options), max(self.options)
        same = 0
        while same < min(len(first), len(last)) and first[same] == last[same]:
            same += 1
        return first[:same]


def names_a_session(text: str) -> bool:
    """Whether the word at the end of the text names a saved session."""
    *before, _ = text.lstrip().removeprefix("/").split(" ")
    if not before or before[0] not in ("resume", "sessions", "fork", "export"):
        return False
    of = before[-1] == "--of"
    return (
        of
        or (len(before) == 1 and before[0] == "resume")
        or (len(before) == 2 and before[0] == "sessions" and before[1] in ("show", "summary", "delete"))
    )


def names_a_service(text: str) -> bool:
    """Whether the word at the end of the text names a service of the stack."""
    *before, word = text.lstrip().removeprefix("/").split(" ")
    if len(before) < 2 or before[0] != "stack" or word.startswith("-") or before[-1].startswith("-"):
        return False
    return before[1] in ("up", "stop", "restart", "logs", "scale", "build", "pull")


def complete(
    text: str,
    *,
    tools: Iterable[AnyTool],
    paths: Iterable[str],
    named: Iterable[str] = (),
    written: Iterable[str] = (),
) -> Completion:
    """Complete the text that ends at the cursor.

    Args:
        text: From the prompt's beginning to the cursor.
        tools: The commands there are.
        paths: The workspace's files.
        named: What the saved sessions are called, or the services of the stack, where one is named.
        written: The names of commands that people wrote; they are typed behind a slash.
    """
    start = max(text.rfind(" "), text.rfind("\n")) + 1
    word = text[start:]
    first, _, rest = text.lstrip().partition(" ")
    if word.startswith("@"):
        return Completion(start, tuple("@" + path for path in _next_parts(word[1:], paths)))
    if not rest and start == 0:
        names = [tool.name for tool in tools]
        return Completion(start, _names(word, [*names, *written] if word.startswith("/") else names))
    if text.startswith("!"):
        return Completion(start, tuple(_next_parts(word, paths)))
    if names_a_session(text) or names_a_service(text):
        end = "=" if text.split()[1:2] == ["scale"] else " "
        return Completion(start, tuple(sorted(f"{name}{end}" for name in named if name.startswith(word))))
    tool = _tool(first.removeprefix("/"), tools)
    if tool is not None and word.startswith("-"):
        flags = [flag for field in fields_of(tool.args_type) for flag in field.flags]
        return Completion(start, tuple(sorted(flag + " " for flag in flags if flag.startswith(word))))
    choices = _choices(tool, len(rest.split()) - (1 if word else 0)) if tool else ()
    if choices:
        return Completion(start, tuple(choice + " " for choice in choices if choice.startswith(word)))
    if tool is None and not word:
        return Completion(start)
    return Completion(start, tuple(_next_parts(word, paths)))


def _names(word: str, known: Iterable[str]) -> tuple[str, ...]:
    slash = "/" if word.startswith("/") else ""
    return tuple(f"{slash}{name} " for name in sorted(known) if name.startswith(word.removeprefix("/")))


def _tool(name: str, tools: Iterable[AnyTool]) -> AnyTool | None:
    return next((tool for tool in tools if name in (tool.name, *tool.aliases)), None)


def _choices(tool: AnyTool, position: int) -> tuple[str, ...]:
    """The values that the argument at this position can have, where they are few."""
    import typing

    if position >= len(tool.positional):
        return ()
    hints = typing.get_type_hints(tool.args_type)
    kind = hints.get(tool.positional[position])
    return tuple(map(str, typing.get_args(kind))) if typing.get_origin(kind) is typing.Literal else ()


def _next_parts(word: str, paths: Iterable[str]) -> list[str]:
    """The paths that begin with the word, each up to its next folder."""
    found: dict[str, None] = {}
    for path in paths:
        if path.startswith(word):
            end = path.find("/", len(word))
            found[path[: end + 1] if end >= 0 else path + " "] = None
            if len(found) >= 200:
                break
    return sorted(found)
