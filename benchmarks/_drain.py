"""Runs inside Drain3's own environment (see `benchmarks/peers.py`): mines the templates of some logs.

Reads one job as JSON from standard input and writes the result as JSON to the file that it names. Needs
nothing of this project.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from drain3 import TemplateMiner  # pyright: ignore[reportMissingImports]
from drain3.masking import MaskingInstruction  # pyright: ignore[reportMissingImports]
from drain3.template_miner_config import TemplateMinerConfig  # pyright: ignore[reportMissingImports]

_BEFORE, _BEHIND = r"((?<=[^A-Za-z0-9])|^)", r"((?=[^A-Za-z0-9])|$)"
MASKS = (
    r"([0-9a-f]{2,}:){3,}([0-9a-f]{2,})",
    r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}",
    r"([0-9a-f]{6,} ?){3,}",
    r"([0-9A-F]{4} ?){4,}",
    r"0x[a-f0-9A-F]+",
    r"[\-\+]?\d+",
)
"""Addresses, identifiers and numbers: the example configuration of its documentation."""


def mined(messages: Iterable[str], masks: bool) -> dict[str, Any]:
    """The final template of each message, and the CPU seconds that reading and mining them took."""
    config = TemplateMinerConfig()
    config.profiling_enabled = False
    if masks:
        config.masking_instructions = [
            MaskingInstruction(f"{_BEFORE}({mask}){_BEHIND}", "*") for mask in MASKS
        ]
    miner: Any = TemplateMiner(config=config)
    began = time.process_time()
    clusters = [miner.add_log_message(message.rstrip("\n"))["cluster_id"] for message in messages]
    used = time.process_time() - began
    templates = {cluster.cluster_id: cluster.get_template() for cluster in miner.drain.clusters}
    return {"templates": [templates[cluster] for cluster in clusters], "cpu_s": used}


def main() -> None:
    job = json.load(sys.stdin)
    result = {name: mined(messages, job["masks"]) for name, messages in job["logs"].items()}
    for name, path in job["files"].items():
        with Path(path).open(encoding="utf-8", errors="replace", newline="\n") as lines:
            result[name] = mined(lines, job["masks"])
    Path(job["result"]).write_text(json.dumps(result))


if __name__ == "__main__":
    main()
