"""The evaluation of a workspace's log as a program: `python -m agent_core.rl.ope ROOT` writes it as JSON."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from agent_core.rl.api import Evaluation
from agent_core.rl.records import Control, Decision, Score

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""The matrices are small: more threads only take the processor away from others."""


def scores_since_reset(root: Path) -> list[Score]:
    """The scores of the log of the workspace at `root`, each once, since what was learnt was reset last.

    What was decided before a reset and scored after it is left out, too.
    """
    from agent_core.rl.store.log import Log
    from agent_core.rl.store.reading import each_once

    scores: list[Score] = []
    waiting: set[str] = set()
    forgotten: set[str] = set()
    _, lines = Log(root).since(None)
    for record, _ in each_once(lines):
        if isinstance(record, Decision):
            waiting.add(record.id)
        elif isinstance(record, Score):
            waiting.discard(record.decision)
            if record.decision not in forgotten:
                scores.append(record)
        elif isinstance(record, Control) and record.what == "reset":
            scores.clear()
            forgotten |= waiting
    return scores


def evaluation_of(root: Path) -> Evaluation:
    """The evaluation of the workspace at `root`; raises OSError when its log cannot be read."""
    from agent_core.rl.bandit.choose import make_policy
    from agent_core.rl.config import load_rl_config
    from agent_core.rl.ope.evaluating import evaluate

    config, _ = load_rl_config(root)
    return evaluate(scores_since_reset(root), make_policy=lambda knowledge: make_policy(config, knowledge))


def main() -> None:
    """Write it to standard output; ends with 1 and a sentence when the log cannot be read."""
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    try:
        found = evaluation_of(Path(sys.argv[1]))
    except OSError as error:
        sys.exit(f"the log cannot be read: {error.strerror or error}")
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
