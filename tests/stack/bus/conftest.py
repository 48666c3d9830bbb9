"""A genuine broker."""

from __future__ import annotations

from tests.fixtures_kafka import kafka

__all__ = ["kafka"]
