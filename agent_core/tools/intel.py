"""`intel`: search in the knowledge graph and everything else together."""

from __future__ import annotations

from typing import ClassVar

from agent_core.index.api import SearchMode
from agent_core.tools.places import PlacesTool


class IntelTool(PlacesTool):
    """Ranks with definitions, references and imports between files, too; each place says why it is there."""

    name: ClassVar[str] = "intel"
    summary: ClassVar[str] = "find code and what is connected with it (uses, imports), with reasons"
    mode: ClassVar[SearchMode] = "graph"
    for_agent: ClassVar[bool] = True
