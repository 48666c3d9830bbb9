"""JSON lines on standard output, each with the correlation id of what it belongs to."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from secrets import token_hex
from typing import Any

import msgspec

from agent_core.masking import mask_secrets
from agent_core.text import printable

_PLAIN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_LONGEST = 32 * 1024
_RUN = token_hex(8)
_correlation: ContextVar[str] = ContextVar("correlation", default=_RUN)


def correlation() -> str:
    """The id of what is worked on here; that of the whole run where nothing is."""
    return _correlation.get()


@contextmanager
def correlated(correlation_id: str = "") -> Generator[str]:
    """Everything that is logged in the block belongs to this id (a new one where it is empty)."""
    taken = correlation_id or token_hex(8)
    token = _correlation.set(taken)
    try:
        yield taken
    finally:
        _correlation.reset(token)


def log_as_json(service: str) -> None:
    """From now on every record of this process is one JSON line on standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Formatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)


class _Formatter(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        fields: dict[str, Any] = {
            "time": f"{stamp}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "correlation_id": correlation(),
            "message": _clean(record.getMessage()),
        }
        for name, value in record.__dict__.items():
            if name not in _PLAIN:
                fields.setdefault(
                    name, value if isinstance(value, bool | int | float | list) else _clean(str(value))
                )
        if record.exc_info and record.exc_info[0] is not None:
            fields["traceback"] = _clean("".join(traceback.format_exception(*record.exc_info)))
        return msgspec.json.encode(fields).decode()


def _clean(text: str) -> str:
    return printable(mask_secrets(text[:_LONGEST]))
