"""LanceDB behind a small surface: connections, tables, and its failures as `IndexFault`s."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from agent_core.errors import IndexFault
from agent_core.files import keep_aside
from agent_core.text import one_line

T = TypeVar("T")

_ATTEMPTS = 6
_FIRST_PAUSE = 0.02
"""Seconds before the second attempt; each further pause is twice as long."""
_CACHE_BYTES = 64 * 1024 * 1024
"""LanceDB's own caches; its defaults are gigabytes."""

_PASSES = re.compile(r"conflict|not found|concurrent|too many|timed? ?out|try again", re.IGNORECASE)
"""Failures after which the newest version of the table is worth another look: somebody else wrote or tidied
up."""

_FULL = re.compile(r"os error (28|27|122)\b|no space left|quota exceeded|file too large", re.IGNORECASE)
_REFUSED = re.compile(
    r"os error (13|30|1)\b|permission denied|read-only|access ?denied|forbidden", re.IGNORECASE
)
_BROKEN = re.compile(
    r"not found|os error 2\b|not appear to be a lance|fill whole buffer|too small|corrupt|magic|panic|decode",
    re.IGNORECASE,
)
_SOURCE_PLACE = re.compile(r",? /\S+\.rs:\d+:\d+")
_FAILURES = (RuntimeError, ValueError, OSError)


def arrow() -> Any:
    """The pyarrow module."""
    return import_module("pyarrow")


def full_text_index(handle: Any) -> None:
    """Give a table its full-text index over `terms`, where it has none yet: words as they are, whole."""
    if any(list(index.columns) == ["terms"] for index in handle.list_indices()):
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


def full_text_query(terms: str) -> Any:
    """A query for rows with any of the terms."""
    vendor: Any = import_module("lancedb.query")
    return vendor.MatchQuery(terms, "terms")


def local_folder(uri: str) -> Path | None:
    """The folder that a URI names, None when it lies elsewhere (`s3://…`)."""
    if uri.startswith("file://"):
        return Path(unquote(urlsplit(uri).path))
    return None if "://" in uri else Path(uri)


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
        with _translated(f"the index at {uri} cannot be opened"):
            self._handle = vendor.connect(
                uri if self.folder is None else str(self.folder),
                read_consistency_interval=timedelta(0),
                session=vendor.Session(_CACHE_BYTES, _CACHE_BYTES),
                # Rows that maintenance moves keep their entries in the full-text index.
                storage_options={"new_table_enable_stable_row_ids": "true"},
            )

    def names(self) -> list[str]:
        """The tables that are there."""
        with _translated(f"the index at {self.uri} cannot be read"):
            return list(self._handle.list_tables(limit=1000).tables)

    def handle(self, name: str) -> Any | None:
        """LanceDB's own object for a table, None when there is no such table."""
        with _translated(f"the index at {self.uri} cannot be opened"):
            return self._handle.open_table(name) if name in self.names() else None

    def create(self, name: str, schema: Any) -> Any:
        """Make a table, or open it where another process was faster."""
        with _translated(f"the index at {self.uri} cannot be written"):
            return self._handle.create_table(name, schema=schema, exist_ok=True)

    def drop(self, name: str) -> None:
        """Remove a table with all it holds."""
        with _translated(f"the index at {self.uri} cannot be written"):
            self._handle.drop_table(name, ignore_missing=True)

    def set_aside(self, name: str) -> Path:
        """Rename the folder of a broken table to `NAME.bad-<time>`, in place of an older one of that kind.

        Raises:
            IndexFault: The place is remote, or the folder cannot be renamed.
        """
        stored = f"{name}.lance"
        if self.folder is None:
            raise IndexFault(
                f"{stored} in {self.uri} is broken",
                hint="Remove it there, or use another place.",
                broken=True,
            )
        older = list(self.folder.glob(f"{stored}.bad-*"))
        aside = keep_aside(self.folder / stored)
        if aside is None:
            raise IndexFault(
                f"{self.folder / stored} is broken and cannot be moved", hint="Remove it.", broken=True
            )
        for folder in older:
            _remove_tree(folder)
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
        pause = _FIRST_PAUSE
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return work(self._handle)
            except _FAILURES as error:
                if attempt == _ATTEMPTS or not _PASSES.search(str(error)):
                    raise _fault(f"the index at {self._database.uri} {doing}", error) from error
            time.sleep(pause)
            pause *= 2
            if (newest := self._database.handle(self.name)) is not None:
                self._handle = newest
        raise AssertionError("unreachable")

    @property
    def folder(self) -> Path | None:
        """Where it lies on this machine."""
        place = self._database.folder
        return None if place is None else place / f"{self.name}.lance"


class _translated:  # noqa: N801 - reads as the statement it is
    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, _FAILURES):
            raise _fault(self._what, error) from error


def _fault(what: str, error: Exception) -> IndexFault:
    text = one_line(_SOURCE_PLACE.sub("", str(error)))
    if _FULL.search(text):
        return IndexFault(f"{what}: the disk is full", hint="Free some space, then run `index` again.")
    if _REFUSED.search(text):
        return IndexFault(f"{what}: permission denied", hint="Check who owns the folder and its permissions.")
    broken = _BROKEN.search(text) is not None
    hint = "Run `index` to build it anew." if broken else "Try again; `doctor` looks at the surroundings."
    return IndexFault(f"{what} ({text})", hint=hint, broken=broken)


def _remove_tree(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
