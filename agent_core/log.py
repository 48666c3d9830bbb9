"""The program's own log: JSON lines in `.dspy_tui/logs/`, rotating, with secrets masked.

It hangs on the standard library's root logger, so what libraries have to say lands here too instead of on the
screen. A log that cannot be written is given up silently: it must never break or draw over anything.
"""

from __future__ import annotations

import logging
import os
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from agent_core.errors import AgentError
from agent_core.files import BusyError, locked, write_all
from agent_core.text import printable
from agent_core.workspace import Workspace

FILE_NAME = "dspy-tui.jsonl"
MAX_BYTES = 1024 * 1024
KEPT = 3
_LONGEST = 32 * 1024
_OURS = ("agent_core", "stack", "tui")
_PLAIN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class OwnLog:
    """An open log; `close()` puts everything back as it was."""

    def __init__(self, handler: _Handler, *, debug: bool) -> None:
        self._handler = handler
        self._root = logging.getLogger()
        self._levels = {name: logging.getLogger(name).level for name in ("", *_OURS)}
        self._raises = logging.raiseExceptions
        logging.raiseExceptions = False
        self._root.addHandler(handler)
        self._root.setLevel(logging.WARNING)
        for name in _OURS:
            logging.getLogger(name).setLevel(logging.DEBUG if debug else logging.INFO)
        logging.captureWarnings(True)

    @property
    def path(self) -> Path:
        """The file that is written now; it exists once something was logged."""
        return self._handler.path

    def close(self) -> None:
        """Stop logging."""
        logging.captureWarnings(False)
        self._root.removeHandler(self._handler)
        self._handler.close()
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)
        logging.raiseExceptions = self._raises


def open_log(
    workspace: Workspace,
    *,
    mask: Callable[[str], str],
    debug: bool = False,
    max_bytes: int = MAX_BYTES,
) -> OwnLog:
    """Log into the workspace's state folder from now on; the folder is made with the first line.

    Args:
        workspace: Whose state folder.
        mask: Takes the secrets out of a text (`masking.masker`).
        debug: Log debugging messages of this program too.
        max_bytes: The size at which a file is rotated; three older ones are kept.
    """
    return OwnLog(_Handler(workspace, mask, max_bytes), debug=debug)


def log_files(workspace: Workspace) -> list[Path]:
    """The log's files that exist, newest first."""
    folder = workspace.state_dir / "logs"
    names = (FILE_NAME, *(f"{FILE_NAME}.{number}" for number in range(1, KEPT + 1)))
    return [folder / name for name in names if (folder / name).is_file()]


class _Handler(logging.Handler):
    def __init__(self, workspace: Workspace, mask: Callable[[str], str], max_bytes: int) -> None:
        super().__init__()
        self._workspace = workspace
        self._mask = mask
        self._max_bytes = max_bytes
        self._fd: int | None = None
        self._given_up = False

    @property
    def path(self) -> Path:
        return self._workspace.state_dir / "logs" / FILE_NAME

    def emit(self, record: logging.LogRecord) -> None:
        if self._given_up:
            return
        try:
            line = self._line(record)
            self._write(line)
        except (OSError, AgentError):
            self._given_up = True
        except (ValueError, TypeError):  # a message whose arguments do not fit it: this one line is lost
            return

    def close(self) -> None:
        self._drop()
        super().close()

    def _line(self, record: logging.LogRecord) -> bytes:
        fields: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "message": self._clean(record.getMessage()),
        }
        for name, value in record.__dict__.items():
            if name not in _PLAIN:
                plain = isinstance(value, (bool, int, float)) or value is None
                fields[name] = value if plain else self._clean(str(value))
        if record.exc_info and record.exc_info[0] is not None:
            fields["traceback"] = self._clean("".join(traceback.format_exception(*record.exc_info)))
        return msgspec.json.encode(fields) + b"\n"

    def _clean(self, text: str) -> str:
        return printable(self._mask(text[:_LONGEST]))

    def _write(self, line: bytes) -> None:
        fd = self._fd if self._fd is not None else self._opened()
        if os.fstat(fd).st_size + len(line) > self._max_bytes:
            fd = self._rotated()
        write_all(fd, line)

    def _opened(self) -> int:
        folder = self._workspace.ensure_state_dir("logs")
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        self._fd = os.open(folder / FILE_NAME, flags, 0o600)
        return self._fd

    def _drop(self) -> None:
        if self._fd is not None:
            with suppress(OSError):
                os.close(self._fd)
            self._fd = None

    def _rotated(self) -> int:
        """Move the full file aside, unless another process has done so already."""
        with suppress(BusyError), locked(self.path, timeout=0.2):
            if self.path.exists() and self.path.stat().st_size > self._max_bytes // 2:
                for number in range(KEPT - 1, 0, -1):
                    with suppress(FileNotFoundError):
                        self._numbered(number).replace(self._numbered(number + 1))
                self.path.replace(self._numbered(1))
        self._drop()
        return self._opened()

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{FILE_NAME}.{number}")
