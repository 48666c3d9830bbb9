"""A trained policy as plain arrays: it is run by numpy alone, where nothing of what trains is installed."""

from __future__ import annotations

import io
import math
import tokenize
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent_core.errors import LearningFault
from agent_core.files import read_bounded, write_atomic
from agent_core.text import one_line, shorten

VERSION = 1
TRIED = 1e9
"""What is taken off the score of an action that has run."""
_LIMIT = 8 * 1024 * 1024
_HEADER, _LONGEST_HEADER = "header", 64 * 1024
_MOST_LAYERS, _MOST_UNITS = 8, 4096
_SHOWN = 200
Layer = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Weights (out, in) and biases (out,)."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy is.

    Args:
        observed: The names of the numbers that it sees, in their order; `ACTION.tried` is 1 for what has run.
        actions: What it chooses among.
        sizes: How many numbers go into each layer, and how many come out of the last.
        seed: Of the training.
        steps: Of the training until the weights were these.
        fingerprint: Of what it was trained on, and how.
    """

    version: int = VERSION
    observed: tuple[str, ...]
    actions: tuple[str, ...]
    sizes: tuple[int, ...]
    seed: int = 0
    steps: int = 0
    fingerprint: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Network:
    """Layers with tanh between them; the last one's outputs are the scores of the actions.

    Args:
        header: What it is.
        layers: From what is seen to the scores.
    """

    header: Header
    layers: tuple[Layer, ...]

    def scores(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of each action, the higher the sooner, (n, A), for observations (n, D); what has run is last."""
        value = seen
        for number, (weights, biases) in enumerate(self.layers):
            value = value @ weights.T + biases
            if number < len(self.layers) - 1:
                value = np.tanh(value)
        return value - np.float32(TRIED) * seen[:, self._tried]

    def orders(self, seen: NDArray[np.float32]) -> NDArray[np.int64]:
        """In which order it runs the actions as long as none tells anything, (n, A).

        Args:
            seen: Observations (n, D); what has run already comes last.
        """
        seen = seen.copy()
        rows = np.arange(len(seen))
        orders = np.empty((len(seen), len(self.header.actions)), dtype=np.int64)
        tried = seen[:, self._tried]
        placed = np.zeros(orders.shape, dtype=bool)
        for place in range(len(self.header.actions)):
            chosen = np.where(placed, -np.inf, self.scores(seen)).argmax(axis=1)
            orders[:, place] = chosen
            placed[rows, chosen] = True
            tried[rows, chosen] = 1
        return orders

    def save(self, path: Path) -> None:
        """Write it as a whole; raises OSError."""
        arrays = {_HEADER: np.frombuffer(msgspec.json.encode(self.header), dtype=np.uint8)}
        for number, (weights, biases) in enumerate(self.layers):
            arrays |= {f"weights{number}": weights, f"biases{number}": biases}
        data = io.BytesIO()
        np.savez(data, allow_pickle=False, **arrays)
        write_atomic(path, data.getvalue())

    @classmethod
    def load(cls, path: Path, *, observed: tuple[str, ...], actions: tuple[str, ...]) -> Network:
        """Read one.

        Args:
            path: The file.
            observed: What it has to see.
            actions: What it has to choose among.

        Raises:
            LearningFault: It cannot be read, is none, is one of something else, or holds what is no number.
        """
        try:
            header, layers = _read(read_bounded(path, _LIMIT + 1))
        except OSError as error:
            raise _refused(path, f"it cannot be read ({error.strerror or error})") from error
        except (ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
            raise _refused(path, shorten(one_line(str(error)), _SHOWN)) from error
        if header.observed != observed or header.actions != actions:
            raise _refused(path, "it sees or chooses among other things than this version does")
        return cls(header, layers)

    @property
    def _tried(self) -> slice:
        first = self.header.observed.index(f"{self.header.actions[0]}.tried")
        return slice(first, first + len(self.header.actions))


def _read(data: bytes) -> tuple[Header, tuple[Layer, ...]]:
    if len(data) > _LIMIT:
        raise ValueError("it is too large")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        header = _header(archive)
        layers: list[Layer] = []
        for number, (inputs, outputs) in enumerate(zip(header.sizes, header.sizes[1:], strict=False)):
            weights = _array(archive, f"weights{number}", (outputs, inputs))
            layers.append((weights, _array(archive, f"biases{number}", (outputs,))))
    return header, tuple(layers)


def _header(archive: zipfile.ZipFile) -> Header:
    with archive.open(f"{_HEADER}.npy") as file:
        (length,) = _described(file, np.dtype(np.uint8), 1)
        if length > _LONGEST_HEADER:
            raise ValueError("its header is too long")
        header = msgspec.json.decode(file.read(length), type=Header)
    sizes, tried = header.sizes, tuple(f"{action}.tried" for action in header.actions)
    if header.version != VERSION:
        raise ValueError(f"it is of version {header.version}, and this program knows {VERSION}")
    if not 2 <= len(sizes) <= _MOST_LAYERS + 1 or not all(0 < size <= _MOST_UNITS for size in sizes):
        raise ValueError("its layers have impossible sizes")
    if (sizes[0], sizes[-1]) != (len(header.observed), len(header.actions)):
        raise ValueError("its layers do not fit what it sees and chooses among")
    first = header.observed.index(tried[0])
    if header.observed[first : first + len(tried)] != tried:
        raise ValueError("it does not see which actions have run")
    return header


def _array(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """An array whose shape and kind are known before any of it is unpacked."""
    with archive.open(f"{name}.npy") as file:
        found = _described(file, np.dtype(np.float32), len(shape))
        if found != shape:
            raise ValueError(f"{name} has the shape {found}, not {shape}")
        count = math.prod(shape)
        values = np.frombuffer(file.read(4 * count), dtype=np.float32)
    if len(values) != count:
        raise ValueError(f"{name} is cut off")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds what is no finite number")
    return values.reshape(shape)


def _described(file: IO[bytes], kind: np.dtype[np.generic], dimensions: int) -> tuple[int, ...]:
    """The shape that the head of an array's file tells; what is not of the kind is refused."""
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError("an array in it is of an unknown format")
    try:
        with warnings.catch_warnings(action="error"):  # numpy parses it as Python, and warns of what is odd
            shape, columns_first, found = np.lib.format.read_array_header_1_0(file)
    except (tokenize.TokenError, SyntaxError, UserWarning) as error:
        raise ValueError("the head of an array in it cannot be read") from error
    if found != kind or (columns_first and dimensions > 1) or len(shape) != dimensions:
        raise ValueError(f"an array in it is not of {kind} with {dimensions} dimensions")
    return shape


def _refused(path: Path, why: str) -> LearningFault:
    return LearningFault(f"The policy {path.name} cannot be used: {why}", hint="`rl train` makes a new one.")
