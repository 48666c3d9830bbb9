"""The terminal as a source of lines and a place for them: prompts, hidden answers, what is typed ahead.

Nothing is ever drawn anew here. While a line is edited, readline may move within that line, as it does in a
shell; where the terminal is none or a dumb one, it is left out.
"""

from __future__ import annotations

import locale
import os
import select
import signal
import sys
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType, ModuleType

from agent_core.text import one_line

_WORD_ENDS = " \t\n"
_MOST = 1 << 16
_BINDINGS = (
    "tab: complete",
    "set enable-bracketed-paste on",
    "set enable-active-region off",
    "set enable-meta-key off",
    "set bell-style none",
    "set blink-matching-paren off",
    "set colored-stats off",
    "set colored-completion-prefix off",
    "set show-all-if-ambiguous on",
    "set page-completions off",
    "set completion-query-items 0",
    "set horizontal-scroll-mode off",
)
"""No escape sequence that is not part of editing a line, no question, no pager; a paste is one prompt."""


class Ended(BaseException):
    """The terminal is gone, or somebody ends the program with a signal."""


class Lines:
    """Reads lines and writes lines.

    Args:
        wake: Called for Ctrl-C while no line is read.
        complete: What the text before the cursor could go on with: where that begins, and the choices.
    """

    def __init__(
        self, *, wake: Callable[[], None], complete: Callable[[str], tuple[int, Sequence[str]]]
    ) -> None:
        self.is_terminal = os.isatty(0)
        self._edits = self.is_terminal and os.isatty(1) and os.environ.get("TERM", "dumb") != "dumb"
        self._wake, self._complete = wake, complete
        self._reading = False
        self._options: list[str] = []
        self._rest = b""
        self.interrupts = 0
        """How often Ctrl-C was pressed while no line was read, since somebody looked last."""
        self._readline = _readline() if self._edits else None

    def begin(self, history: Sequence[str]) -> None:
        """Take signals from now on; lines typed earlier are there to go back to."""
        signal.signal(signal.SIGINT, self._interrupted)
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _end)
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace", line_buffering=True)
        if self._readline is None:
            return
        _take_all_letters()
        self._readline.set_auto_history(False)
        self._readline.set_completer_delims(_WORD_ENDS)
        self._readline.set_completer(self._completed)
        for text in history:
            self.remember(text)

    def remember(self, text: str) -> None:
        """A line to go back to."""
        if self._readline is not None and (line := one_line(text)):
            with suppress(UnicodeError):  # no letters of this locale
                self._readline.add_history(line)

    def say(self, lines: Sequence[str]) -> None:
        """Write lines."""
        if not lines:
            return
        try:
            sys.stdout.write("\n".join(lines) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError:  # the terminal went away
            raise Ended from None

    def read(self, prompt: str) -> str:
        """The next line. Raises EOFError at the input's end, KeyboardInterrupt for Ctrl-C, `Ended`."""
        self._reading = True
        try:
            if not self.is_terminal:
                line = self._piped()
                self.say([f"{prompt}{one_line(line)}"])
                return line
            return input(prompt).rstrip("\n") if self._edits else _plainly(prompt)
        except BrokenPipeError:
            raise
        except OSError:  # the terminal went away
            raise Ended from None
        finally:
            self._reading = False

    def hidden(self, prompt: str) -> str:
        """The next line, which is not shown while it is typed."""
        from getpass import getpass

        self._reading = True
        try:
            if not self.is_terminal:
                self.say([prompt.rstrip()])
                return self._piped()
            return getpass(prompt)
        finally:
            self._reading = False

    def wait(self, awake: int) -> None:
        """Wait until something happened, or whole lines were typed ahead."""
        select.select([awake, *([0] if self.is_terminal else [])], [], [])

    def wait_for(self, awake: int, seconds: float) -> None:
        """Wait so long that something happens, whatever is typed."""
        select.select([awake], [], [], seconds)

    def typed_ahead(self) -> list[str]:
        """Whole lines that were typed while nobody asked for one."""
        lines: list[str] = []
        while self.is_terminal and select.select([0], [], [], 0)[0]:
            data = os.read(0, _MOST)
            if not data:
                break  # Ctrl-D means nothing here
            lines += [line for line in data.decode("utf-8", "replace").split("\n") if line.strip()]
        return lines

    def forget_typed(self) -> None:
        """What was typed before a question was there is no answer to it."""
        if self.is_terminal:
            with suppress(termios.error):
                termios.tcflush(0, termios.TCIFLUSH)

    def _piped(self) -> str:
        """A line of a pipe or a file."""
        while b"\n" not in self._rest:
            data = os.read(0, _MOST)
            if not data:
                break
            self._rest += data
        if not self._rest:
            raise EOFError
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        if self._reading:
            raise KeyboardInterrupt
        self.interrupts += 1
        self._wake()

    def _completed(self, _: str, state: int) -> str | None:
        """What readline asks for: one choice after the other."""
        assert self._readline is not None
        if state == 0:
            end = self._readline.get_endidx()
            start, options = self._complete(self._readline.get_line_buffer()[:end])
            offset = self._readline.get_begidx() - start
            self._options = [option[offset:] for option in options]
        return self._options[state] if state < len(self._options) else None


def _plainly(prompt: str) -> str:
    """A line without readline."""
    sys.stdout.write(prompt)
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")


def _take_all_letters() -> None:
    """Readline takes and gives letters of the locale alone; in that of C there are no others than ASCII's."""
    with suppress(locale.Error):
        if locale.nl_langinfo(locale.CODESET).replace("-", "").lower() != "utf8":
            locale.setlocale(locale.LC_CTYPE, "C.UTF-8")


def _end(number: int, frame: FrameType | None) -> None:
    raise Ended


def _readline() -> ModuleType | None:
    try:
        import readline
    except ImportError:
        return None
    if "libedit" in (readline.__doc__ or ""):
        readline.parse_and_bind("bind ^I rl_complete")
    else:
        for line in _BINDINGS:
            readline.parse_and_bind(line)
    return readline
