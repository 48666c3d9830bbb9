"""Why a file is among the results, in a few words each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent_core.index.graph import Neighbour
from agent_core.index.rank import RankedFile

_MOST_WORDS = 5


def reasons(file: RankedFile, words: Mapping[str, str], *, related: Sequence[Neighbour]) -> tuple[str, ...]:
    """What speaks for a file, the weightiest first."""
    seen = file.features
    spoken = [words.get(term, term) for term in file.terms[:_MOST_WORDS]]
    found: list[tuple[float, str]] = []
    if spoken:
        found.append((seen["file"] + seen["chunk"], f"speaks of {', '.join(spoken)}"))
    if seen["defined"]:
        found.append((1.0, "defines the name"))
    if seen["names"]:
        found.append((seen["names"], "in what it defines"))
    if seen["base"] or seen["stem"]:
        found.append((seen["base"] + seen["stem"], "in its name"))
    elif seen["path"]:
        found.append((seen["path"] / 2, "in its path"))
    if seen["near"]:
        found.append((seen["near"], "close in meaning"))
    if related:
        found.append((0.0, f"connected with {related[0].path}"))
    return tuple(text for _, text in sorted(found, key=lambda reason: -reason[0]))
