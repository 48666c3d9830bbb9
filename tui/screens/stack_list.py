"""The list of services on the Stack screen."""

from __future__ import annotations

from textual.containers import Vertical
from textual.message import Message


class ServiceList(Vertical):
    """The list with its head."""

    class Sized(Message, namespace="service_list"):
        """It has another size, or shows for the first time."""

    def on_resize(self) -> None:
        """Tell of it."""
        self.post_message(self.Sized())
