"""How a turn ends."""

from __future__ import annotations

from typing import Any

import msgspec

from agent_core.errors import AgentError, ErrorInfo
from agent_core.events import Outcome, TurnKind, Usage


class End(msgspec.Struct, frozen=True, kw_only=True):
    """What a `TurnFinished` says; `text` and `usage` are what was received when they are None."""

    outcome: Outcome
    reason: str = ""
    exit: int = 0
    text: str | None = None
    usage: Usage | None = None
    data: dict[str, Any] = {}
    error: ErrorInfo | None = None


def stopped(
    error: AgentError,
    *,
    text: str | None = None,
    data: dict[str, Any] | None = None,
    usage: Usage | None = None,
) -> End:
    """The end of a turn that an error stops."""
    return End(
        outcome="stopped",
        reason=error.message,
        exit=error.exit_code,
        text=text,
        usage=usage,
        data=data or {},
        error=error.info,
    )


def guess_kind(text: str) -> TurnKind:
    """What a prompt that never got as far as being parsed was."""
    return "command" if text.startswith("/") else "shell" if text.startswith("!") else "task"


def add_usage(total: Usage, call: Usage) -> Usage:
    """Two model calls together: the first one's time to the first token, the last one's speed."""
    costs = [cost for cost in (total.cost_usd, call.cost_usd) if cost is not None]
    return Usage(
        prompt_tokens=total.prompt_tokens + call.prompt_tokens,
        completion_tokens=total.completion_tokens + call.completion_tokens,
        reasoning_tokens=total.reasoning_tokens + call.reasoning_tokens,
        first_token_s=call.first_token_s if total.first_token_s is None else total.first_token_s,
        tokens_per_s=total.tokens_per_s if call.tokens_per_s is None else call.tokens_per_s,
        cost_usd=sum(costs) if costs else None,
        estimated=total.estimated or call.estimated,
    )
