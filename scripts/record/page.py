"""`docs/tasks.md`: the tasks, the keys that the recorded runs took, and how somebody finds those keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scripts.record.places import ROOT
from scripts.record.script import Press
from scripts.record.tape import marks, read
from scripts.record.tasks import TASKS, Recording

PAGE = ROOT / "docs" / "tasks.md"
README = ROOT / "README.md"
CASTS = ROOT / "docs" / "recordings"
_MADE = "<!-- Made by `python -m scripts.record page` from the recordings: change those, not this page. -->"

_BEGIN, _END = "<!-- tasks: made by `python -m scripts.record page` -->", "<!-- /tasks -->"
_INTRO = """\
What somebody does who opens the program for the first time, with no key known: key presses beside what is
typed. Only keys are pressed that a screen had named by then, and the recorder makes sure of that; so looking
a key up (`F1`, `Esc`) is counted, too. Whoever knows the key needs two fewer.
"""
_HOW = """
Each is a script of `scripts/record/tasks.py`, played on the real program in a pseudo-terminal, in a copy of
httpx's source with a log of a program that uses it, and a test. `asciinema play docs/recordings/find.cast`
shows one, with `-m` key by key; pauses are cut. `make recordings` makes them anew, and a test plays every
script."""


def cast_of(recording: Recording) -> Path:
    """Where a recording lies."""
    return CASTS / f"{recording.script.name}.cast"


def keys_in(path: Path) -> list[str]:
    """The keys that were pressed in a recording, by its marks."""
    return [each.text.partition(": ")[0] for each in marks(read(path)) if ": " in each.text]


def page() -> str:
    """The text of the page."""
    return "\n".join((_MADE, "", "# Five tasks", "", *_lines())).rstrip() + "\n"


def readme(text: str) -> str:
    """The README with the table as the recordings have it."""
    head, begin, rest = text.partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    rows = "\n".join(table()).replace("](recordings/", "](docs/recordings/")
    return f"{head}{begin}\n{rows}\n{end}{tail}" if end else text


def table() -> list[str]:
    """The rows of the table."""
    rows = ["| task | keys | which | recording |", "| --- | --- | --- | --- |"]
    for each in TASKS:
        keys = keys_in(cast_of(each))
        which = " ".join(f"`{key}`" for key in keys)
        name = each.script.name
        rows.append(
            f"| {each.script.title} | {len(keys)} | {which} | [{name}.cast](recordings/{name}.cast) |"
        )
    return rows


def _lines() -> Iterator[str]:
    yield _INTRO
    yield from table()
    yield _HOW
    for each in TASKS:
        yield ""
        yield f"## {each.script.title}"
        yield ""
        if each.note:
            yield each.note
            yield ""
        yield "| key | what it does | how it is found |"
        yield "| --- | --- | --- |"
        for press in each.script.presses:
            yield f"| `{press.spelt}` | {press.what} | {_found(press)} |"


def _found(press: Press) -> str:
    if not press.shows:
        return "as everywhere"
    return f"the screen says “{press.shows}”"
