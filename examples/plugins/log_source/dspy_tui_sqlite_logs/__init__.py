"""Logs in SQLite databases of the workspace: tables with a time, a level and a message.

`ctx --source sqlite` reads all of them, `ctx --source sqlite:app.db` one; with `log_files = ["sqlite"]` they
are in the log pane.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from agent_core.plugins.ports import LogPart, Workspace

_ENDINGS = (".db", ".sqlite", ".sqlite3")
_TIMES, _LEVELS = ("time", "timestamp", "created", "created_at"), ("level", "levelname", "severity")
_MESSAGES = ("message", "msg", "text")
_ROWS = 2000
_MOST_FILES = 50


class SqliteLogs:
    """Finds the table by its columns, and its place again by the number of a row."""

    port_version = 1
    summary: ClassVar[str] = "logs in SQLite databases of the workspace"

    def names(self, workspace: Workspace) -> Sequence[str]:
        """The databases that hold such a table."""
        paths = [path for path in workspace.walk(include_ignored=True) if path.endswith(_ENDINGS)]
        return [path for path in paths[:_MOST_FILES] if _has_log(workspace.resolve(path))]

    def read(self, workspace: Workspace, name: str, *, cursor: str, since: float | None) -> LogPart:
        """The next 2,000 rows."""
        with closing(_opened(workspace.resolve(name))) as database:
            found = next(_tables(database), None)
            if found is None:
                return LogPart()
            table, time, level, message = found
            # The names are quoted, and come from the database itself.
            query = f'SELECT rowid, "{time}", "{level}", "{message}" FROM "{table}" WHERE rowid > ? LIMIT ?'
            rows = database.execute(query, (int(cursor or 0), _ROWS)).fetchall()
        lines = [f"{_time(row[1])} {str(row[2]).upper()} {row[3]}" for row in rows]
        return LogPart(lines=lines, cursor=str(rows[-1][0]) if rows else cursor)


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=2.0)


def _has_log(path: Path) -> bool:
    try:
        with closing(_opened(path)) as database:
            return next(_tables(database), None) is not None
    except sqlite3.Error:
        return False


def _tables(database: sqlite3.Connection) -> Iterator[tuple[str, str, str, str]]:
    """Table, and its columns of time, level and message."""
    for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if '"' in table:
            continue
        columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
        picked = [
            next((name for name in names if name in columns), "") for names in (_TIMES, _LEVELS, _MESSAGES)
        ]
        if all(picked):
            yield table, picked[0], picked[1], picked[2]


def _time(value: object) -> str:
    """ISO 8601, whatever way it is kept."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds")
    return str(value)
