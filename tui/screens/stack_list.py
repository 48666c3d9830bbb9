"""The list of services on the Stack screen."""

from __future__ import annotations

from textual.containers import Vertical
from textual.message import Message

from tui.widgets.rows import Rows


class ServiceRows(Rows):
    """The services; a first click chooses one, a second shows its logs."""

    class Moved(Message, namespace="service_rows"):
        """The cursor is on another service."""

    def cursor_moved(self) -> None:
        """Tell of it."""
        self.post_message(self.Moved())

    def clicked(self, *, moved: bool) -> None:
        """A click on another row only goes there."""
        if not moved:
            self.action_choose()


class ServiceList(Vertical):
    """The list with its head."""

    class Sized(Message, namespace="service_list"):
        """It has another size, or shows for the first time."""

    def on_resize(self) -> None:
        """Tell of it."""
        self.post_message(self.Sized())
