"""LanceDB behind a small surface: connections, tables, and its failures as `IndexFault`s."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from agent_core.errors import IndexFault
from agent_core.files import keep_aside
from agent_core.index.store_faults import fault, from_lance, is_local, passing, shown, translated
from agent_core.text import one_line

T = TypeVar("T")

_ATTEMPTS = 6
_FIRST_PAUSE = 0.02
"""Seconds before the second attempt; each further pause is twice as long."""
_CACHE_BYTES = 64 * 1024 * 1024
"""LanceDB's own caches; its defaults are gigabytes."""


def arrow() -> Any:
    """The pyarrow module."""
    return import_module("pyarrow")


def full_text_index(handle: Any) -> None:
    """Give a table its full-text index over `terms`, where it has none yet: words as they are, whole."""
    if _has_index(handle, "terms"):
        return
    vendor: Any = import_module("lancedb.index")
    as_they_are = vendor.FTS(
        base_tokenizer="whitespace",
        lower_case=False,
        stem=False,
        remove_stop_words=False,
        ascii_folding=False,
        max_token_length=None,
    )
    handle.create_index("terms", config=as_they_are)


def vector_index(handle: Any, column: str) -> None:
    """Give a column of vectors its index for cosines, where it has none yet: inverted lists, compressed."""
    if _has_index(handle, column):
        return
    vendor: Any = import_module("lancedb.index")
    handle.create_index(column, config=vendor.IvfPq(distance_type="cosine"))


def _has_index(handle: Any, column: str) -> bool:
    return any(list(index.columns) == [column] for index in handle.list_indices())


def local_folder(uri: str) -> Path | None:
    """The folder that a URI names, None when it lies elsewhere (`s3://…`)."""
    if uri.startswith("file://"):
        return Path(unquote(urlsplit(uri).path))
    return Path(uri).expanduser() if is_local(uri) else None


class Database:
    """One LanceDB place. Credentials of remote ones come from the environment, as their stores define them.

    Raises:
        IndexFault: It cannot be reached or made.
    """

    def __init__(self, uri: str) -> None:
        os.environ.setdefault("LANCEDB_LOG", "error")  # its warnings would draw over the screen
        vendor: Any = import_module("lancedb")
        self.uri = uri
        self.folder = local_folder(uri)
        _refuse_links(self.folder)
        with translated(uri, "cannot be opened"):
            self._handle = vendor.connect(
                uri if self.folder is None else str(self.folder),
                read_consistency_interval=timedelta(0),
                session=vendor.Session(_CACHE_BYTES, _CACHE_BYTES),
            )

    def names(self) -> list[str]:
        """The tables that are there."""
        with translated(self.uri, "cannot be read"):
            return list(self._handle.list_tables(limit=1000).tables)

    def handle(self, name: str) -> Any | None:
        """LanceDB's own object for a table, None when there is no such table."""
        return persistently(self.uri, "cannot be opened", lambda: self.handle_now(name))

    def handle_now(self, name: str) -> Any | None:
        """As `handle`, but once, and with LanceDB's own errors."""
        return self._handle.open_table(name) if name in self._handle.list_tables(limit=1000).tables else None

    def create(self, name: str, schema: Any) -> Any:
        """Make a table, or open it where another process was faster."""
        with translated(self.uri, "cannot be written"):
            return self._handle.create_table(name, schema=schema, exist_ok=True)

    def drop(self, name: str) -> None:
        """Remove a table with all it holds."""
        with translated(self.uri, "cannot be written"):
            self._handle.drop_table(name, ignore_missing=True)

    def set_aside(self, name: str) -> Path | None:
        """Rename the folder of a broken table to `NAME.bad-<time>`, in place of an older one of that kind.

        Returns:
            What it is called now; None when there was none.

        Raises:
            IndexFault: The place is remote, or the folder cannot be renamed.
        """
        stored = f"{name}.lance"
        if self.folder is None:
            raise IndexFault(
                f"{stored} in {shown(self.uri)} is broken", hint="Remove it there, or use another place."
            )
        if not (self.folder / stored).exists():
            return None
        older = list(self.folder.glob(f"{stored}.bad-*"))
        aside = keep_aside(self.folder / stored)
        if aside is None:
            raise IndexFault(f"{self.folder / stored} is broken and cannot be moved", hint="Remove it.")
        with translated(self.uri, "cannot be tidied up"):
            for folder in older:
                shutil.rmtree(folder)
        return aside


class Table:
    """One table by name; its handle is made anew when another process has changed what it stood for."""

    def __init__(self, database: Database, name: str, handle: Any) -> None:
        self.name = name
        self._database = database
        self._handle = handle

    def run(self, doing: str, work: Callable[[Any], T]) -> T:
        """The result of `work(handle)`, tried again after conflicts and when files vanished under a reader.

        Args:
            doing: What fails when it fails: "cannot be read", "cannot be written".
            work: Must be safe to run again.

        Raises:
            IndexFault: It failed for good.
        """
        return persistently(self._database.uri, doing, lambda: work(self._handle), refresh=self._open_again)

    def _open_again(self) -> None:
        newest = self._database.handle_now(self.name)
        if newest is not None:
            self._handle = newest


def _refuse_links(folder: Path | None) -> None:
    """A repository could bring links along and have us write elsewhere."""
    inside = [] if folder is None else [*folder.glob("*.lance"), *folder.glob("*.lance/*")]
    for path in inside:
        if path.is_symlink():
            raise IndexFault(f"{one_line(str(path))} is a symbolic link", hint="Remove it.")


def persistently(
    uri: str, doing: str, work: Callable[[], T], *, refresh: Callable[[], None] | None = None
) -> T:
    """The result of `work()`, tried again, after `refresh()`, as long as that may help.

    Raises:
        IndexFault: It failed for good.
    """
    pause = _FIRST_PAUSE
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            if refresh is not None and attempt > 1:
                refresh()
            return work()
        except Exception as error:
            if not from_lance(error):
                raise
            if attempt == _ATTEMPTS or not passing(error):
                raise fault(uri, doing, error) from error
        time.sleep(pause)
        pause *= 2
    raise AssertionError("unreachable")
