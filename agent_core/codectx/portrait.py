"""What was found out about a file or a folder, and its text for people and models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from agent_core.events import Hit
from agent_core.text import encodable, one_line, shorten

_WIDTH = 140


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a portrait: a place and what is said of it; `start` 0 stands for the whole path.

    `path` is "" where no place is meant. `depth` is how far the row is indented.
    """

    text: str
    path: str = ""
    start: int = 0
    end: int = 0
    depth: int = 0

    @property
    def place(self) -> str:
        """The place as it is cited: `path:start-end`, `path:start`, `path`, or ""."""
        path = one_line(self.path)
        if not self.start:
            return path
        return f"{path}:{self.start}-{self.end}" if self.end > self.start else f"{path}:{self.start}"


class Section(msgspec.Struct, frozen=True):
    """Rows under a title; `more` counts those that were left out. Inline rows stand on one line."""

    title: str
    rows: tuple[Row, ...]
    more: int = 0
    inline: bool = False


class Portrait(msgspec.Struct, frozen=True, kw_only=True):
    """A file or a folder: one line about it, what it says of itself, and everything else in sections.

    `notes` say what could not be found out.
    """

    path: str
    kind: Literal["file", "folder"]
    headline: str
    says: Row | None = None
    sections: tuple[Section, ...] = ()
    notes: tuple[str, ...] = ()


def section(title: str, rows: Iterable[Row], most: int, *, inline: bool = False) -> Section:
    """A section of at most so many rows."""
    every = tuple(rows)
    return Section(title, every[:most], max(0, len(every) - most), inline)


def as_text(portrait: Portrait) -> str:
    """The portrait as plain text, bounded."""
    lines = [f"{one_line(portrait.path)}: {portrait.headline}"]
    if portrait.says is not None:
        lines.append(f"{_quoted(portrait.says.text)} ({portrait.says.place})")
    for part in portrait.sections:
        if part.rows:
            lines += ["", _inline(part)] if part.inline else ["", part.title, *_rows(part)]
    if portrait.notes:
        lines += ["", f"… {'; '.join(portrait.notes)}"]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return f"“{shorten(one_line(text), 400)}”"


def _inline(part: Section) -> str:
    shown = [f"{row.place} {one_line(row.text)}".rstrip() for row in part.rows]
    more = f", … {part.more:,} more" if part.more else ""
    return f"{part.title}: {', '.join(shown)}{more}"


def _rows(part: Section) -> Iterator[str]:
    width = max((len(row.place) + 2 * row.depth for row in part.rows), default=0)
    width = min(width, 60)
    for row in part.rows:
        place = "  " * row.depth + row.place
        text = shorten(one_line(row.text), _WIDTH)
        yield f"  {place:<{width}}  {text}".rstrip() if row.place else f"  {text}"
    if part.more:
        yield f"  … {part.more:,} more"


def hits(portrait: Portrait) -> tuple[Hit, ...]:
    """Every place that is cited, in order, each once."""
    rows = [
        *([portrait.says] if portrait.says else []),
        *(row for part in portrait.sections for row in part.rows),
    ]
    found = [
        Hit(encodable(row.path), row.start, max(row.end, row.start), why=one_line(row.text))
        for row in rows
        if row.path and row.start
    ]
    first: dict[tuple[str, int, int], Hit] = {}
    for hit in found:
        first.setdefault((hit.path, hit.start, hit.end), hit)
    return tuple(first.values())


def as_data(portrait: Portrait) -> dict[str, Any]:
    """The portrait for programs."""
    return {
        "path": encodable(portrait.path),
        "kind": portrait.kind,
        "headline": portrait.headline,
        "says": one_line(portrait.says.text) if portrait.says else "",
        "sections": {
            part.title.lower().replace(" ", "_"): [_row_data(row) for row in part.rows]
            for part in portrait.sections
        },
    }


def _row_data(row: Row) -> dict[str, Any]:
    return {
        "path": encodable(row.path),
        "start": row.start,
        "end": max(row.end, row.start),
        "text": one_line(row.text),
    }


def paragraphs(data: dict[str, Any], *, most: int = 5) -> Iterator[str]:
    """A portrait's data as Markdown, paragraph by paragraph, with so many rows of each section."""
    says = f"\n\n> {data['says']}" if data["says"] else ""
    yield f"{data['headline']}.{says}"
    for name, rows in data["sections"].items():
        items = "\n".join(map(_item, rows[:most]))
        yield f"**{name.replace('_', ' ').capitalize()}**\n\n{items}"


def _item(row: dict[str, Any]) -> str:
    path = one_line(row["path"])
    place = f"{path}:{row['start']}" if row["start"] else path
    text = row["text"].replace("`", "'")
    return f"- `{place}` {text}".rstrip() if place else f"- {text}"
