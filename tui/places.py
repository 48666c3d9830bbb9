"""What each place is for and how it is read; and which places hold where the focus is.

The help shows it, `docs/keys.md` is made from it: a place of the key table without words is a failing test.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.screen import Screen

from tui.action import (
    ALWAYS,
    ANYWHERE,
    AUTH,
    CHAT,
    CHOICE,
    DIFF,
    EDIT,
    FILES,
    FIND,
    FORM,
    LEARNING,
    LOG_PANE,
    LOGS,
    MODELS,
    PANES,
    PLACES,
    PREVIEW,
    PROMPT,
    QUESTION,
    RESULTS,
    REVIEW,
    SESSIONS,
    SETTINGS,
    STACK,
    STACK_ASK,
    STACK_LOGS,
    SUGGESTIONS,
    TAIL,
    TOPICS,
    TOUR,
    WHY,
)
from tui.keys import TABLE

TOLD: dict[str, str] = {
    ANYWHERE: "These hold wherever you are. What belongs to the work screen goes back there first, unless a "
    "question waits for its answer.",
    PROMPT: "Ask, or type a command. A bare word is a command where the rest fits it; / forces one, ! runs a "
    "shell line, @ names a file, a leading space asks.",
    TOUR: "A card beside what it explains, with something to try. What you type goes to the app as ever.",
    CHAT: "Prompts have a bar at their left, answers follow, and ▸ folds a tool call or the model's "
    "reasoning. A block is what is selected, copied and folded.",
    FIND: "Every match is marked while you type, and the conversation goes to the first; the edge says which "
    "of how many it is.",
    PANES: "Any list: the row with the cursor is the one that keys are about; a row in grey is passed over.",
    FILES: "The tree of the workspace; ▸ unfolds. The letter at the right is git's: M modified, A added, "
    "D deleted, R renamed, U unmerged, ? untracked.",
    SUGGESTIONS: "The next useful commands, the best first; a digit runs one. A time at the right says when "
    "a heavy one may run again.",
    WHY: "What speaks for the suggestion (+, green) and what against (-, red), how much of that is known, "
    "and how likely it was to be put first.",
    RESULTS: "Places that a search found, the best first, each with the reason why it is there; beside the "
    "list, the place itself.",
    LOG_PANE: "Key events of the logs: ✗ an error or a trace, ▲ a warning; when it came last, how often "
    "(12×), and who tells it. Below, the logs themselves.",
    LOGS: "Key events with their traces, and the lines of the log where they are. An event links to the code "
    "that it leads to; lines are read from a file of any size.",
    PREVIEW: "A file as it is on the disk, followed while it changes. Very long files and lines show in "
    "part, and the lower edge says so.",
    CHOICE: "Type some letters of what is meant; the best stands first. Nothing happens before you choose.",
    MODELS: "The models of the endpoint; ● is the one that answers. A name that is not in the list can be "
    "pulled (Ollama), with its progress.",
    AUTH: "An endpoint's key, typed hidden. It goes into the system's keyring and nowhere else.",
    SETTINGS: "Every setting, its value, and where that came from; beside the list what it may be. A change "
    "holds from the next start on, a theme at once.",
    SESSIONS: "Conversations that were saved in this workspace, the last one first, with their turns and "
    "age. ● is the one that you are in.",
    LEARNING: "Whether the suggestions help: what an order is worth with its interval, beside three simple "
    "rules. Where intervals overlap, nothing is proved.",
    STACK: "The services: ● runs, ◐ starts, ▲ unhealthy, ✗ failed, ■ stopped, ✓ done, ○ not there. Every "
    "command shows word for word before it runs.",
    STACK_ASK: "A command before it runs, word for word. Nothing has been done yet.",
    STACK_LOGS: "What services say as they say it; the name stands before the line where several are shown.",
    TOPICS: "What is on the bus: ● messages come, ○ none do, ▲ no leader; partitions, messages, messages a "
    "second, and how far behind readers are.",
    TAIL: "Messages as they come, bounded, the newest last; below, the one with the cursor in full. Paused, "
    "they stay, and the edge counts what came since.",
    QUESTION: "Something wants to run, write or send: above is exactly what. Nothing happens before you "
    "answer; Esc is no.",
    FORM: "A server of another program asks for this, and gets nothing else. What is not right yet says why "
    "below its box.",
    REVIEW: "A change before it is written: ✓ hunks are, ○ are not, ◐ is a file of both. Above, what checks "
    "say of it: ✗ failed.",
    ALWAYS: "The rules that are added with the change: nothing is asked any more for what they allow. "
    "`permissions` lists and revokes them.",
    DIFF: "Lines in green come, lines in red go; what changed within a line is stronger. Long lines move "
    "sideways.",
    EDIT: "The proposed file, to be edited before it is written. The checks look at it again.",
}  # fmt: skip
"""One or two sentences for each place: what it is for, and how its marks are read."""

_WHERE = {action.id: action.where for action in TABLE}


def here(screen: Screen[Any]) -> tuple[str, ...]:
    """The places whose keys hold where the focus is, the nearest first; those of any list come last."""
    nodes = screen.focused.ancestors_with_self if screen.focused is not None else (screen,)
    found: list[str] = []
    for node in nodes:
        found += _places(binding.id for _, binding in node._bindings)  # pyright: ignore[reportPrivateUsage]
        if node is screen:
            break
    return tuple(sorted(dict.fromkeys(found), key=lambda place: place in (PANES, CHOICE)))


def _places(ids: Iterable[str | None]) -> Iterable[str]:
    wheres = {_WHERE[name] for name in ids if name in _WHERE} - {ANYWHERE}
    return [place for place in PLACES if place in wheres]
