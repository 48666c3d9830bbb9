"""Policies as files: what is read is sound, whatever lies there."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from agent_core.errors import LearningFault
from agent_core.rl.offline.network import Header, Network
from agent_core.rl.offline.replay import observed
from tests.fixtures_rl import ACTIONS

NAMES = observed(ACTIONS)
HEADER = Header(observed=NAMES, actions=ACTIONS, sizes=(len(NAMES), 8, len(ACTIONS)), seed=3, steps=70)


def network(seed: int = 0) -> Network:
    random = np.random.default_rng(seed)
    return Network(
        HEADER,
        tuple(
            (
                random.normal(size=(outputs, inputs)).astype(np.float32),
                random.normal(size=outputs).astype(np.float32),
            )
            for inputs, outputs in zip(HEADER.sizes, HEADER.sizes[1:], strict=False)
        ),
    )


def load(path: Path) -> Network:
    return Network.load(path, observed=NAMES, actions=ACTIONS)


def seen(count: int, *, tried: int = -1) -> Any:
    made = np.random.default_rng(9).random((count, len(NAMES))).astype(np.float32)
    first = NAMES.index("run_tests.tried")
    made[:, first : first + len(ACTIONS)] = 0
    if tried >= 0:
        made[:, first + tried] = 1
    return made


def arrays(**changed: Any) -> dict[str, Any]:
    """What a file of the network holds, with some of it changed."""
    own: dict[str, Any] = {"header": np.frombuffer(msgspec.json.encode(HEADER), dtype=np.uint8)}
    for number, (weights, biases) in enumerate(network().layers):
        own |= {f"weights{number}": weights, f"biases{number}": biases}
    return {name: value for name, value in (own | changed).items() if value is not None}


def header(**changed: Any) -> Any:
    plain = msgspec.to_builtins(HEADER) | changed
    return np.frombuffer(msgspec.json.encode(plain), dtype=np.uint8)


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    own = network()
    own.save(tmp_path / "policy.npz")
    other = load(tmp_path / "policy.npz")
    assert other.header == HEADER
    assert np.array_equal(own.scores(seen(5)), other.scores(seen(5)))


def test_an_order_has_every_action_once_and_what_has_run_last() -> None:
    own = network()
    for tried in (-1, 0, 1, 2):
        orders = own.orders(seen(50, tried=tried))
        assert (np.sort(orders, axis=1) == np.arange(len(ACTIONS))).all()
        if tried >= 0:
            assert (orders[:, -1] == tried).all()
    assert len(np.unique(own.orders(seen(50)), axis=0)) > 1, "it hangs on what is seen"


def test_the_next_of_an_order_is_what_is_best_once_the_first_has_run() -> None:
    own, now = network(), seen(20)
    orders = own.orders(now)
    assert (orders[:, 0] == own.scores(now).argmax(axis=1)).all()
    now[np.arange(20), NAMES.index("run_tests.tried") + orders[:, 0]] = 1
    assert (orders[:, 1] == own.scores(now).argmax(axis=1)).all()


BROKEN: list[tuple[str, Callable[[], dict[str, Any]]]] = [
    ("no finite number", lambda: arrays(biases0=np.full(8, np.nan, dtype=np.float32))),
    ("no finite number", lambda: arrays(weights1=np.full((3, 8), np.inf, dtype=np.float32))),
    ("shape", lambda: arrays(weights0=np.zeros((9, len(NAMES)), dtype=np.float32))),
    ("not of float32", lambda: arrays(weights0=np.zeros((8, len(NAMES)), dtype=np.float64))),
    ("not of float32", lambda: arrays(biases1=np.array([None, "x", 1], dtype=object))),
    ("no item named", lambda: arrays(biases1=None)),
    ("no item named", lambda: arrays(header=None)),
    ("version 2", lambda: arrays(header=header(version=2))),
    ("impossible sizes", lambda: arrays(header=header(sizes=[len(NAMES), 10**12, 3]))),
    ("impossible sizes", lambda: arrays(header=header(sizes=[len(NAMES)]))),
    ("do not fit", lambda: arrays(header=header(sizes=[len(NAMES), 8, 4]))),
    ("other things", lambda: arrays(header=header(observed=["x", *NAMES[1:]]))),
    ("it does not see", lambda: arrays(header=header(observed=[*NAMES[:-9], *NAMES[-1:-10:-1]]))),
    ("header is too long", lambda: arrays(header=np.zeros(100_000, dtype=np.uint8))),
]


@pytest.mark.parametrize(("why", "made"), BROKEN, ids=[str(n) for n in range(len(BROKEN))])
def test_what_is_no_policy_is_refused_with_a_reason(
    tmp_path: Path, why: str, made: Callable[[], dict[str, Any]]
) -> None:
    path = tmp_path / "policy.npz"
    np.savez(path, allow_pickle=True, **made())
    with pytest.raises(LearningFault, match=why) as raised:
        load(path)
    assert "rl train" in raised.value.hint


def test_a_file_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "policy.npz"
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "<f4", "fortran_order": False, "shape": (1 << 20, 1 << 10)}
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays(weights0=None).items():
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, array, version=(1, 0))
        archive.writestr("weights0.npy", head.getvalue() + bytes(1 << 20))
    with pytest.raises(LearningFault, match="shape"):
        load(path)
    path.write_bytes(bytes(9 * 1024 * 1024))
    with pytest.raises(LearningFault, match="too large"):
        load(path)


@pytest.mark.parametrize("head", ["(((", "'''", "{'descr': 3L, 'x'", "{"])
def test_a_head_that_is_no_python_is_refused(tmp_path: Path, head: str) -> None:
    path = tmp_path / "policy.npz"
    text = head.encode().ljust(117) + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.npy", np.lib.format.magic(1, 0) + struct.pack("<H", len(text)) + text)
    with pytest.raises(LearningFault):
        load(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LearningFault, match="cannot be read"):
        load(tmp_path / "none.npz")
    with pytest.raises(LearningFault, match="cannot be read"):
        load(tmp_path)


def test_damage_is_refused_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "policy.npz"
    network().save(path)
    data = bytearray(path.read_bytes())
    random = np.random.default_rng(2)
    refused = 0
    for _ in range(300):
        damaged = bytearray(data)
        for place in random.integers(len(data), size=3):
            damaged[place] ^= int(random.integers(1, 256))
        path.write_bytes(damaged[: int(random.integers(1, len(data)))] if random.random() < 0.2 else damaged)
        try:
            read = load(path)
        except LearningFault:
            refused += 1
        else:
            assert np.isfinite(read.scores(seen(2))).all()
    assert refused > 200
