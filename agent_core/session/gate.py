"""Permission: by the rules, else by asking; where nobody can answer, the answer is no."""

from __future__ import annotations

import asyncio
import logging
import shlex
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import msgspec

from agent_core.bus import Publish
from agent_core.changes.model import Chosen
from agent_core.errors import AgentError, PermissionRefused
from agent_core.events import (
    ActionClass,
    ApprovalGiven,
    ApprovalNeeded,
    Decision,
    Event,
    Notice,
    ProposedFile,
)
from agent_core.forms import Filled, Form
from agent_core.permissions import Permissions, exact_rule
from agent_core.text import one_line, shorten
from agent_core.verify.api import Report

if TYPE_CHECKING:
    from agent_core.llm.port import ModelInfo

_log = logging.getLogger(__name__)
_SHOWN = 80


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What wants to happen: its class, what the rules look at, the line shown, and why.

    Of a change `files` are what would be written; then the rules look at each of their paths. `reports` are
    what the checks said of it. With a `doubt` no rule answers for the person.
    """

    turn_id: str
    call_id: str
    action: ActionClass
    subjects: tuple[str, ...]
    command: str
    reason: str
    files: tuple[ProposedFile, ...] = ()
    reports: tuple[Report, ...] = ()
    doubt: str = ""


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
        proposes: Whether a change is worked out although nobody can allow it: it is refused only where it
            would be written, and what was proposed is told at the turn's end.
    """

    def __init__(self, *, permissions: Permissions, interactive: bool, proposes: bool = False) -> None:
        self._permissions = permissions
        self._interactive = interactive
        self._proposes = proposes
        self._waiting: dict[str, asyncio.Future[tuple[Decision, Chosen]]] = {}
        self._forms: dict[str, asyncio.Future[Filled]] = {}
        self._asker: Asker | None = None

    @property
    def permissions(self) -> Permissions:
        """The rules."""
        return self._permissions

    @property
    def waiting(self) -> tuple[str, ...]:
        """The ids of the calls that wait for an answer."""
        return (*self._waiting, *self._forms)

    def answer(self, call_id: str, decision: Decision, chosen: Chosen | None = None) -> bool:
        """Answer a question; False when nobody asks it (any more). `chosen`: what of a change is wanted."""
        future = self._waiting.get(call_id)
        if future is None or future.done():
            return False
        future.set_result((decision, chosen or Chosen()))
        return True

    def filled(self, call_id: str, filled: Filled) -> bool:
        """Answer a form; False when nobody asks it (any more)."""
        future = self._forms.get(call_id)
        if future is None or future.done():
            return False
        future.set_result(filled)
        return True

    def check_possible(self, action: ActionClass, subjects: Sequence[str] = ()) -> None:
        """Refuse at once what would be refused in the end; raises `PermissionRefused`.

        That is what a rule denies, and where nobody can be asked what no rule grants: each of the subjects,
        or, before they are known, anything of the class.
        """
        proposed = self._proposes and action == "write"
        if subjects:
            self._asking(action, subjects, proposed=proposed)
        elif not proposed and not self._interactive and not self._permissions.grants(action):
            raise PermissionRefused(
                f"{action} needs permission, and nobody can be asked here",
                hint=f"Grant it with --allow {action}, or a part of it with --allow {action}:GLOB.",
            )

    async def check(self, request: Request, publish: Publish) -> Chosen:
        """Return when the request may go on, with what of it; raises `PermissionRefused` when it may not."""
        asking = self._asking(request.action, request.subjects)
        shown = [_shown(subject) for subject in request.subjects]
        if request.doubt:
            asking = list(dict.fromkeys(request.subjects))
        if not asking:
            return Chosen()
        if not self._interactive:
            raise PermissionRefused(
                f"{request.action} {', '.join(shown)}: {request.doubt}, and nobody can be asked",
                hint="Mend that, or decide on screen.",
            )
        rules = [exact_rule(request.action, subject) for subject in asking]
        decision, chosen = await self._ask(request, ", ".join(rules), publish)
        if decision == "no":
            raise PermissionRefused(f"You refused {request.action} {', '.join(map(repr, shown))}")
        if decision == "always":
            for rule in rules:
                await self._remember(rule, request.turn_id, publish)
        return chosen

    def _asking(self, action: ActionClass, subjects: Sequence[str], *, proposed: bool = False) -> list[str]:
        """The subjects that no rule decides about; raises `PermissionRefused` where that is an end of it.

        `proposed`: it is not done yet, so that nobody has to allow it.
        """
        verdicts = {subject: self._permissions.decide(action, subject) for subject in subjects}
        for subject, verdict in verdicts.items():
            if verdict == "deny":
                raise PermissionRefused(
                    f"A rule denies {action} {_shown(subject)!r}",
                    hint="See `dspy-tui config show`, setting deny.",
                )
        asking = [subject for subject, verdict in verdicts.items() if verdict == "ask"]
        if asking and not self._interactive and not proposed:
            granting = " ".join(f"--allow {shlex.quote(exact_rule(action, subject))}" for subject in asking)
            raise PermissionRefused(
                f"{action} {', '.join(repr(_shown(subject)) for subject in asking)} needs permission,"
                " and nobody can be asked here",
                hint=f"Grant it with {granting}.",
            )
        return asking

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
            subjects=(info.host,),
            command=f"send the conversation and parts of this workspace to {one_line(info.host)}",
            reason="The model does not run on this machine.",
        )
        await self.check(request, asker.publish)
        return True

    async def put(self, command: str, reason: str) -> bool | None:
        """A question from below the running turn that no rule answers; None where nobody can be asked."""
        asker = self._asker
        if asker is None or not self._interactive:
            return None
        request = Request(
            turn_id=asker.turn_id,
            call_id=asker.next_call_id(),
            action="run",
            subjects=(),
            command=command,
            reason=reason,
        )
        decision, _ = await self._ask(request, "", asker.publish)
        return decision != "no"

    async def fill(self, form: Form) -> Filled | None:
        """A form from below the running turn; None where nobody can be asked.

        What is filled in goes to whoever asks, and into no event.
        """
        asker = self._asker
        if asker is None or not self._interactive:
            return None
        call_id = asker.next_call_id()
        future = self._forms[call_id] = asyncio.get_running_loop().create_future()
        asker.publish(
            ApprovalNeeded(
                turn_id=asker.turn_id,
                call_id=call_id,
                action="run",
                command=f"{form.asker} asks: {form.message}",
                reason=form.warning,
                rule="",
                form=form,
            )
        )
        decision: Decision = "no"
        try:
            filled = await future
            decision = "once" if filled.action == "accept" else "no"
        finally:
            del self._forms[call_id]
            asker.publish(ApprovalGiven(turn_id=asker.turn_id, call_id=call_id, decision=decision))
        return filled

    async def _ask(self, request: Request, rule: str, publish: Publish) -> tuple[Decision, Chosen]:
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
                files=request.files,
                reports=request.reports,
            )
        )
        decision: Decision = "no"
        chosen = Chosen()
        try:
            decision, chosen = await future
        finally:  # a cancelled question is answered too, so that whoever shows it takes it away
            del self._waiting[request.call_id]
            publish(ApprovalGiven(turn_id=request.turn_id, call_id=request.call_id, decision=decision))
        return decision, chosen

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


def _shown(subject: str) -> str:
    return shorten(one_line(subject), _SHOWN)
