"""What a terminal received, with times: an asciinema file (version 2), and its proof."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from scripts.record.emulator import Emulator

PAUSE_S = 0.6
"""No pause that the program makes is longer than this."""
_NOT_SHOWN = re.compile(
    r"\x1b\[\?(?:9|100[0-6]|101[56]|1049|2004|2031|2048)[hl]"  # mouse, focus, paste, the other screen
    r"|\x1b\[[<>=?]?[0-9;:]*u|\x1b\[[>=][0-9;:]*[a-zA-Z]"  # the keyboard
    r"|\x1b\[\??[0-9;]*\$p|\x1b\[[>=]?[0-9]*c|\x1b\[\??[56]n"  # questions, which a player's terminal answers
    r"|\x1b\](?:1[0-9]|22|52);[^\x07\x1b]*(?:\x07|\x1b\\)"  # colours asked for, the pointer, the clipboard
)
"""What changes a terminal otherwise than by what it shows: who plays a recording would be left with it."""
_FRAME_S = 1 / 30
_LONGEST_S = 180.0
OUTPUT, MARK = "o", "m"


class BadTape(Exception):
    """A recording that does not keep to the format, or holds what must not be in it."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: output of the program, or the label of a mark."""

    at: float
    kind: str
    text: str


@dataclass
class Tape:
    """A recording in the making. Its time is its own: pauses are cut, waits squeezed, looking is added."""

    columns: int
    rows: int
    title: str = ""
    events: list[Event] = field(default_factory=list[Event])
    at: float = 0.0
    _seen: float | None = None

    def add(self, text: str, now: float) -> None:
        """Take output of the program at a time of the clock; what does not show is left out."""
        text = _NOT_SHOWN.sub("", text)
        gap = 0.0 if self._seen is None else now - self._seen
        self.at, self._seen = self.at + min(gap, PAUSE_S), now
        last = self.events[-1] if self.events else None
        if last and last.kind == OUTPUT and self.at - last.at < _FRAME_S:
            self.events[-1] = Event(last.at, OUTPUT, last.text + text)
        elif text:
            self.events.append(Event(self.at, OUTPUT, text))

    def mark(self, label: str) -> None:
        """Say what is done here: players show it, and can stop at it."""
        self.events.append(Event(self.at, MARK, label))

    def hold(self, seconds: float) -> None:
        """Leave so much time to look."""
        self.at += seconds

    def squeeze(self, first: int, begun: float, longest: float) -> None:
        """Have the events from `first` on, which began at `begun`, take at most so long."""
        taken = self.at - begun
        if taken <= longest:
            return
        share = longest / taken
        self.events[first:] = [
            Event(begun + (each.at - begun) * share, each.kind, each.text) for each in self.events[first:]
        ]
        self.at = begun + longest

    def begin(self) -> None:
        """Begin on an empty screen."""
        self.events.insert(0, Event(0.0, OUTPUT, "\x1b[2J\x1b[H"))

    def end(self) -> None:
        """Leave the terminal as it was, with the last screen in it and the cursor below."""
        self.events.append(Event(self.at, OUTPUT, f"\x1b[0m\x1b[?7h\x1b[?25h\x1b[{self.rows + 1};1H"))

    def lines(self) -> Iterator[str]:
        """The lines of the file."""
        head = {
            "version": 2, "width": self.columns, "height": self.rows, "title": self.title,
            "env": {"TERM": "xterm-256color"},
        }  # fmt: skip
        yield json.dumps(head, ensure_ascii=False)
        for each in self.events:
            yield json.dumps([round(each.at, 3), each.kind, each.text], ensure_ascii=False)

    def write(self, path: Path) -> None:
        """Write the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(self.lines()) + "\n", encoding="utf-8")


def read(path: Path) -> Tape:
    """The recording in a file.

    Raises:
        BadTape: it is not of version 2, its times go back, or an event is none.
    """
    first, *rest = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    head = json.loads(first)
    if head.get("version") != 2 or not (head.get("width", 0) > 0 and head.get("height", 0) > 0):
        raise BadTape(f"{path.name}: {first[:80]} is not the head of an asciinema file of version 2")
    tape = Tape(head["width"], head["height"], head.get("title", ""))
    for number, line in enumerate(rest, 2):
        at, kind, text = json.loads(line)
        if kind not in (OUTPUT, MARK) or not isinstance(text, str) or at < tape.at:
            raise BadTape(f"{path.name}:{number}: {line[:80]}")
        tape.events.append(Event(at, kind, text))
        tape.at = at
    if not 0 < tape.at < _LONGEST_S:
        raise BadTape(f"{path.name} takes {tape.at:.0f} s")
    return tape


def replayed(tape: Tape, *, until: float = float("inf")) -> Emulator:
    """The terminal after the recording, or after so many seconds of it."""
    emulator = Emulator(tape.columns, tape.rows)
    for each in tape.events:
        if each.kind == OUTPUT and each.at <= until:
            emulator.feed(each.text.encode())
    return emulator


def marks(tape: Tape) -> list[Event]:
    """Its marks, in order."""
    return [each for each in tape.events if each.kind == MARK]
