"""What an option and a subcommand are, and the options that several of them have."""

from __future__ import annotations

from typing import Literal, NamedTuple

Complete = Literal["", "folder", "file", "setting", "rule", "command", "service"]
"""What a value is completed to, where it is not one of a few choices."""


class Option(NamedTuple):
    """An option. `value` names its value, "" for a switch; one that is `optional` may be left out."""

    names: tuple[str, ...]
    help: str
    value: str = ""
    choices: tuple[str, ...] = ()
    repeat: bool = False
    complete: Complete = ""
    optional: bool = False

    @property
    def key(self) -> str:
        """The name under which the parser keeps it."""
        return self.names[-1].lstrip("-")


class Command(NamedTuple):
    """A subcommand; the one without words is what runs without any.

    `positional` names what it takes, of which it may take `several`; `complete` says what those words are.
    """

    words: tuple[str, ...]
    help: str
    options: tuple[Option, ...]
    positional: str = ""
    choices: tuple[str, ...] = ()
    complete: Complete = ""
    optional: bool = False
    several: bool = False


HELP = Option(("-h", "--help"), "show this help and exit")
WORKSPACE = Option(("--workspace",), "the folder to work in (here by default)", "DIR", complete="folder")
SET = Option(
    ("--set",), "a setting for this run, such as provider=none", "NAME=VALUE", repeat=True, complete="setting"
)
DEBUG = Option(("--debug",), "write debugging messages to .dspy_tui/logs/")
FORMAT = Option(("--format",), "text or json", "FORMAT", choices=("text", "json"))
PLAIN = Option(("--plain",), "lines without colours, boxes and symbols: for screen readers and logs")
COMMON = (WORKSPACE, SET, DEBUG, PLAIN, HELP)
ALLOW = Option(
    ("--allow",), "grant CLASS[:GLOB]: write, run, shell or network", "RULE", repeat=True, complete="rule"
)
