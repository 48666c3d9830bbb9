"""Learning whose answers are given; what the screen asks of it is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from agent_core.errors import AgentError
from agent_core.events import SuggestionsRanked
from agent_core.logs.api import Digest
from agent_core.rl.api import NO_EVIDENCE, Evaluation, Overview, Suggestion, Waiting
from agent_core.rl.commands import command_of, possible


class FakeLearning:
    """Implements `Learning`: without `given` it proposes in the order of the static rules.

    `hold` makes evaluating wait until it is set; `fail` is raised by everything that can wait.
    """

    def __init__(self, runtime: SimpleNamespace) -> None:
        self._runtime = runtime
        self.given: SuggestionsRanked | None = None
        self.proposed = 0
        self.seen: list[str] = []
        self.accepted: list[tuple[str, int]] = []
        self.dismissed: list[tuple[str, int]] = []
        self.current: SuggestionsRanked | None = None
        self.standing = Overview(policy="thompson")
        self.evaluation = Evaluation(decisions=0)
        self.hold: asyncio.Event | None = None
        self.fail: AgentError | None = None
        self.done: list[Any] = []
        self.logs: Digest | None = None

    def propose(self) -> None:
        self.proposed += 1
        ranked = self.given or self._fixed()
        self._publish(msgspec.structs.replace(ranked, decision=f"w:{self.proposed}"))

    def _fixed(self) -> SuggestionsRanked:
        runtime = self._runtime
        names = {tool.name for tool in runtime.registry.all()}
        waiting = runtime.cooldowns.all()
        tools = possible(names, without=waiting, index=runtime.index.status)
        return SuggestionsRanked(
            items=tuple(Suggestion(tool, *command_of(tool, "")) for tool in tools),
            evidence=NO_EVIDENCE,
            waiting=tuple(Waiting(*left) for left in waiting.items()),
        )

    def _publish(self, ranked: SuggestionsRanked) -> None:
        self.current = ranked
        self._runtime.bus.publish(ranked)

    def shown(self, decision: str) -> None:
        self.seen.append(decision)

    def hidden(self) -> None:
        self.seen.append("")

    def accept(self, decision: str, position: int) -> str | None:
        now = self.current
        if now is None or now.decision != decision or not 1 <= position <= len(now.items):
            return None
        self.accepted.append((decision, position))
        return now.items[position - 1].command

    def dismiss(self, decision: str, position: int) -> None:
        now = self.current
        self.dismissed.append((decision, position))
        if now is not None and now.decision == decision:
            items = (*now.items[: position - 1], *now.items[position:])
            self._publish(msgspec.structs.replace(now, items=items))

    async def overview(self) -> Overview:
        self._check()
        return self.standing

    async def evaluate(self) -> Evaluation:
        if self.hold is not None:
            await self.hold.wait()
        self._check()
        return self.evaluation

    async def freeze(self, frozen: bool) -> None:
        self._check()
        self.done.append(frozen)
        self.standing = msgspec.structs.replace(self.standing, frozen=frozen)

    async def reset(self) -> Path:
        self._check()
        self.done.append("reset")
        self.standing = Overview(policy=self.standing.policy, resets=self.standing.resets + 1)
        return Path(".dspy_rl_state.json.bak")

    def see_logs(self, digest: Digest) -> None:
        self.logs = digest

    def listen(self, take: Callable[[bytes], None]) -> None:
        """Nothing is recorded."""

    async def export(self, path: str, *, replace: bool = False) -> Path:
        self._check()
        self.done.append(path)
        return Path(path)

    def _check(self) -> None:
        if self.fail is not None:
            raise self.fail
