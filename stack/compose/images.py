"""The images that the stack is made of, each with the version that it was tried with."""

from __future__ import annotations

KAFKA = "apache/kafka:4.3.1"
SPARK = "apache/spark:4.2.0-python3"
OLLAMA = "ollama/ollama:0.17.4"
PYTHON = "python:3.11-slim"
PROMETHEUS = "prom/prometheus:v3.5.0"
GRAFANA = "grafana/grafana:12.0.2"

OUR_NAMES = {"app": "dspy-tui", "spark": "dspy-tui-spark"}
"""What our images are called, by the stage of the Dockerfile that makes them; the tag is the stack's own."""
LABEL = "dev.dspy-tui.image"
"""The label that our images and the stages on the way to them carry: whoever frees space knows them by it."""
USER = "10001:10001"
"""Whom our images run as, and who owns the volumes."""
PYTHON_IN_IMAGE = "/opt/app/bin/python"
"""The interpreter of the environment that both of our images have."""
SPARK_PACKAGES = (
    "msgspec>=0.20,<1",
    "kafka-python[crc32c]>=3.0.12,<3.1",
    "lz4>=4.4,<5",
    "python-snappy>=0.7.3,<0.8",
    "zstandard>=0.23,<1",
    "pandas>=2.2,<3",
    "pyarrow>=26.0,<27",
    "protobuf>=5",
)
"""What the Spark job needs beside our own package and Spark's own Python part, which the image brings."""
