"""What the process with the query says of itself."""

from __future__ import annotations

from typing import Literal

import msgspec


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How the job stands; figures are those of `Totals`, and of the last batch."""

    state: Literal["starting", "working", "degraded"]
    reason: str
    figures: dict[str, float] = {}
