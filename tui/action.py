"""What a row of the key table is, and where keys hold."""

from __future__ import annotations

from typing import NamedTuple

ANYWHERE, PROMPT, CHAT, PANES = "Anywhere", "Prompt", "Conversation", "Lists"
FIND, CHOICE = "Find in the conversation", "A choice"
FILES, PREVIEW, MODELS, QUESTION = "Files", "Preview", "Models", "Permission"
RESULTS, LOG_PANE, LOGS = "Search results", "Logs", "Log screen"
SESSIONS, REVIEW, DIFF, EDIT = "Sessions", "Change", "Diff", "Edit a proposed file"
SUGGESTIONS, WHY, LEARNING = "Suggestions", "Why a suggestion", "Learning"
STACK, STACK_ASK, STACK_LOGS = "Stack", "Stack: a command", "Stack: logs"
TOPICS, TAIL = "Topics", "Messages"
AUTH = "API key"
FORM = "Form of a server"
SETTINGS = "Settings"
ALWAYS = "Always allow"
TOUR = "Tour, while nothing is typed"
PLACES = (
    ANYWHERE,
    PROMPT,
    TOUR,
    CHAT,
    FIND,
    PANES,
    FILES,
    SUGGESTIONS,
    WHY,
    RESULTS,
    LOG_PANE,
    LOGS,
    PREVIEW,
    CHOICE,
    MODELS,
    AUTH,
    SETTINGS,
    SESSIONS,
    LEARNING,
    STACK,
    STACK_ASK,
    STACK_LOGS,
    TOPICS,
    TAIL,
    QUESTION,
    FORM,
    REVIEW,
    ALWAYS,
    DIFF,
    EDIT,
)
WITH_LISTS = frozenset(
    (
        FILES,
        SUGGESTIONS,
        LOG_PANE,
        LOGS,
        PREVIEW,
        RESULTS,
        SESSIONS,
        SETTINGS,
        STACK,
        STACK_LOGS,
        TOPICS,
        TAIL,
    )
)
"""Places whose keys hold together with those of lists."""


class Action(NamedTuple):
    """One thing that a key does.

    `does` is the action as Textual runs it; `early` beats the focused widget; `palette` offers it there.
    """

    id: str
    key: str
    title: str
    help: str
    where: str
    does: str
    early: bool = False
    palette: bool = False


def anywhere(id: str, key: str, title: str, help: str, does: str = "", *, palette: bool = True) -> Action:  # noqa: A002
    """An action that holds everywhere on the work screen, whatever has the focus."""
    return Action(id, key, title, help, ANYWHERE, does or id, early=True, palette=palette)


def within(
    where: str,
    id: str,  # noqa: A002
    key: str,
    title: str,
    help: str,  # noqa: A002
    does: str,
    *,
    early: bool = False,
    palette: bool = False,
) -> Action:
    """An action that holds in one place."""
    return Action(id, key, title, help, where, does, early, palette)
