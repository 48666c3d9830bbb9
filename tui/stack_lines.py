"""Lines that come one after another, for people and for programs."""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec

from agent_core.batch_formats import to_json
from agent_core.errors import ErrorInfo
from agent_core.output import Writer
from stack.commands.said import Said

_COLOURS = ("36", "33", "32", "35", "34", "96", "93", "92", "95", "94")
"""Of names, in the order in which they come up."""


class Lines(Protocol):
    """Writes lines as they come."""

    def line(self, line: Said) -> None:
        """One more."""
        ...

    def close(self, error: ErrorInfo | None) -> None:
        """It is over, perhaps because of an error."""
        ...


class Gathering:
    """Writes what comes within one turn of the event loop at once: a line each would cost more than it is.

    Args:
        writer: Where it goes.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._pieces: list[bytes] = []

    def out(self, data: bytes) -> None:
        """Write it soon."""
        if not self._pieces:
            asyncio.get_running_loop().call_soon(self.flush)
        self._pieces.append(data)

    def flush(self) -> None:
        """Write it now."""
        if self._pieces:
            self._writer.out(b"".join(self._pieces))
            self._pieces.clear()


class TextLines:
    """Lines as people read them, each name in a colour of its own where there are colours."""

    def __init__(self, out: Gathering, *, colours: bool) -> None:
        self._out, self._colours = out, colours
        self._of: dict[str, str] = {}

    def line(self, line: Said) -> None:
        """Write it."""
        text = line.text
        if self._colours and line.name:
            colour = self._of.setdefault(line.name, _COLOURS[len(self._of) % len(_COLOURS)])
            text = text.replace(line.name, f"\x1b[{colour}m{line.name}\x1b[0m", 1)
        self._out.out(text.encode("utf-8", "replace") + b"\n")

    def close(self, error: ErrorInfo | None) -> None:
        """Nothing is held back; an error is told beside."""


class JsonLines:
    """Each line an object of its own; an error is the last."""

    def __init__(self, out: Gathering) -> None:
        self._out = out

    def line(self, line: Said) -> None:
        """Write it."""
        self._out.out(to_json(line.data) + b"\n")

    def close(self, error: ErrorInfo | None) -> None:
        """Write the error."""
        if error is not None:
            self._out.out(to_json({"error": msgspec.to_builtins(error)}) + b"\n")


class JsonDocument:
    """One document, written while the lines (or `what` it is) come, so that none of them is kept."""

    def __init__(self, out: Gathering, schema: str, *, what: str = "lines") -> None:
        self._head = b'{"schema": %s, %s: [' % (to_json(schema), to_json(what))
        self._out = out
        self._begun = False

    def line(self, line: Said) -> None:
        """Write it."""
        self._out.out(self._start() + to_json(line.data))

    def close(self, error: ErrorInfo | None) -> None:
        """Write the end."""
        start = b"" if self._begun else self._head
        end = b"" if error is None else b', "error": ' + to_json(error)
        self._out.out(start + b"\n]" + end + b"}\n")

    def _start(self) -> bytes:
        if self._begun:
            return b",\n  "
        self._begun = True
        return self._head + b"\n  "
