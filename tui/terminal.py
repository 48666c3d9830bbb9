"""The terminal as Textual drives it, also when it goes away."""

from __future__ import annotations

import termios
from typing import IO, TYPE_CHECKING, Any

from textual.drivers.linux_driver import LinuxDriver

from tui.thrift import Thrift

if TYPE_CHECKING:
    from textual.app import App


class Terminal(LinuxDriver):
    """Leaves nothing waiting for a terminal that is gone.

    Textual's own writes in a thread that ends with the first failure, and what is written later fills a queue
    until the whole program waits for room in it. It also starts its threads a second time whenever the
    system says "go on", which it does with every hang-up.
    """

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)  # pyright: ignore[reportUnknownMemberType]
        self._file: Any = Forgiving(self._file)
        self._is_away = False
        self._is_ours = False

    def start_application_mode(self) -> None:
        """Take the terminal."""
        super().start_application_mode()
        self._is_ours = True

    def stop_application_mode(self) -> None:
        """Leave it as it was."""
        self._is_ours = False
        super().stop_application_mode()

    def write(self, data: str) -> None:
        """Write to the terminal; while another program has it, nothing: all is drawn again afterwards."""
        if not self._is_away:
            super().write(data)

    def suspend_application_mode(self) -> None:
        """Leave the terminal to another program."""
        super().suspend_application_mode()
        self._is_away = True

    def resume_application_mode(self) -> None:
        """Take it back."""
        self._is_away = False
        super().resume_application_mode()

    def _sigcont_application(self, *_: object) -> None:
        """Go on only after a suspension, or where a shell took the terminal.

        A stop that cannot be caught (SIGSTOP) leaves no time to give it back: that is made up for.
        """
        if self._is_ours and not self._must_signal_resume and self._echoes():
            self.suspend_application_mode()
            self._must_signal_resume = True
        if self._must_signal_resume:
            super()._sigcont_application()  # pyright: ignore[reportUnknownMemberType]

    def _echoes(self) -> bool:
        """Whether the terminal shows what is typed, which it never does while it is ours."""
        try:
            return bool(termios.tcgetattr(self.fileno)[3] & termios.ECHO)
        except termios.error:  # gone
            return False


class Forgiving:
    """A terminal's file: what is written takes as few bytes as it can; what cannot be written is lost."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._thrift = Thrift()

    def fileno(self) -> int:
        """Of the file itself."""
        return self._file.fileno()

    def write(self, text: str) -> None:
        """Write it, if that is possible."""
        try:
            self._file.write(self._thrift(text))
        except OSError:
            return

    def flush(self) -> None:
        """The same."""
        try:
            self._file.flush()
        except OSError:
            return
