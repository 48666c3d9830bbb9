"""A genuine broker, and what Spark's job needs."""

from __future__ import annotations

from tests.fixtures_kafka import kafka
from tests.fixtures_spark import connector

__all__ = ["connector", "kafka"]
