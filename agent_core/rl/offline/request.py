"""What is to be trained, and how: it lies in a folder, from which a process of its own reads it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from agent_core.errors import TrainingFault
from agent_core.files import read_bounded, write_atomic
from agent_core.rl.offline.changes import CHANGE_FEATURES
from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.episodes import Episodes
from agent_core.rl.offline.options import Options, check_options
from agent_core.rl.offline.replay import LOG_FEATURES

if TYPE_CHECKING:
    from numpy.typing import NDArray

POLICY = "policy.npz"
"""What a training leaves in its folder at its end; `Network.load` reads it."""
_VERSION = 2
"""Another one's checkpoints don't go on here: training came to other numbers then."""
_REQUEST, _EPISODES = "request.json", "episodes.npz"
_MEASURE = "measure."
_LIMIT = 1 << 30


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """All but the arrays; see `Episodes`. With `resume` the training goes on where a checkpoint is."""

    options: Options
    config: TrainingConfig
    actions: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    resume: bool
    fingerprint: str


def write_request(
    folder: Path, episodes: Episodes, *, config: TrainingConfig, options: Options, resume: bool
) -> Request:
    """Write what a training reads.

    Raises:
        UsageError: The options make no sense.
        TrainingFault: The episodes don't, or there are none.
        OSError: The folder cannot be written.
    """
    check_options(options)
    _check_episodes(episodes)
    request = Request(
        options=options, config=config, actions=episodes.actions, names=episodes.names,
        kinds=tuple(episodes.measures), resume=resume,
        fingerprint=fingerprint_of(episodes, config=config, options=options),
    )  # fmt: skip
    data = io.BytesIO()
    np.savez(data, allow_pickle=False, **_arrays(episodes))
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / _EPISODES, data.getvalue())
    write_atomic(folder / _REQUEST, msgspec.json.encode(request))
    return request


def read_request(folder: Path) -> tuple[Request, Episodes]:
    """What `write_request` wrote; raises TrainingFault where it is not that any more."""
    try:
        request = msgspec.json.decode(read_bounded(folder / _REQUEST), type=Request)
        with np.load(io.BytesIO(read_bounded(folder / _EPISODES, _LIMIT)), allow_pickle=False) as arrays:
            episodes = Episodes(
                request.actions, arrays["features"], arrays["found"], arrays["seconds"], arrays["project"],
                request.names, {kind: arrays[_MEASURE + kind] for kind in request.kinds},
            )  # fmt: skip
    except (OSError, ValueError, KeyError, EOFError, RecursionError, zipfile.BadZipFile) as error:
        raise TrainingFault(f"The request in {folder} cannot be read ({error})") from error
    if fingerprint_of(episodes, config=request.config, options=request.options) != request.fingerprint:
        raise TrainingFault(f"The request in {folder} is damaged")
    return request, episodes


def fingerprint_of(episodes: Episodes, *, config: TrainingConfig, options: Options) -> str:
    """The same for the same training alone."""
    told = (_VERSION, options, config, episodes.actions, episodes.names, tuple(episodes.measures))
    digest = hashlib.sha256(msgspec.json.encode(told))
    for name, array in _arrays(episodes).items():
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _arrays(episodes: Episodes) -> dict[str, NDArray[np.generic]]:
    measures = {_MEASURE + kind: values for kind, values in episodes.measures.items()}
    return {
        "features": episodes.features, "found": episodes.found, "seconds": episodes.seconds,
        "project": episodes.project, **measures,
    }  # fmt: skip


def _check_episodes(episodes: Episodes) -> None:
    if not len(episodes):
        raise TrainingFault("There is nothing to train on: no change was recorded", hint=_RECORD)
    if episodes.features.shape[1] != len(CHANGE_FEATURES) + len(LOG_FEATURES):
        raise TrainingFault(
            "The recorded changes were looked at by another version of this program", hint=_RECORD
        )
    for name, array in (("what is seen", episodes.features), ("the seconds", episodes.seconds)):
        if not np.isfinite(array).all():
            raise TrainingFault(f"In the recorded changes, {name} are not finite numbers", hint=_RECORD)


_RECORD = "`rl train` records changes of the workspace before it trains."
