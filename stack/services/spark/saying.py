"""Logging in processes that Spark starts: whoever runs the job reads it from their standard error."""

from __future__ import annotations

import logging


def set_up_logging() -> None:
    """Say the level with each message, which is how the job tells warnings; once set up, it stays."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
