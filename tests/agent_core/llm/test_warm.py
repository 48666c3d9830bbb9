"""Loading in a thread: no collection walks what is loaded, neither meanwhile nor afterwards."""

from __future__ import annotations

import subprocess
import sys

LOAD = """
import asyncio, gc
from agent_core.llm.dspy_engine import preload

before = gc.get_freeze_count()
full = []
gc.callbacks.append(lambda phase, info: full.append(info["generation"]) if info["generation"] == 2 else None)
asyncio.run(preload())
loaded = gc.get_freeze_count() - before
gc.collect()
print(gc.isenabled(), len(full) - 2, loaded > 100_000)
"""


def test_what_is_loaded_is_set_aside_and_set_off_no_full_collection() -> None:
    done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "0", "True"]
