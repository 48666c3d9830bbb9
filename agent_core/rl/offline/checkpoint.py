"""A training that was interrupted: written as a whole, so that one that is killed goes on from the last."""

# PyTorch is not there in every environment that this is checked in, so nothing is known of its types.
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from agent_core.errors import TrainingFault
from agent_core.files import read_bounded, write_atomic
from agent_core.rl.offline.network import Layer
from agent_core.rl.offline.progress import Point

FILE = "checkpoint"
_LIMIT = 256 * 1024 * 1024
_DIGEST = hashlib.sha256().digest_size
_ANEW = "Train without --resume: that begins anew."


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far a training is.

    Args:
        curve: The points at which it was looked; the last one is now.
        best: Of them the one whose weights are kept.
        waiting: So often it was looked since then.
    """

    curve: tuple[Point, ...]
    best: Point
    waiting: int


class Checkpoint(NamedTuple):
    """All that is needed to go on.

    Args:
        standing: How far it is.
        learner: The state of what learns: tensors and plain values.
        world: The state of a replay: arrays and plain values.
        best: The weights that are kept.
    """

    standing: Standing
    learner: Mapping[str, Any]
    world: Mapping[str, Any]
    best: tuple[Layer, ...]


def save(folder: Path, checkpoint: Checkpoint, *, fingerprint: str) -> None:
    """Write it into the folder of the training; raises OSError, and the one before is untouched then."""
    told = {
        "fingerprint": fingerprint,
        "standing": msgspec.to_builtins(checkpoint.standing),
        "learner": checkpoint.learner,
        "world": {name: _tensor(value) for name, value in checkpoint.world.items()},
        "best": [[_tensor(array) for array in layer] for layer in checkpoint.best],
    }
    data = io.BytesIO()
    torch.save(told, data)
    body = data.getvalue()
    write_atomic(folder / FILE, hashlib.sha256(body).digest() + body)


def load(folder: Path, *, fingerprint: str) -> Checkpoint | None:
    """The one of the folder; None where there is none.

    Raises:
        TrainingFault: It is damaged, or of another training.
    """
    try:
        data = read_bounded(folder / FILE, _LIMIT)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TrainingFault(f"The checkpoint cannot be read ({error.strerror or error})") from error
    body = data[_DIGEST:]
    if hashlib.sha256(body).digest() != data[:_DIGEST]:
        raise TrainingFault("The checkpoint is damaged", hint=_ANEW)
    told: dict[str, Any] = torch.load(io.BytesIO(body), weights_only=True)
    if told["fingerprint"] != fingerprint:
        raise TrainingFault(
            "The checkpoint is of another training: of other changes, another configuration or other options",
            hint=_ANEW,
        )
    return Checkpoint(
        msgspec.convert(told["standing"], Standing),
        told["learner"],
        {name: _array(value) for name, value in told["world"].items()},
        tuple((_array(weights), _array(biases)) for weights, biases in told["best"]),
    )


def _tensor(value: Any) -> Any:
    return torch.from_numpy(value) if isinstance(value, np.ndarray) else value


def _array(value: Any) -> NDArray[Any] | Any:
    return value.numpy() if isinstance(value, torch.Tensor) else value
