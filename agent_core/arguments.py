"""Reading the words after a command's name into its arguments."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from agent_core.errors import UsageError
from agent_core.text import one_line, shorten
from agent_core.tools.base import AnyTool
from agent_core.tools.fields import Field, fields_of
from agent_core.words import Word, next_word, split

_PROSE = frozenset(
    (
        *("about", "all", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been", "but", "by"),
        *(
            "can",
            "could",
            "did",
            "do",
            "does",
            "for",
            "from",
            "had",
            "has",
            "have",
            "how",
            "if",
            "in",
            "into",
        ),
        *("is", "it", "its", "me", "my", "no", "not", "of", "on", "or", "our", "please", "should", "so"),
        *("than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to"),
        *("us", "was", "we", "were", "what", "when", "where", "which", "who", "why", "will", "with", "would"),
        *("you", "your"),
    )
)

_OPTION = re.compile(r"--?[A-Za-z][\w-]*(?:=.*)?")
_PATH = re.compile(r"(?=.*\w)(?:.*[/*].*|.*\.[A-Za-z]\w*(?::[\d-]+)?)")
_FEW_WORDS = 3
"""Words beside options from which on a line is rather a sentence that speaks of an option."""


def synopsis(tool: AnyTool) -> str:
    """One line: `grep <pattern> [path] [-i] [-g GLOB]`."""
    words = [tool.name]
    fields = {field.name: field for field in fields_of(tool.args_type)}
    for name in tool.positional:
        field = fields[name]
        shown = "|".join(field.choices) or name.replace("_", " ")
        words.append(f"<{shown}>" if field.required else f"[{shown}]")
    for field in fields.values():
        if field.name not in tool.positional:
            value = "" if field.kind == "switch" else " " + field.metavar
            words.append(f"[{field.flags[0]}{value}]")
    return " ".join(words)


def read_arguments(tool: AnyTool, rest: str, *, bare: bool = False) -> msgspec.Struct:
    """The arguments on a line.

    Args:
        tool: Whose arguments. rest: The line after the command's name. bare: Whether the command was named
        without a slash, so that what reads like a sentence is refused too.

    Raises:
        UsageError: The words are not the tool's arguments; the hint shows how they are written.
    """
    try:
        values = _Reader(tool, rest, bare).read()
        return msgspec.convert(values, type=tool.args_type)
    except (ValueError, msgspec.ValidationError) as error:
        problem = one_line(str(error)).replace(" - at `$.", " (`").replace("$.", "")
        raise UsageError(f"{tool.name}: {shorten(problem, 200)}", hint=f"Usage: {synopsis(tool)}") from None


class _Reader:
    """Reads the words of one line into the values of the fields; raises ValueError when they do not fit."""

    def __init__(self, tool: AnyTool, line: str, bare: bool) -> None:
        fields = {field.name: field for field in fields_of(tool.args_type)}
        self._line, self._bare = line, bare
        self._by_flag = {flag: field for field in fields.values() for flag in field.flags}
        self._waiting = [fields[name] for name in tool.positional]
        self._rest = self._waiting[-1] if tool.takes_rest and self._waiting else None
        self._required = [field for field in fields.values() if field.required]
        self._values: dict[str, Any] = {}
        self._position = 0
        self._no_options = False

    def read(self) -> dict[str, Any]:
        while (word := self._peek()) is not None:
            is_flag = (
                word.text.startswith("-") and len(word.text) > 1 and not word.quoted and not self._no_options
            )
            if is_flag and word.text == "--":
                self._no_options = True
                self._position = word.end
            elif is_flag:
                self._position = word.end
                self._flag(word.text)
            else:
                self._positional(word)
        missing = [field.name for field in self._required if field.name not in self._values]
        if missing:
            raise ValueError(f"{missing[0]} is missing")
        return self._values

    def _peek(self) -> Word | None:
        """The next word; where free text begins, a word may also begin with a lone quote."""
        try:
            word = next_word(self._line, self._position)
        except ValueError:
            if self._takes_rest():
                start = len(self._line) - len(self._line[self._position :].lstrip())
                return Word("", True, start, len(self._line))
            raise
        if self._bare and self._rest is None and word and "\n" in self._line[self._position : word.start]:
            raise ValueError("a command is one line")
        return word

    def _takes_rest(self) -> bool:
        waiting = [field for field in self._waiting if field.name not in self._values]
        return self._rest is not None and waiting == [self._rest]

    def _positional(self, word: Word) -> None:
        if self._takes_rest():
            assert self._rest is not None
            self._values[self._rest.name] = self._free_text(word.start)
            return
        field = next(
            (field for field in self._waiting if field.kind == "list" or field.name not in self._values), None
        )
        if field is None:
            raise ValueError(f"{shown(word.text)} is one word too many")
        if self._bare and not field.free and not word.quoted and reads_as_prose(word.text):
            raise ValueError(f"{shown(word.text)} reads like a question")
        self._position = word.end
        self._set(field, word.text)

    def _free_text(self, start: int) -> str:
        """The rest of the line as it stands; if that is one quoted word, what is in the quotes.

        Options that stand at its end are left to be read where the field allows it.
        """
        assert self._rest is not None
        line = self._line
        try:
            word = next_word(line, start)
        except ValueError:
            word = None
        quoted = word is not None and word.quoted
        end = len(line)
        if self._rest.ends and not self._no_options:
            end = self._options_at_end(word.end if word and quoted else start)
        self._position = end
        text = line[start:end].strip()
        return word.text if word and quoted and word.end - word.start == len(text) else text

    def _options_at_end(self, start: int) -> int:
        """Where the options begin that are all that follows on the line; its end where none do."""
        names = {True: list[str](), False: list[str]()}
        for flag, field in self._by_flag.items():
            if flag.startswith("--") and field is not self._rest:
                names[field.kind == "switch"].append(re.escape(flag))
        valued = rf"(?:{'|'.join(names[False])})(?:=|\s+)\d+" if names[False] else "(?!)"
        switch = rf"(?:{'|'.join(names[True])})" if names[True] else "(?!)"
        found = re.compile(rf"(?:(?<!\S)(?:{valued}|{switch})(?:\s+|$))+$").search(self._line, start)
        return found.start() if found else len(self._line)

    def _flag(self, text: str) -> None:
        name, has_value, value = (
            text.partition("=") if text.startswith("--") else (text[:2], len(text) > 2, text[2:])
        )
        field = self._by_flag.get(name)
        if field is None:
            raise ValueError(f"{shown(name)} is not an option")
        if field.kind != "switch":
            self._set(
                field, value.removeprefix("=") if not text.startswith("--") else value
            ) if has_value else (self._set_next(field, name))
        elif has_value and text.startswith("--"):
            raise ValueError(f"{name} takes no value")
        else:
            self._set(field, True)
            if has_value:
                self._flag("-" + value)

    def _set_next(self, field: Field, name: str) -> None:
        if field is self._rest:
            start = len(self._line) - len(self._line[self._position :].lstrip())
            self._set(field, self._free_text(start))
            return
        word = next_word(self._line, self._position)
        if word is None:
            raise ValueError(f"{name} needs a value")
        self._position = word.end
        self._set(field, word.text)

    def _set(self, field: Field, value: str | bool) -> None:
        if field.kind == "list":
            self._values.setdefault(field.name, []).append(value)
            return
        if field.name in self._values:
            raise ValueError(f"{field.name} is given twice")
        try:
            self._values[field.name] = field.read(value) if isinstance(value, str) else value
        except ValueError:
            raise ValueError(f"{field.name}: {shown(str(value))} is not a number") from None


def reads_as_arguments(line: str) -> bool:
    """Whether what follows a command's name looks like arguments, be they right or wrong: it has options, or
    nothing but paths, and no word of ordinary language."""
    try:
        words = split(line)
    except ValueError:
        return False
    said = [word.text for word in words if not word.quoted]
    if "\n" in line or any(reads_as_prose(text) for text in said):
        return False
    options = [text for text in said if _OPTION.fullmatch(text)]
    if options:
        return len(words) - len(options) <= _FEW_WORDS
    return bool(words) and all(_PATH.fullmatch(word.text) for word in words)


def reads_as_prose(word: str) -> bool:
    """Whether a word is one of ordinary language rather than an argument."""
    return word.lower() in _PROSE or word.endswith((",", ";", "?", "!", ":", "..."))


def shown(text: str) -> str:
    """What was typed, quoted and shortened for a message."""
    return repr(shorten(one_line(text), 60))
