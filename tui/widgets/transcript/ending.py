"""What stands under a turn that has ended."""

from __future__ import annotations

from collections.abc import Set

from agent_core.errors import ErrorInfo, Interrupted, PermissionRefused
from agent_core.events import Outcome, Usage
from tui.widgets.transcript.folds import took_text

_MARKS: dict[str, tuple[str, str]] = {
    "answered": ("✓ answered", "ok"),
    "stopped": ("■ stopped", "warn"),
    "changed": ("✎ changed", "ok"),
    "verified": ("✓ verified", "ok"),
}
_BY_THE_PERSON = (Interrupted.code, PermissionRefused.code)


def how_it_ended(
    outcome: Outcome, reason: str, error: ErrorInfo | None, *, said: Set[str], unverified: bool
) -> tuple[str, str]:
    """In words, and the style of them; a reason that was `said` already is left out."""
    mark, style = ("✎ changed, not verified", "warn") if unverified else _MARKS[outcome]
    if outcome == "stopped" and error and error.code not in _BY_THE_PERSON:
        mark, style = "✗ failed", "bad"
    return f"{mark}: {reason}" if reason and reason not in said else mark, style


def cost(usage: Usage, seconds: float) -> list[tuple[str, str]]:
    """What a turn took."""
    parts: list[tuple[str, str]] = []
    if usage.prompt_tokens or usage.completion_tokens:
        about = "about " if usage.estimated else ""
        parts.append((f"{about}{usage.prompt_tokens:,} → {usage.completion_tokens:,} tokens", "dim"))
    if usage.tokens_per_s:
        parts.append((f"{usage.tokens_per_s:.1f} tokens/s", "dim"))
    parts.append((took_text(seconds), "dim"))
    if usage.cost_usd is not None:
        parts.append((f"${usage.cost_usd:.4f}", "dim"))
    return parts
