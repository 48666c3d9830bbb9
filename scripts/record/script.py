"""A recording as data: what is pressed, typed, waited for and looked at, in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scripts.record.keys import key_of, spelt, title_of
from scripts.record.places import Place


@dataclass(frozen=True, slots=True)
class Press:
    """One key press. `shows` was on the screen by then: it is how somebody knows the key.

    Enter, which sends what is typed or takes what has the cursor, and arrows need no telling.
    """

    key: str
    shows: str
    what: str

    @property
    def spelt(self) -> str:
        """The key as people write it."""
        return spelt(self.key)


@dataclass(frozen=True, slots=True)
class Type:
    """A text that is typed; it does not count."""

    text: str


@dataclass(frozen=True, slots=True)
class See:
    """Wait until the screen shows the text and rests for so many seconds."""

    text: str
    rests: float = 0.3


@dataclass(frozen=True, slots=True)
class Look:
    """Time to look, in the recording alone; `live` is spent for real, since something goes on meanwhile."""

    seconds: float
    live: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the screen as it is."""

    name: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Prove:
    """Something beside the screen that has to hold by now, such as what a file says; it fails with `what`."""

    what: str
    holds: Callable[[Place], bool]


Step = Press | Type | See | Look | Picture | Prove


@dataclass(frozen=True, slots=True)
class Script:
    """A recording: its name, what it is of, and its steps."""

    name: str
    title: str
    steps: tuple[Step, ...]
    size: tuple[int, int] = (120, 36)
    told: bool = True
    """Whether each key has to have been on the screen: it is a newcomer who presses them."""

    @property
    def presses(self) -> tuple[Press, ...]:
        """The keys that are pressed beside what is typed."""
        return tuple(step for step in self.steps if isinstance(step, Press))


def act(action: str, shows: str, what: str = "") -> Press:
    """Press the key of an action of the table; `{key}` in `shows` is that key as it stands on the screen."""
    key = key_of(action)
    return Press(key, shows.format(key=spelt(key)), what or title_of(action))


def by_help(action: str) -> tuple[Step, ...]:
    """Open the help, which the status line names, read the key of an action there, and press it."""
    key, title = key_of(action), title_of(action)
    shown = spelt(key)
    return (
        act("help", "{key} help"),
        See(f"{shown} {title}"),
        Look(2.2),
        Press("escape", "Esc close", "Close the help"),
        See("{} help".format(spelt(key_of("help")))),
        Press(key, f"{shown} {title}", title),
    )


def by_palette(action: str, typed: str) -> tuple[Step, ...]:
    """Open the palette, which the first screen names, type a word of the action, and take what it finds."""
    title = title_of(action)
    return (
        act("palette", "{key} finds everything"),
        Type(typed),
        See(title),
        Look(1.5),
        Press("enter", "", title),
    )
