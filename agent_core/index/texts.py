"""The texts of a file's chunks, read again when they are needed: they are many, and few are."""

from __future__ import annotations

from pathlib import Path

from agent_core.code.lines import Lines
from agent_core.code.parse import parse
from agent_core.index.digest import FileRow, read_file
from agent_core.index.passage import text_hash


def texts_of(root: Path, row: FileRow) -> dict[bytes, str]:
    """The texts of the file's chunks by text hash; those that are no longer so in the file are missing."""
    read = read_file(root, row.path)
    if read is None or not row.chunks:
        return {}
    text = read[1].decode("utf-8", "replace")
    lines = Lines(text)
    found: dict[bytes, str] = {}
    for chunk in row.chunks:
        if chunk.end <= len(lines):
            piece = lines.text(chunk.start - 1, chunk.end - 1)
            if text_hash(row.path, piece) == chunk.text_hash:
                found[chunk.text_hash] = piece
    if len(found) < len(
        {chunk.text_hash for chunk in row.chunks}
    ):  # pieces of one enormous line, or a change
        wanted = {chunk.text_hash for chunk in row.chunks}
        for chunk in parse(row.path, text, structure=bool(row.language)).chunks:
            key = text_hash(row.path, chunk.text)
            if key in wanted:
                found[key] = chunk.text
    return found
