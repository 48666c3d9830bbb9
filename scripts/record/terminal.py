"""The program in a pseudo-terminal, driven as by a person."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pexpect

from scripts.record.emulator import Emulator
from scripts.record.keys import sent
from scripts.record.tape import Tape

PATIENCE_S = 120
_READ_S = 0.02
_CADENCE_S = 0.035
"""Between two letters that are typed."""


class NeverCame(AssertionError):
    """The screen did not show what was waited for; the message holds the screen."""


class Terminal:
    """A program in a pseudo-terminal of a size; what it writes goes to the tape.

    Use it in a `with`: it ends the program behind itself, whatever happened.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        size: tuple[int, int] = (120, 36),
        tape: Tape | None = None,
        patience: float = PATIENCE_S,
    ) -> None:
        columns, rows = size
        self.emulator = Emulator(columns, rows, answer=self._answer)
        self.tape = tape or Tape(columns, rows)
        self._patience = patience
        self._program: pexpect.spawn[bytes] = pexpect.spawn(
            command[0], list(command[1:]), env=dict(env), cwd=str(cwd), dimensions=(rows, columns),
            timeout=None, echo=False,
        )  # fmt: skip
        self._program.delaybeforesend = None

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._program.close(force=True)

    @property
    def text(self) -> str:
        """What the screen shows."""
        return self.emulator.text

    def press(self, key: str) -> None:
        """Press one key, by its name in the table of actions."""
        self._program.send(sent(key))

    def type(self, text: str) -> None:
        """Type a text, letter by letter."""
        for letter in text:
            self._program.send(letter)
            self.pump(_CADENCE_S)

    def pump(self, seconds: float) -> None:
        """Take what the program writes for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._take(min(left, _READ_S))

    def until(self, holds: Callable[[str], object], *, what: str, quiet: float = 0.0) -> None:
        """Wait until it holds for the screen's text, unchanged but for the status line for `quiet` seconds.

        Raises:
            NeverCame: the patience ended, or the program did, first.
        """
        end = time.monotonic() + self._patience
        before, since = [""], time.monotonic()
        while True:
            self._take(_READ_S)
            rows = self.emulator.lines[:-1]
            if rows != before:
                before, since = rows, time.monotonic()
            if holds(self.text) and time.monotonic() - since >= quiet:
                return
            if time.monotonic() > end or not self._program.isalive():
                raise NeverCame(f"{what} never came; this is the screen:\n{self.text}")

    def see(self, text: str, *, quiet: float = 0.0) -> None:
        """Wait until the screen shows a text, whatever blanks and line ends are in it."""
        wanted = re.compile(r"\s+".join(re.escape(word) for word in text.split()))
        self.until(wanted.search, what=repr(text), quiet=quiet)

    def leave(self, key: str) -> int:
        """Press the key that ends the program; its exit status."""
        self.press(key)
        end = time.monotonic() + self._patience
        while self._program.isalive() and time.monotonic() < end:
            self._take(_READ_S)
        self._program.close(force=True)
        return self._program.exitstatus if self._program.exitstatus is not None else -1

    def _take(self, seconds: float) -> None:
        try:
            data = self._program.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return
        except pexpect.EOF:
            time.sleep(seconds)
            return
        self.tape.add(self.emulator.feed(data), time.monotonic())

    def _answer(self, data: str) -> None:
        self._program.send(data)
