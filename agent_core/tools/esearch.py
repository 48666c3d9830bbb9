"""`esearch`: semantic search over the indexed code."""

from __future__ import annotations

from typing import ClassVar

from agent_core.index.api import SearchMode
from agent_core.tools.places import PlacesTool


class EsearchTool(PlacesTool):
    """Ranks places by words, names, definitions and meaning together."""

    name: ClassVar[str] = "esearch"
    summary: ClassVar[str] = "find the code that a question in words is about"
    mode: ClassVar[SearchMode] = "hybrid"
    for_agent: ClassVar[bool] = True
