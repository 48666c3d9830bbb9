"""The genuine Kafka, and what the job needs."""

from __future__ import annotations

from tests.fixtures_kafka import kafka
from tests.fixtures_spark import connector

__all__ = ["connector", "kafka"]
