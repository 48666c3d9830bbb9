"""Which service gets a task: by what it says, and by how many wait there already."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from agent_core.errors import ErrorInfo
from agent_core.fleet.services import Specialty
from agent_core.streaming.messages import Task
from agent_core.text import one_line, shorten

MOST_TEXT = 64 * 1024
"""Characters of a task; a longer one belongs into a file."""
MOST_ID = 200
_MOST_BY = 1000
_READ = 8000
"""Characters that are looked at."""
_POINT = 10
"""A word of a service is worth so many tasks that wait there."""
_MOST_POINTS = 6
_NAMED_POINTS, _FOLDER_POINTS = 3, 2
_ADDRESSED = re.compile(r"\s*@?([a-z0-9][a-z0-9_-]{0,60})(?::\s|,\s)")
_PATH = re.compile(r"[\w.@~+-]+(?:[/\\][\w.@~+-]+)+|[\w@~+-]+\.[a-z]\w{0,7}\b")
_WORD = re.compile(r"[^\W_]+")
_NOTHING = Specialty()


class Queue(msgspec.Struct, frozen=True):
    """The tasks of a service: how many wait, and whether somebody was seen who works on them."""

    waiting: int = 0
    served: bool = False


def wrong_with(task: Task) -> ErrorInfo | None:
    """Why nobody can work on a task."""
    if not 0 < len(task.id) <= MOST_ID or task.id != one_line(task.id):
        return ErrorInfo("bad-id", "The id of the task is empty, too long, or no plain text")
    if len(task.by) > _MOST_BY:
        return ErrorInfo("bad-sender", f"Who sent the task is said in more than {_MOST_BY:,} characters")
    if not task.text.strip():
        return ErrorInfo("empty-task", "The task says nothing")
    if len(task.text) > MOST_TEXT:
        return ErrorInfo(
            "too-long",
            f"The task has {len(task.text):,} characters, and {MOST_TEXT:,} are the most",
            "Put what is long into a file of the workspace, and name it.",
        )
    return None


def route(task: Task, known: Mapping[str, Specialty], queues: Mapping[str, Queue]) -> str | ErrorInfo:
    """The service that gets a task, or why none does.

    One that the task names gets it. Else those count that somebody works for (all, where nobody was seen):
    the one that the text speaks of most, each word of it being worth ten tasks that wait there.

    Args:
        task: What is to be done.
        known: What the services are for; those that are not in it take anything.
        queues: The services that there are.
    """
    if (wrong := wrong_with(task)) is not None:
        return wrong
    if task.service:
        return task.service if task.service in queues else _no_such(task.service, queues)
    if not queues:
        return ErrorInfo("no-service", "There is no service that works on tasks", "`stack up` starts some.")
    text = task.text[:_READ].lower()
    addressed = _ADDRESSED.match(text)
    if addressed is not None and addressed[1] in queues:
        return addressed[1]
    served = {name: queue for name, queue in queues.items() if queue.served} or queues
    words, folders, endings = _words(text), *_paths(text)

    def value(name: str) -> tuple[int, bool, str]:
        what = known.get(name, _NOTHING)
        points = _points(name, what, words, folders, endings)
        return (served[name].waiting - _POINT * min(points, _MOST_POINTS), bool(what.words), name)

    return min(served, key=value)


def _points(name: str, what: Specialty, words: str, folders: set[str], endings: set[str]) -> int:
    return (
        sum(f" {word} " in words or f" {word}s " in words for word in what.words)
        + _NAMED_POINTS * (f" {name} " in words)
        + _FOLDER_POINTS * len(folders.intersection(what.folders))
        + len(endings.intersection(what.endings))
    )


def _words(text: str) -> str:
    """The words with one space around each, so that a service's words of two are found, too."""
    return f" {' '.join(_WORD.findall(text))} "


def _paths(text: str) -> tuple[set[str], set[str]]:
    """The folders in the paths of a text, and the endings of the files."""
    folders: set[str] = set()
    endings: set[str] = set()
    for path in _PATH.findall(text):
        *above, name = re.split(r"[/\\]", path)
        folders.update(above)
        stem, dot, ending = name.rpartition(".")
        if stem and dot:
            endings.add(f".{ending}")
    return folders, endings


def _no_such(service: str, queues: Mapping[str, Queue]) -> ErrorInfo:
    there = ", ".join(sorted(queues)) or "none"
    return ErrorInfo(
        "no-such-service", f"There is no service {shorten(one_line(service), 60)!r}", f"There are: {there}."
    )
