"""The terminal, also when it goes away."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import IO, cast

from textual.drivers._writer_thread import WriterThread

from tui.terminal import Forgiving


def test_what_is_written_to_a_terminal_that_is_gone_holds_up_nothing() -> None:
    ours, theirs = os.openpty()
    file = os.fdopen(theirs, "w", buffering=1)
    writer = WriterThread(cast("IO[str]", Forgiving(file)))
    writer.start()
    writer.write("there\n")
    assert os.read(ours, 5) == b"there"
    os.close(ours)
    for number in range(1000):  # Textual's queue holds thirty
        writer.write(f"{number}\n")
    writer.stop()
    assert not writer.is_alive()
    with suppress(OSError):
        file.close()
