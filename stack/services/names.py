"""The programs of ours in the stack: their names and their port."""

from __future__ import annotations

PORT = 8900
"""Where each of them answers /health and /metrics, inside its container."""
PORT_VARIABLE = "DSPY_TUI_PORT"
SERVICE_VARIABLE = "DSPY_TUI_SERVICE"
"""Says to a worker, and of one, for which service it works."""
PROGRAMS = (
    "dspy-agent",
    "dspy-worker",
    "dspy-worker-backend",
    "dspy-worker-frontend",
    "dspy-router",
    "dspy-trainer",
    "spark",
)
