"""Entries of the systemd journal as `journalctl -o export` writes them.

Source of the form: https://systemd.io/JOURNAL_EXPORT_FORMATS/ (fields on lines of their own, `NAME=value` or
`NAME`, a length of eight bytes, and that many bytes; an empty line ends the entry).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from agent_core.logs.columns import NO_TIME
from agent_core.logs.levels import BY_PRIORITY

FIRST = b"__CURSOR="
_SECOND = b"__REALTIME_TIMESTAMP="
_FIELD = re.compile(rb"[A-Z_][A-Z0-9_]{0,63}")
_NAMES = ("SYSLOG_IDENTIFIER", "_COMM", "_SYSTEMD_UNIT")
_SEVERITIES = tuple(b"%d" % severity for severity in range(8))
_MOST = 256 * 1024


class Entry(NamedTuple):
    """An entry: where it ends, behind its last line break; message, time (ms), level, and what wrote it."""

    end: int
    text: bytes
    time: int
    level: int
    name: str


def entry_at(block: bytes, start: int, stop: int) -> Entry | None:
    """The entry that begins at `start` and ends before `stop`; None if there is none."""
    second = block.find(b"\n", start, stop) + 1
    if not second or not block.startswith(_SECOND, second):
        return None
    fields: dict[str, bytes] = {}
    at = start
    while at < stop and at - start < _MOST:
        end = block.find(b"\n", at, stop)
        if end < 0 or end == at:
            at = min(stop, at + 1) if end == at else stop
            break
        name = _FIELD.match(block, at, end)
        if name is None:
            break
        if name.end() == end:
            size = int.from_bytes(block[end + 1 : end + 9], "little")
            if size > _MOST:
                break
            if end + 9 + size >= stop:
                at = stop
                break
            fields[name[0].decode()] = block[end + 9 : end + 9 + size]
            at = end + 10 + size
        elif block[name.end()] == 61:
            fields[name[0].decode()] = block[name.end() + 1 : end]
            at = end + 1
        else:
            break
    return _entry(at, fields)


def _entry(end: int, fields: dict[str, bytes]) -> Entry:
    stamp, priority = fields.get("__REALTIME_TIMESTAMP", b""), fields.get("PRIORITY", b"")
    name = next((fields[name] for name in _NAMES if fields.get(name)), b"")
    return Entry(
        end=end,
        text=fields.get("MESSAGE", b"").strip(b"\n"),
        time=int(stamp) // 1000 if stamp.isdigit() and len(stamp) < 18 else NO_TIME,
        level=int(BY_PRIORITY[int(priority)]) if priority in _SEVERITIES else 0,
        name=name.decode("utf-8", "replace"),
    )
