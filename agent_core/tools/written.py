"""Commands that people write as Markdown files: a prompt with places for arguments.

.dspy_tui/commands/review.md       of the workspace: /review
~/.config/dspy-tui/commands/…      of the user, in every workspace; the workspace's own come first

A file may begin with lines between two `---`: `description:` is told in the help, `arguments:` names what may
follow. In the text below, `$ARGUMENTS` is all that was typed after the name, `$1` to `$9` are its words, and
`$$` is a dollar; `@$1` names a file with blanks, too. Without any of them, what was typed stands below the
text. It is a task like any other: what it changes or runs asks as ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from agent_core.errors import AgentError, UsageError
from agent_core.files import read_bounded
from agent_core.folders import user_config_dir
from agent_core.text import one_line, shorten
from agent_core.words import split
from agent_core.workspace import Workspace

FOLDER = "commands"
_MOST = 200
"""Files of a folder that are read."""
_LIMIT = 64 << 10
_SHOWN = 120
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_HEAD = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_OPENED = re.compile(r"---[ \t]*(?:\r?\n|\Z)")
_PLACE = re.compile(r"\$(\$|ARGUMENTS\b|[1-9](?!\d))")


class WrittenCommand:
    """One of them; it is typed behind a slash.

    Args:
        name: As its file is called.
        source: Where it was written.
        text: The file.
    """

    def __init__(self, name: str, source: str, text: str) -> None:
        head, self._body = _parts(text)
        self.name, self.source = name, source
        self.takes = shorten(one_line(head.get("arguments", "")), _SHOWN)
        said = head.get("description") or self._body.strip().partition("\n")[0].lstrip("# ")
        self.summary = shorten(one_line(said), _SHOWN) or "a command of your own"

    def expanded(self, typed: str) -> str:
        """The prompt; raises `UsageError` where a word is missing, or the file says nothing."""
        if not self._body.strip():
            raise UsageError(f"/{self.name} says nothing", hint=f"Write what it asks into {self.source}.")
        places = [match[1] for match in _PLACE.finditer(self._body)]
        words = _words(typed)
        most = max((int(place) for place in places if place.isdigit()), default=0)
        if len(words) < most:
            usage = f"/{self.name} {self.takes or ' '.join(f'<{number}>' for number in range(1, most + 1))}"
            raise UsageError(f"/{self.name} needs {most} words, not {len(words)}", hint=f"Usage: {usage}")
        if typed and all(place == "$" for place in places):
            return f"{self._filled(typed, words).rstrip()}\n\n{typed}"
        return self._filled(typed, words).strip()

    def _filled(self, typed: str, words: list[str]) -> str:
        def value(match: re.Match[str]) -> str:
            place = match[1]
            if place in ("$", "ARGUMENTS"):
                return "$" if place == "$" else typed
            word = words[int(place) - 1]
            names_file = match.string[: match.start()].endswith("@")
            return f'"{word}"' if names_file and any(char.isspace() for char in word) else word

        return _PLACE.sub(value, self._body)

    @property
    def usage(self) -> str:
        """The help text."""
        head = f"/{self.name} {self.takes}".rstrip()
        return f"{head}\n{self.summary}\n\n{one_line(self.source)} asks:\n{self._body.strip()}"


class Unusable(msgspec.Struct, frozen=True):
    """A file that is no command, and why not."""

    name: str
    source: str
    error: str


def read_written(
    workspace: Workspace, taken: Iterable[str], env: Mapping[str, str] | None = None
) -> tuple[dict[str, WrittenCommand], tuple[Unusable, ...]]:
    """The commands that are written here, by name, and the files that are none.

    Args:
        workspace: Whose they are.
        taken: Names that other commands have.
        env: The environment; this process's by default.
    """
    found: dict[str, WrittenCommand] = {}
    unusable: list[Unusable] = []
    names = set(taken)
    own = workspace.own.state_dir / FOLDER
    for folder, inside in ((own, True), (user_config_dir(env) / FOLDER, False)):
        for path in _files(folder):
            source = workspace.relative(path) if inside else str(path)
            try:
                if inside:
                    workspace.resolve(source)  # a link may lead elsewhere
                command = _read(path, source, names)
                if (first := found.get(command.name)) is not None:
                    raise ValueError(f"{first.source} of this workspace has its name")
            except (AgentError, OSError, ValueError) as error:
                why = error.message if isinstance(error, AgentError) else str(error)
                unusable.append(Unusable(path.stem, source, shorten(one_line(why), _SHOWN)))
                continue
            found[command.name] = command
    return found, tuple(unusable)


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".md")[:_MOST]
    except OSError:
        return []


def _read(path: Path, source: str, taken: set[str]) -> WrittenCommand:
    name = path.stem
    if not _NAME.fullmatch(name):
        raise ValueError("its name is not of small letters, digits, - and _")
    if name in taken:
        raise ValueError("another command has this name")
    content = read_bounded(path, _LIMIT + 1)
    if len(content) > _LIMIT:
        raise ValueError(f"it is larger than {_LIMIT >> 10} KiB")
    text = content.decode("utf-8-sig", "replace")
    if _OPENED.match(text) and not _HEAD.match(text):
        raise ValueError("the lines that --- opens at its beginning are not closed by another ---")
    return WrittenCommand(name, source, text)


def _parts(text: str) -> tuple[dict[str, str], str]:
    """The lines of the head by their names, and what is below it."""
    head = _HEAD.match(text)
    if head is None:
        return {}, text
    lines = (line.partition(":") for line in head[1].splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in lines if colon}, text[head.end() :]


def _words(typed: str) -> list[str]:
    try:
        return [word.text for word in split(typed)]
    except ValueError:  # a quote that nobody closes, as in "don't"
        return typed.split()
