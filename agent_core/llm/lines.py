"""Streams of lines as endpoints send them: server-sent events and newline-delimited JSON."""

from __future__ import annotations

LINE_LIMIT = 8 * 1024 * 1024
"""Bytes of one line; a longer one is no model's answer."""


class LineTooLongError(ValueError):
    """The stream holds a line that no model server sends."""


class LineSplitter:
    """Cuts a stream of bytes into lines (`\\n`, `\\r\\n`), keeping an unfinished one for the next piece."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete now, without their ends."""
        lines = (self._rest + data).split(b"\n") if self._rest else data.split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > LINE_LIMIT:
            raise LineTooLongError("a line of more than 8 MiB")
        return [line.removesuffix(b"\r") for line in lines]

    def finish(self) -> bytes:
        """The last line when it had no end."""
        rest, self._rest = self._rest, b""
        return rest


class EventSplitter:
    """Takes the `data` of server-sent events out of a stream of bytes."""

    def __init__(self) -> None:
        self._lines = LineSplitter()
        self._data: list[bytes] = []
        self.other = b""
        """The first line that belongs to no event stream, such as the start of a web page."""

    def feed(self, data: bytes) -> list[bytes]:
        """The data of each event that is complete now."""
        events: list[bytes] = []
        for line in self._lines.feed(data):
            self._take(line, events)
        return events

    def finish(self) -> list[bytes]:
        """The data of an event that the end of the stream left without its empty line."""
        events: list[bytes] = []
        self._take(self._lines.finish(), events)
        self._take(b"", events)
        return events

    def _take(self, line: bytes, events: list[bytes]) -> None:
        if line.startswith(b"data:"):
            self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
        elif not line:
            if self._data:
                events.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                self._data = []
        elif not self.other and not line.startswith((b":", b"event:", b"id:", b"retry:")):
            self.other = line
