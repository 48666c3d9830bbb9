"""The texts of a file's chunks, read again when they are needed: they are many, and few are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from agent_core.code.lines import Lines
from agent_core.code.parse import parse
from agent_core.index.digest import FileRow, read_file
from agent_core.index.passage import counted, text_hash
from agent_core.index.rows import ChunkRow


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


def rows_of(root: Path, files: Iterable[FileRow]) -> list[ChunkRow]:
    """The chunks of files as they are stored; those that are no longer so in a file are left out: it comes
    again."""
    rows: list[ChunkRow] = []
    for file in files:
        texts = texts_of(root, file)
        for chunk in file.chunks:
            text = texts.get(chunk.text_hash)
            if text is None:
                continue
            terms = counted(text)
            rows.append(
                ChunkRow(
                    id=chunk.id.hex(),
                    path=file.path,
                    file_hash=file.hash.hex(),
                    language=file.language,
                    role=file.role,
                    kind=chunk.kind,
                    name=chunk.name,
                    start=chunk.start,
                    end=chunk.end,
                    text=text,
                    terms=" ".join(
                        " ".join([term] * count)
                        for term, count in zip(terms.terms, terms.counts, strict=True)
                    ),
                    text_hash=chunk.text_hash,
                )
            )
    return rows
