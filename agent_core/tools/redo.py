"""`redo`: do again what was undone."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from agent_core.checkpoints.checkpoints import Checkpoints
from agent_core.events import ActionClass
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.undoing import result_of


class RedoArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `redo`."""

    turn: Annotated[
        str, msgspec.Meta(description="The number of an undone turn; the last one without it.")
    ] = ""
    skip_changed: Annotated[
        bool,
        msgspec.Meta(description="Leave files alone that have been changed since, instead of refusing."),
    ] = False


class RedoTool:
    """Makes the changes of an undone turn again, until another turn changes something."""

    name: ClassVar[str] = "redo"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "do again what was undone"
    action: ClassVar[ActionClass] = "write"
    args_type: ClassVar[type[msgspec.Struct]] = RedoArgs
    positional: ClassVar[tuple[str, ...]] = ("turn",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False
    keeps_state: ClassVar[bool] = True

    def __init__(self, *, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints

    async def run(self, args: RedoArgs, context: ToolContext) -> ToolResult:
        """Do it again; raises as `Checkpoints.redo` does."""
        done = await self._checkpoints.redo(args.turn, skip_changed=args.skip_changed)
        return result_of(done, "Done again:", "`undo` takes it back.")
