"""Permission: by the rules, else by asking; where nobody can answer, the answer is no."""

from __future__ import annotations

import asyncio
import logging
import shlex
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import msgspec

from agent_core.bus import Publish
from agent_core.errors import AgentError, PermissionRefused
from agent_core.events import ActionClass, ApprovalGiven, ApprovalNeeded, Decision, Event, Notice
from agent_core.permissions import Permissions, exact_rule
from agent_core.text import one_line, shorten

if TYPE_CHECKING:
    from agent_core.llm.port import ModelInfo

_log = logging.getLogger(__name__)
_SHOWN = 80


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What wants to happen: its class, what the rules look at (`subject`), the line shown, and why."""

    turn_id: str
    call_id: str
    action: ActionClass
    subject: str
    command: str
    reason: str


class Asker(Protocol):
    """The turn on whose behalf something is asked."""

    @property
    def turn_id(self) -> str:
        """Names it in events."""
        ...

    def next_call_id(self) -> str:
        """An id for the question."""
        ...

    def publish(self, event: Event) -> None:
        """Tells everyone who follows the turn."""
        ...


class Gate:
    """Decides about requests, one session's questions at a time.

    Args:
        permissions: The rules of the workspace.
        interactive: Whether somebody can answer; without, a request that would ask is refused at once.
    """

    def __init__(self, *, permissions: Permissions, interactive: bool) -> None:
        self._permissions = permissions
        self._interactive = interactive
        self._waiting: dict[str, asyncio.Future[Decision]] = {}
        self._asker: Asker | None = None

    @property
    def permissions(self) -> Permissions:
        """The rules."""
        return self._permissions

    @property
    def waiting(self) -> tuple[str, ...]:
        """The ids of the calls that wait for an answer."""
        return tuple(self._waiting)

    def answer(self, call_id: str, decision: Decision) -> bool:
        """Answer a question; False when nobody asks it (any more)."""
        future = self._waiting.get(call_id)
        if future is None or future.done():
            return False
        future.set_result(decision)
        return True

    async def check(self, request: Request, publish: Publish) -> None:
        """Return when the request may go on; raises `PermissionRefused` when it may not."""
        shown = shorten(one_line(request.subject), _SHOWN)
        verdict = self._permissions.decide(request.action, request.subject)
        if verdict == "allow":
            return
        if verdict == "deny":
            raise PermissionRefused(
                f"A rule denies {request.action} {shown!r}", hint="See `dspy-tui config show`, setting deny."
            )
        rule = exact_rule(request.action, request.subject)
        if not self._interactive:
            raise PermissionRefused(
                f"{request.action} {shown!r} needs permission, and nobody can be asked here",
                hint=f"Grant it with --allow {shlex.quote(rule)}.",
            )
        decision = await self._ask(request, rule, publish)
        if decision == "no":
            raise PermissionRefused(f"You refused {request.action} {shown!r}")
        if decision == "always":
            await self._remember(rule, request.turn_id, publish)

    @contextmanager
    def asking_for(self, asker: Asker) -> Generator[None]:
        """While the block runs, questions that come from below a turn belong to this one."""
        self._asker = asker
        try:
            yield
        finally:
            self._asker = None

    async def approve_host(self, info: ModelInfo) -> bool:
        """Whether the conversation may go to a model on another machine; asks inside a turn only.

        Raises:
            PermissionRefused: The rules or the user said no.
        """
        asker = self._asker
        if asker is None:
            return self._permissions.decide("network", info.host) == "allow"
        request = Request(
            turn_id=asker.turn_id,
            call_id=asker.next_call_id(),
            action="network",
            subject=info.host,
            command=f"send the conversation and parts of this workspace to {one_line(info.host)}",
            reason="The model does not run on this machine.",
        )
        await self.check(request, asker.publish)
        return True

    async def _ask(self, request: Request, rule: str, publish: Publish) -> Decision:
        future = asyncio.get_running_loop().create_future()
        self._waiting[request.call_id] = future
        publish(
            ApprovalNeeded(
                turn_id=request.turn_id,
                call_id=request.call_id,
                action=request.action,
                command=request.command,
                reason=request.reason,
                rule=rule,
            )
        )
        decision: Decision = "no"
        try:
            decision = await future
        finally:  # a cancelled question is answered too, so that whoever shows it takes it away
            del self._waiting[request.call_id]
            publish(ApprovalGiven(turn_id=request.turn_id, call_id=request.call_id, decision=decision))
        return decision

    async def _remember(self, rule: str, turn_id: str, publish: Publish) -> None:
        """Keep the rule; that it could not be kept must not stop what was just allowed."""
        try:
            # Another session may hold the file's lock.
            await asyncio.to_thread(self._permissions.remember, rule)
        except (AgentError, OSError) as error:
            _log.warning("rule %s could not be kept: %s", rule, error)
            publish(
                Notice(
                    level="warning",
                    message=f"The rule {rule} could not be kept: {error}",
                    hint="It holds for this once.",
                    turn_id=turn_id,
                )
            )
