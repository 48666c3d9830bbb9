"""A tool of somebody else's server, as one of the registry.

It is called `server__tool`, so that its name says whose it is. What the server says about it is a hint: one
that claims to read only is taken for a reader where the server is a program on this machine, and does not say
that it looks elsewhere; whatever goes to another machine asks, as everything does that may change something.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, cast

import msgspec

from agent_core.config import Settings
from agent_core.errors import McpFault, UsageError
from agent_core.events import ActionClass
from agent_core.mcp.client_arguments import Shape, read_call, sent_arguments, shape_of
from agent_core.mcp.client_config import Named
from agent_core.mcp.client_results import Mask, result_of
from agent_core.mcp.client_schema import BadSchema, checked_schema, problem_of
from agent_core.mcp.names import BETWEEN
from agent_core.text import one_line, shorten
from agent_core.tools.asking import Planned
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.workspace import Workspace

_LONGEST_NAME = 64
_DESCRIBED = 600
_SHOWN_ARGUMENTS = 4_000


class Calls(Protocol):
    """Makes a call of a server: name and arguments, and who takes lines of progress."""

    def __call__(
        self, name: str, arguments: dict[str, Any], progress: Callable[[str], None]
    ) -> Awaitable[Any]:
        """What it answered; raises `McpFault`."""
        ...


class ServerTool:
    """One of them.

    Args:
        server: Whose it is.
        written: The tool as the server describes it; raises `BadSchema` where it cannot be used.
        call: Makes the calls.
        mask: Takes secrets out of what comes back.
    """

    aliases: tuple[str, ...] = ()
    for_agent = True

    def __init__(self, *, server: Named, written: Any, call: Calls, mask: Mask) -> None:
        table = cast("dict[str, Any]", written) if isinstance(written, dict) else {}
        name: Any = table.get("name")
        if not isinstance(name, str) or not name.strip() or len(name) > 128:
            raise BadSchema("it has no name")
        self.written = table
        self._server, self._own, self._call, self._mask = server, name, call, mask
        self.name = tool_name(server.name, name)
        said = table.get("description") or table.get("title") or ""
        described = shorten(one_line(mask(str(said))), _DESCRIBED)
        self.summary = f"[{server.name}] {described}" if described else f"[{server.name}] {one_line(name)}"
        self._shape: Shape = shape_of(table.get("inputSchema"))
        self._output = _output(table.get("outputSchema"))
        hints: Any = table.get("annotations")
        self._hints = cast("dict[str, Any]", hints) if isinstance(hints, dict) else {}
        self.args_type = self._shape.args_type
        self.positional = self._shape.positional
        self.takes_rest = [argument.kind for argument in self._shape.arguments] in (["text"], ["free"])
        self.schema = self._shape.schema
        self.action: ActionClass = "run"
        if server.is_remote or (self._claims("readOnlyHint") and self._claims("openWorldHint")):
            self.action = "network"
        elif self._claims("readOnlyHint"):
            self.action = "read"

    def _claims(self, hint: str) -> bool:
        return self._hints.get(hint) is True

    def read_call(self, given: Mapping[str, Any]) -> msgspec.Struct:
        """The arguments of a model's call; raises ValueError."""
        if any(name.startswith("__") for name in given):
            raise ValueError("they must be one JSON object, whole")
        return read_call(self._shape, given)

    async def plan(
        self, args: msgspec.Struct, *, workspace: Workspace, settings: Settings, typed: bool
    ) -> Planned | None:
        """What is asked about: the tool, by its name, with the arguments that it would get."""
        del workspace, settings, typed
        sent = json.dumps(self._sent(args), ensure_ascii=False)
        shown = shorten(one_line(self._mask(sent)), _SHOWN_ARGUMENTS)
        return Planned((self.name,), self._reason(), shown=f"{self.name} {shown}")

    def _reason(self) -> str:
        where = "looks elsewhere with it" if self.action == "network" else "runs it"
        if self._server.is_remote:
            where = f"at {one_line(self._server.entry.url)} gets it"
        claim = (
            "it says that it only reads"
            if self._claims("readOnlyHint")
            else "it says that it may destroy something"
            if self._claims("destructiveHint")
            else "it does not say that it only reads"
        )
        return f"The server {self._server.name} {where}; {claim}, which nobody checked."

    def _sent(self, args: msgspec.Struct) -> dict[str, Any]:
        try:
            return sent_arguments(self._shape, args)
        except ValueError as error:
            raise UsageError(f"{self.name}: {error}", hint=f"Nothing was sent. {self._takes()}") from None

    def _takes(self) -> str:
        """What to do about wrong arguments, for people and models."""
        looks = f"It takes {self._mask(self._shape.sketch)}, as JSON; " if self._shape.sketch else ""
        return f"{looks}`help {self.name}` says what it takes."

    async def run(self, args: msgspec.Struct, context: ToolContext) -> ToolResult:
        """Call it; raises `UsageError` where the arguments do not fit its schema, and `McpFault`."""
        sent = self._sent(args)
        if problem := await asyncio.to_thread(problem_of, self._shape.written, sent):
            raise UsageError(f"{self.name}: {problem}", hint=f"Nothing was sent. {self._takes()}")
        answer = await self._call(self._own, sent, context.progress)
        try:
            result = result_of(answer, mask=self._mask)
        except McpFault as fault:
            raise McpFault(f"{self.name}: {fault.message}", hint=fault.hint) from None
        if self._output is not None and result.error is None:
            structured = answer.get("structuredContent")
            if structured is None:
                raise McpFault(f"{self.name} promised data, and gave none")
            if problem := await asyncio.to_thread(problem_of, self._output, structured):
                raise McpFault(f"{self.name} gave other data than it promised: {self._mask(problem)}")
        return result


def _output(schema: Any) -> dict[str, Any] | None:
    """What it promises of its data; raises `BadSchema`."""
    if schema is None:
        return None
    try:
        return checked_schema(schema)
    except BadSchema as bad:
        raise BadSchema(f"of what it gives back: {bad}") from None


def tool_name(server: str, name: str) -> str:
    """`server__tool` in the letters that names of commands have, and short enough."""
    plain = re.sub(r"[^a-z0-9_-]", "_", name.lower())
    whole = f"{server}{BETWEEN}{plain}"
    if len(whole) <= _LONGEST_NAME and plain == name.lower():
        return whole
    mark = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:6]
    return f"{whole[: _LONGEST_NAME - 7]}_{mark}"
