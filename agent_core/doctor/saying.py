"""Checks as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from agent_core.doctor.check import Check
from agent_core.text import one_line

_SIGNS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def lines_of(checks: Sequence[Check]) -> list[str]:
    """A line for each check, below it the next step where there is one."""
    width = max(len(check.name) for check in checks)
    lines: list[str] = []
    for check in checks:
        lines.append(f"{_SIGNS[check.verdict]}  {check.name:<{width}}  {one_line(check.detail)}")
        if check.next_step:
            lines.append(f"      {'':<{width}}  -> {one_line(check.next_step)}")
    return lines
