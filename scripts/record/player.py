"""A script played on the real program."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from scripts.record.keys import key_of
from scripts.record.picture import picture
from scripts.record.places import PROGRAM, Place
from scripts.record.script import Look, Picture, Press, Prove, Script, See, Step, Type
from scripts.record.tape import BadTape, Tape, replayed
from scripts.record.terminal import PATIENCE_S, NeverCame, Terminal

_WAIT_S, _SETTLED_S = 2.5, 0.12
"""The longest that a wait takes in the recording; what a screen may take to react to a key."""
_AROUND = 200
_TITLE = "dspy-tui — ~/httpx"
UNTOLD = ("enter", "up", "down")
"""Keys that nobody has to be told: send or take, move the cursor."""
_BEFORE_S, _AFTER_S = 0.35, 0.5


@dataclass
class Played:
    """What came of it: the recording, pictures by name, what the screen showed in the end, keys by name."""

    tape: Tape
    pictures: dict[str, str] = field(default_factory=dict[str, str])
    text: str = ""
    keys: list[str] = field(default_factory=list[str])
    seen: list[str] = field(default_factory=list[str])
    """The screens before the keys."""


def play(script: Script, at: Place, *, before: Sequence[str] = (), patience: float = PATIENCE_S) -> Played:
    """Play it from the program's start to its end; `before` is a command that starts the program.

    Raises:
        NeverCame: the screen did not show what was waited for, or a key that nobody could know.
        BadTape: something of this machine is in the recording.
    """
    columns, rows = script.size
    played = Played(Tape(columns, rows, script.title))
    command = (*before, *PROGRAM)
    with Terminal(command, env=at.env, cwd=at.repository, size=script.size, tape=played.tape,
                  patience=patience) as screen:  # fmt: skip
        _wait(screen, See("Ask about this repository"))
        played.tape.hold(_AFTER_S)
        for step in script.steps:
            _do(step, screen, at, played, told=script.told)
        played.text = screen.text
        ended, played.tape = played.tape, Tape(columns, rows)
        screen.tape = played.tape
        status = screen.leave(key_of("quit"))
        played.tape = ended
    if status != 0:
        raise NeverCame(f"{script.name}: the program ended with {status}")
    played.tape.hold(2.0)
    played.tape.begin()
    played.tape.end()
    _holds_nothing_private(played, at)
    return played


def _do(step: Step, screen: Terminal, at: Place, played: Played, *, told: bool) -> None:
    match step:
        case Press():
            _press(step, screen, played, told=told)
        case Type(text):
            screen.type(text)
            played.tape.hold(_BEFORE_S)
        case See():
            _wait(screen, step)
            played.seen.append(screen.text)
        case Look(seconds, live):
            screen.pump(seconds if live else 0.0)
            played.tape.hold(0.0 if live else seconds)
        case Picture(name, title):
            played.pictures[name] = picture(screen.emulator, title=title or _TITLE)
        case Prove(what, holds):
            screen.until(lambda _: holds(at), what=what)


def _press(step: Press, screen: Terminal, played: Played, *, told: bool) -> None:
    """Press a key that the screen names, or did before."""
    played.seen.append(screen.text)
    if (
        told
        and step.key != "enter"
        and not any(_is_shown(step.shows, text) for text in reversed(played.seen))
    ):
        raise NeverCame(f"nobody could know {step.spelt}: {step.shows!r} was on no screen:\n{screen.text}")
    played.tape.hold(_BEFORE_S)
    played.tape.mark(f"{step.spelt}: {step.what}")
    played.keys.append(step.spelt)
    screen.press(step.key)
    screen.pump(_SETTLED_S)


def _is_shown(words: str, text: str) -> bool:
    return re.search(r"\s+".join(re.escape(word) for word in words.split()), text) is not None


def _wait(screen: Terminal, step: See) -> None:
    """Wait, and have it take at most a moment in the recording."""
    tape = screen.tape
    first, begun = len(tape.events), tape.at
    screen.see(step.text, quiet=step.rests)
    tape.squeeze(first, begun, _WAIT_S)


def _holds_nothing_private(played: Played, at: Place) -> None:
    """Neither what was sent nor what is shown names this machine or the folder of the recording."""
    said = "".join(each.text for each in played.tape.events) + "".join(played.pictures.values())
    for word in at.secrets:
        for text in (said, played.text):
            if (found := text.find(word)) >= 0:
                around = text[max(0, found - _AROUND) : found + len(word) + _AROUND]
                raise BadTape(f"{played.tape.title}: {word} is in it: {around!r}")


def ends_with(tape: Tape, ending: str) -> bool:
    """Whether a recording, played again, ends on a screen that shows the text."""
    return _is_shown(ending, replayed(tape).text)
