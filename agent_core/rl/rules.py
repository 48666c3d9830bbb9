"""What is believed before anything was learnt: which feature speaks for which tool, and by how much.

These are the means of the prior of `knowledge.py`, in units of reward. A few dozen observations outweigh
them. They are higher than what most tools will bring: so each is tried until it is known to bring less, which
finds the best sooner than a modest belief does.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent_core.rl.api import SAFE_TOOLS

_FIRST, _LAST = 0.5, 0.42
"""What is expected of the first and the last tool of the fixed order, whatever the situation."""

RULES: Mapping[str, Mapping[str, float]] = {
    "ctx": {"logs": 0.08, "error": 0.04, "failed": 0.04, "log_errors": 0.05, "log_new": 0.03},
    "codectx": {"structure": 0.05, "what": 0.03, "path": 0.03, "nothing_asked": 0.03},
    "grep": {"symbol": 0.05, "pattern": 0.06, "where": 0.03, "no_index": 0.03},
    "esearch": {"plain": 0.04, "how": 0.03, "where": 0.03, "no_index": -0.05},
    "plan": {"change": 0.08, "long": 0.03, "tests": 0.02},
    "tree": {"structure": 0.05, "nothing_asked": 0.04, "looked": -0.03},
    "ls": {"nothing_asked": 0.03, "path": 0.02, "looked": -0.03},
    "index": {"no_index": 0.05, "behind": 0.05},
    "emb-index": {"no_vectors": 0.03, "plain": 0.02},
    "intel": {"symbol": 0.04, "where": 0.03, "why": 0.02, "no_index": -0.05},
    "vretr": {"plain": 0.03, "how": 0.03, "no_vectors": -0.05},
}
"""By tool and feature: what the feature, where it is 1, adds to the expected reward."""


def in_general(tool: str) -> float:
    """The expected reward of a tool in a situation without features: earlier in the fixed order is better."""
    return _FIRST - (_FIRST - _LAST) * SAFE_TOOLS.index(tool) / (len(SAFE_TOOLS) - 1)
