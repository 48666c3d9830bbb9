"""The index process. The processes that it starts import what theirs is called, but no file of this name."""

from __future__ import annotations

from agent_core.index.worker import main

if __name__ == "__main__":
    main()
