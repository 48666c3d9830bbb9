"""Stack traces in logs: recognised, parsed, collapsed, counted as equal, linked to the workspace's files.

What other packages use is named here; nothing of it is slow to import.
"""

from agent_core.logs.traces.collapsing import Own, collapse
from agent_core.logs.traces.grouping import TRACE_LINE, groups, joins
from agent_core.logs.traces.linking import mentioned, places
from agent_core.logs.traces.model import Trace
from agent_core.logs.traces.parsing import parse
from agent_core.logs.traces.paths import Paths
from agent_core.logs.traces.signing import signature

__all__ = [
    "TRACE_LINE",
    "Own",
    "Paths",
    "Trace",
    "collapse",
    "groups",
    "joins",
    "mentioned",
    "parse",
    "places",
    "signature",
]
