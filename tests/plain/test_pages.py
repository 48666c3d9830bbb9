"""Every screen has its command, and all that can be done on one can be done here."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.commandline import CommandLine, parse
from agent_core.runtime import open_runtime
from stack.tool import StackTool
from tui.keys import TABLE
from tui.plain.own import meant_by
from tui.plain.pages import PAGES, page_of

WAYS = {
    "files.ignored": "ls -a", "files.mention": "@", "files.refresh": "tree", "files.open": "tree",
    "suggestions.dismiss": "/dismiss", "suggestions.why": "/why", "why.accept": "/accept",
    "why.dismiss": "/dismiss", "accept": "/accept",
    "results.open": "/open", "results.mention": "@", "results.query": "esearch x",
    "log_pane.code": "cat", "log_pane.mention": "@", "log_pane.bus": "ctx --source bus",
    "log_pane.filter": "grep x", "logs.view": "ctx", "logs.filter": "grep x", "logs.only": "grep x",
    "logs.go": "cat a", "logs.pause": "stack logs --follow", "logs.code": "cat a", "logs.mention": "@",
    "logs.pick": "ctx --source x", "logs.next": "ctx --source x", "logs.previous": "ctx --source x",
    "sessions.resume": "resume x", "sessions.fork": "fork", "sessions.rename": "sessions rename x",
    "sessions.export": "export", "sessions.delete": "sessions delete x", "sessions.filter": "sessions",
    "learning.evaluate": "rl evaluate", "learning.train": "rl train", "learning.freeze": "rl freeze",
    "learning.reset": "rl reset", "learning.export": "rl export x",
    "stack.up": "stack up", "stack.stop": "stack stop", "stack.restart": "stack restart",
    "stack.scale": "stack scale worker=2", "stack.down": "stack down", "stack.build": "stack build",
    "stack.pull": "stack pull", "stack.clean": "stack clean", "stack.logs": "stack logs --follow",
    "stack.topics": "stack topics", "stack.autoscale": "stack autoscale", "stack.init": "stack init",
    "stack_logs.filter": "stack logs --grep x", "stack_logs.pause": "stack logs --follow",
    "stack_logs.pane": "ctx --source compose:x",
    "topics.tail": "stack tail x", "topics.pattern": "stack tail logs.*", "topics.filter": "stack topics x",
    "topics.order": "stack topics", "topics.start": "stack up kafka",
    "tail.filter": "stack tail x --grep y", "tail.seek": "stack tail x --since 10m",
    "tail.pause": "stack tail x --follow", "tail.repeats": "stack tail x",
    "models.pull": "model pull x", "settings.change": "config set theme x",
    "settings.unset": "config unset theme", "settings.where": "config set theme x --in-workspace",
    "settings.own": "config", "settings.filter": "config show theme",
    "undo": "undo", "redo": "redo", "search_code": "esearch x", "auth": "/auth login",
}  # fmt: skip
"""How what an action does is done in lines."""
_BY_ITSELF = (
    "prompt.", "transcript.", "list.", "approve.", "form.", "review.", "diff.", "edit.", "preview.", "auth.",
    "stack_ask.", "choice.",
)  # fmt: skip
"""Editing and answering, which lines have their own ways for (docs/plain.md)."""
_MOVING = (
    "up", "down", "page_up", "page_down", "first", "last", "next", "previous", "left", "right", "close",
    "leave", "yes", "done", "copy", "copy_whole", "wrap", "into", "cancel", "forget",
    "match_next", "match_previous",
)  # fmt: skip
"""Moving on a screen, and what the terminal, Ctrl-C or a question does here."""


def test_each_action_of_each_screen_has_its_way() -> None:
    for action in TABLE:
        group, _, name = action.id.rpartition(".")
        if not group or action.id.startswith(_BY_ITSELF) or name in _MOVING:
            continue
        assert action.id in WAYS, f"{action.id} can be done on a screen, and not in lines"


def test_each_way_is_a_command(tmp_path: Path) -> None:
    runtime = open_runtime(tmp_path, env={}, interactive=True, tools=(StackTool(),))
    for command in WAYS.values():
        if not command.startswith(("/", "@")) and command != "cat":
            assert isinstance(parse(command, runtime.registry), CommandLine), command
    for page in PAGES:
        if page.command:
            assert isinstance(parse(page.command, runtime.registry), CommandLine), page.command


@pytest.mark.parametrize("name", ["files", "logs", "suggestions", "stack", "topics", "messages", "learning",
    "sessions", "settings", "models", "results", "bus", "help", "keys", "review"])  # fmt: skip
def test_the_screens_are_known_by_their_names(name: str) -> None:
    page = page_of(name.upper())
    assert page is not None
    assert page.name == name


def test_no_word_names_two_screens() -> None:
    words = [word for page in PAGES for word in (page.name, *page.also)]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("3", ("accept", "3")),
        ("/accept 3", ("accept", "3")),
        ("why 1", ("why", "1")),
        ("why is it slow?", None),
        ("/why", None),
        (" 3", None),
        (" next", None),
        ("3 is a prime", None),
        ("/screen files", ("screen", "files")),
        ("screen", ("screen", "")),
        ("screen flickers, why?", None),
        ("suggestions", ("next", "")),
        ("next", ("next", "")),
        ("next please", None),
        ("auth login api.example", ("auth", "api.example")),
        ("auth list", None),
        ("tree", None),
        ("!quit", None),
        ("٣", None),
    ],
)
def test_what_is_meant_for_the_front_end(typed: str, meant: tuple[str, str] | None) -> None:
    assert meant_by(typed) == meant


def test_the_beginning_of_a_name_will_do() -> None:
    page = page_of("sess")
    assert page is not None
    assert page.name == "sessions"
    assert page_of("s") is None, "several begin like that"
    assert page_of("") is None
