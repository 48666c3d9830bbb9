"""What the screen is drawn by in a browser."""

from __future__ import annotations

from textual import events
from textual.drivers.web_driver import WebDriver


class Page(WebDriver):
    """A page that has the focus when it opens; Textual's own waits for a click."""

    def start_application_mode(self) -> None:
        """Begin."""
        super().start_application_mode()
        self._app.call_later(self._app.post_message, events.AppFocus())
