"""`undo`: take back what a turn changed."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from agent_core.checkpoints.checkpoints import Checkpoints
from agent_core.checkpoints.saying import listed
from agent_core.commandline import render
from agent_core.config import Settings
from agent_core.events import ActionClass
from agent_core.text import human_size, plural
from agent_core.tools.asking import Planned
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.undoing import result_of
from agent_core.workspace import Workspace


class UndoArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `undo`."""

    turn: Annotated[
        str, msgspec.Meta(description="The number of a turn; this session's last one without it.")
    ] = ""
    list: Annotated[bool, msgspec.Meta(description="List the turns that can be undone.")] = False
    skip_changed: Annotated[
        bool,
        msgspec.Meta(description="Leave files alone that have been changed since, instead of refusing."),
    ] = False


class UndoTool:
    """Puts the files back that a turn changed, by edits or by commands, whoever changed them in it.

    A file that is not as the turn left it stops the whole undo.
    """

    name: ClassVar[str] = "undo"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "take back what a turn changed"
    action: ClassVar[ActionClass] = "write"
    args_type: ClassVar[type[msgspec.Struct]] = UndoArgs
    positional: ClassVar[tuple[str, ...]] = ("turn",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False
    keeps_state: ClassVar[bool] = True

    def __init__(self, *, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints

    async def plan(
        self, args: UndoArgs, *, workspace: Workspace, settings: Settings, typed: bool
    ) -> Planned | None:
        """What is asked about: nothing where the turns are listed alone."""
        return None if args.list else Planned((render(self.name, args),), "It changes files.")

    async def run(self, args: UndoArgs, context: ToolContext) -> ToolResult:
        """Undo, or list; raises as `Checkpoints.undo` does."""
        if not args.list:
            done = await self._checkpoints.undo(args.turn, skip_changed=args.skip_changed)
            return result_of(done, "Undone:", "`redo` does it again.")
        listing = await self._checkpoints.list()
        return ToolResult(
            text=listed(listing),
            summary=f"{plural(len(listing.rows), 'turn')}, {human_size(listing.bytes)}",
            data={
                "turns": [msgspec.to_builtins(row) for row in listing.rows],
                "bytes": listing.bytes,
                "limit": listing.limit,
            },
            note="; ".join(listing.warnings),
        )
