"""A list that tells when its cursor moved, so that what it stands on can be shown beside it."""

from __future__ import annotations

from textual.message import Message

from tui.widgets.rows import Rows


class Choices(Rows):
    """Rows whose current one is looked at."""

    class Moved(Message, namespace="choices"):
        """The cursor is on another row."""

    def cursor_moved(self) -> None:
        """Tell."""
        self.post_message(self.Moved())


class SecondClickChoices(Choices):
    """A first click goes to a row, a second chooses it: for rows with which something is done."""

    def clicked(self, *, moved: bool) -> None:
        """A click on another row only goes there."""
        if not moved:
            self.action_choose()
