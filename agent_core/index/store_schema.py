"""How rows and vectors lie in LanceDB: names, columns, and the way there and back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from agent_core.index.rows import ChunkRow
from agent_core.index.store_lance import arrow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent_core.index.embed.port import EmbedderInfo

CHUNKS = "chunks_1"
"""What the table of chunks is called; the number is the format's."""
VECTOR_PREFIX = "vectors_1_"
"""What the names of vector tables and of the chunks' vector columns begin with; the embedder follows."""
COLUMNS = ChunkRow.__struct_fields__
HASH_BYTES = 16

_NUMBERS = ("start", "end")
_ESCAPED = "\0"
"""First character of a stored path that is not valid Unicode; no real path holds it."""


class VectorRows(msgspec.Struct, frozen=True):
    """Vectors and what they were made of: `hashes[i]` belongs to row `i` of `matrix`, (len(hashes), dims)."""

    hashes: list[bytes]
    matrix: NDArray[np.float32]


def vector_name(embedder: EmbedderInfo) -> str:
    """The name of an embedder's table and column: readable, and different for every id and length."""
    digest = hashlib.blake2s(f"{embedder.id}\0{embedder.dims}".encode(), digest_size=4).hexdigest()
    return f"{VECTOR_PREFIX}{readable(embedder.id)}_{embedder.dims}_{digest}"


def owned(name: str, owner: str) -> str:
    """The name of a table that belongs to one workspace; `owner` is "" where there are no others."""
    return f"{name}_{owner}" if owner else name


def readable(name: str) -> str:
    """As much of a name as a table may be called."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40]


def chunk_schema() -> Any:
    """The chunk table's Arrow schema, without vectors."""
    pa = arrow()
    kinds: dict[str, Any] = {name: pa.int32() for name in _NUMBERS} | {"text_hash": pa.binary(HASH_BYTES)}
    return pa.schema([pa.field(name, kinds.get(name, pa.utf8())) for name in COLUMNS])


def vector_field(name: str, dims: int) -> Any:
    """A column of vectors.

    They are stored in half precision: for vectors of length 1 that moves a cosine by less than 0.0005, far
    less than what separates two hits, and takes half the disk.
    """
    pa = arrow()
    return pa.field(name, pa.list_(pa.float16(), dims))


def chunk_table(rows: Sequence[ChunkRow]) -> Any:
    """Rows as an Arrow table, without vectors."""
    pa = arrow()
    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in COLUMNS}
    columns["path"] = [pack_path(path) for path in columns["path"]]
    try:
        return pa.table(columns, schema=chunk_schema())
    except UnicodeEncodeError:  # half a character pair, which a file can hold and the table cannot
        cleaned = {name: [_clean(value) for value in values] for name, values in columns.items()}
        return pa.table(cleaned, schema=chunk_schema())


def vector_array(hashes: Sequence[bytes], vectors: Mapping[bytes, NDArray[np.float32]], dims: int) -> Any:
    """The vectors of hashes as an Arrow column, null where there is none."""
    pa = arrow()
    matrix = np.zeros((len(hashes), dims), dtype=np.float16)
    missing = np.ones(len(hashes), dtype=np.bool_)
    for place, text_hash in enumerate(hashes):
        if (vector := vectors.get(text_hash)) is not None:
            matrix[place] = vector
            missing[place] = False
    mask = pa.array(missing) if missing.any() else None
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1)), dims, mask=mask)


def hash_array(hashes: Sequence[bytes]) -> Any:
    """Text hashes as an Arrow column."""
    pa = arrow()
    return pa.array(hashes, pa.binary(HASH_BYTES))


def vector_rows(table: Any, column: str, dims: int) -> VectorRows:
    """The columns `text_hash` and `column` (which holds no null) of an Arrow table; each hash once."""
    hashes: list[bytes] = table["text_hash"].to_pylist()
    chunks: list[NDArray[np.float16]] = [part.flatten().to_numpy() for part in table[column].chunks]
    flat = np.concatenate(chunks) if chunks else np.empty(0, dtype=np.float16)
    matrix = flat.reshape(-1, dims)
    place_of = {text_hash: place for place, text_hash in enumerate(hashes)}
    places = np.fromiter(place_of.values(), dtype=np.int64, count=len(place_of))
    return VectorRows(list(place_of), matrix[places].astype(np.float32))


def pack_path(path: str) -> str:
    """A path as it is stored. A file name need not be Unicode; the table's strings are."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return _ESCAPED + path.encode("utf-8", "surrogatepass").hex()
    return path


def unpack_path(stored: str) -> str:
    """The path that `pack_path` stored."""
    if not stored.startswith(_ESCAPED):
        return stored
    return bytes.fromhex(stored.removeprefix(_ESCAPED)).decode("utf-8", "surrogatepass")


def text_literal(value: str) -> str:
    """A string as SQL; quotes are the only thing that a literal gives a meaning to."""
    return "'" + value.replace("'", "''") + "'"


def paths_condition(paths: Iterable[str]) -> str:
    """SQL for the rows of some paths (at least one)."""
    return f"path IN ({', '.join(text_literal(pack_path(path)) for path in paths)})"


def hashes_condition(hashes: Iterable[bytes]) -> str:
    """SQL for the rows with some text hashes (at least one)."""
    literals = ", ".join(f"X'{text_hash.hex()}'" for text_hash in hashes)
    return f"text_hash IN ({literals})"


def _clean(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
