"""The job is killed amid its batches: what a reader of its topic has in the end is what was sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.spark import crashed
from tests.fixtures_kafka import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.spark]


def test_killed_amid_batches_nothing_is_lost_and_repeats_are_known(
    kafka: Kafka, connector: Path, tmp_path: Path
) -> None:
    found = crashed(kafka, connector, tmp_path, count=20_000)
    assert found["kills"] >= 2 and found["repeated_recognised"] > 0
    assert (found["lost"], found["repeated_unrecognised"]) == (0, 0), found
