"""`vretr`: search by vectors alone."""

from __future__ import annotations

from typing import ClassVar

from agent_core.index.api import SearchMode
from agent_core.tools.places import PlacesTool


class VretrTool(PlacesTool):
    """Ranks places by how near their meaning is, and by nothing else; waits for the vectors."""

    name: ClassVar[str] = "vretr"
    summary: ClassVar[str] = "find code by meaning alone (vectors)"
    mode: ClassVar[SearchMode] = "vector"
    for_agent: ClassVar[bool] = False
