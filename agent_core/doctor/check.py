"""What a check says."""

from __future__ import annotations

from typing import Literal

import msgspec

CheckVerdict = Literal["ok", "warn", "fail"]


class Check(msgspec.Struct, frozen=True):
    """One check. `warn`: something is missing that the program does without; `fail`: it stands in the way.

    `next_step` is what to do about it, "" when there is nothing to do.
    """

    name: str
    verdict: CheckVerdict
    detail: str
    next_step: str = ""
