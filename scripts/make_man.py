"""Write docs/man/dspy-tui.1 from the table of options and the tools."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from agent_core.runtime import open_runtime
from agent_core.tools.base import AnyTool
from stack.tool import StackTool
from tui.manpage import page

PAGE = Path(__file__).resolve().parent.parent / "docs" / "man" / "dspy-tui.1"


async def own_tools() -> list[AnyTool]:
    """The tools of this program, without those that plugins bring."""
    with tempfile.TemporaryDirectory() as folder:
        runtime = open_runtime(folder, env={}, interactive=False, tools=(StackTool(),))
        try:
            found = runtime.registry.all()
        finally:
            await runtime.aclose()
    return [tool for tool in found if type(tool).__module__.partition(".")[0] in ("agent_core", "stack")]


def main() -> int:
    """Write it; returns the exit code."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(asyncio.run(own_tools())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
