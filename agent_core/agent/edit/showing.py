"""The files that a change is about, as a model has to see them: as they stand, without line numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from agent_core.agent.budget import Mentioned
from agent_core.agent.estimate import Estimate
from agent_core.agent.markdown import fenced
from agent_core.errors import ToolError, WorkspaceError
from agent_core.events import Hit
from agent_core.text import plural
from agent_core.workspace import Workspace

_AROUND = (60, 30, 12, 4)
"""Lines around a place that are shown, the most that fits."""
_AROUND_TOKENS = 16
"""What the prompt, the fence and the path take besides."""


def shown_files(
    paths: Sequence[str],
    hits: Iterable[Hit],
    *,
    workspace: Workspace,
    tokens: int,
    count: Estimate,
    mask: Callable[[str], str],
) -> tuple[Mentioned, ...]:
    """The files whole where they fit, else the lines around the places that were found in them.

    Args:
        paths: The files, the most important first; those that cannot be read are left out.
        hits: The places.
        workspace: Where they are.
        tokens: Room for all of them together.
        count: Estimates tokens.
        mask: Hides secrets.
    """
    found: list[Mentioned] = []
    places = list(hits)
    for number, path in enumerate(paths):
        share = tokens // (len(paths) - number) - count(path) - _AROUND_TOKENS
        try:
            lines = workspace.read_text(path).lines
        except (ToolError, WorkspaceError):
            continue
        spans = [(hit.start, hit.end) for hit in places if hit.path == path]
        text = _fitting(lines, spans, share, count)
        if text:
            shown = fenced(mask(text))
            found.append(Mentioned(path, shown))
            tokens -= count(shown) + count(path) + _AROUND_TOKENS
    return tuple(found)


def _fitting(lines: Sequence[str], spans: list[tuple[int, int]], share: int, count: Estimate) -> str:
    whole = "\n".join(lines)
    if count(whole) <= share:
        return whole
    for around in _AROUND:
        text = _parts(lines, spans or [(1, 1)], around)
        if count(text) <= share:
            return text
    return count.cut(_parts(lines, (spans or [(1, 1)])[:1], _AROUND[-1]), share)


def _parts(lines: Sequence[str], spans: list[tuple[int, int]], around: int) -> str:
    """The lines around the spans; what is between them is named by how much it is."""
    shown: list[str] = []
    at = 0
    for start, end in _merged(spans, around, len(lines)):
        if start > at:
            shown.append(f"[{plural(start - at, 'line')} not shown]")
        shown += lines[start:end]
        at = end
    if at < len(lines):
        shown.append(f"[{plural(len(lines) - at, 'line')} not shown]")
    return "\n".join(shown)


def _merged(spans: Iterable[tuple[int, int]], around: int, total: int) -> list[tuple[int, int]]:
    """The spans (lines from 1, both inclusive) with lines around them, as ranges from 0 that do not touch."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        start, end = max(0, first - 1 - around), min(total, last + around)
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
