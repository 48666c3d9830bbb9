"""`commit`: commit what this session changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec

from agent_core.committing import Repository
from agent_core.errors import ToolError
from agent_core.events import ActionClass
from agent_core.gitstate import status
from agent_core.ignore import repository_root
from agent_core.text import encodable, one_line, plural
from agent_core.tools.asking import Planned
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.agent.port import TurnPort
    from agent_core.checkpoints.checkpoints import Checkpoints
    from agent_core.config import Settings
    from agent_core.llm.select import Models
    from agent_core.workspace import Workspace

_MOST_DIFF = 64 * 1024
_MOST_NAMED = 12


class CommitArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `commit`."""

    message: Annotated[
        str,
        msgspec.Meta(description="Its message; without one it is written from the change."),
    ] = ""
    all: Annotated[bool, msgspec.Meta(description="Every change that git sees, not only this session's.")] = (
        False
    )


class CommitTool:
    """Commits the files that this session changed, as they are now; without any, what is staged.

    The message is written by the model where there is one, and shown before anything is committed.
    """

    name: ClassVar[str] = "commit"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "commit what this session changed, with a message from the change"
    action: ClassVar[ActionClass] = "write"
    args_type: ClassVar[type[msgspec.Struct]] = CommitArgs
    positional: ClassVar[tuple[str, ...]] = ("message",)
    takes_rest: ClassVar[bool] = True
    for_agent: ClassVar[bool] = False

    def __init__(self, *, checkpoints: Checkpoints, models: Models) -> None:
        self._checkpoints = checkpoints
        self._models = models

    async def plan(
        self, args: CommitArgs, *, workspace: Workspace, settings: Settings, typed: bool
    ) -> Planned | None:
        """Nothing yet: what is asked about is the message, which `run` finds first."""
        return None

    async def run(self, args: CommitArgs, context: ToolContext) -> ToolResult:
        """Commit; raises `PermissionRefused`, and `ToolError` where there is nothing to commit."""
        from agent_core.agent.port import Question

        turn = context.turn
        if turn is None:
            raise ToolError("commit asks in a turn of its own", hint="Type it at the prompt.")
        turn.check_possible("write")
        if repository_root(context.workspace.root) is None:
            raise ToolError("This folder is in no git repository", hint="`!git init` makes it one.")
        repository = Repository(context.workspace.root)
        paths, staged = await self._paths(repository, context.workspace, everything=args.all)
        message = args.message.strip() or await self._message(repository, paths, turn)
        await turn.ask(
            Question(
                action="write",
                subjects=("commit",),
                command=f"git commit\n\n{message}\n\n{_named(paths)}",
                reason="git runs the hooks of the repository; undo does not take a commit back.",
            )
        )
        made = await repository.commit(message, paths, staged=staged, progress=context.progress)
        subject = message.partition("\n")[0]
        return ToolResult(
            text=f"{made.commit} {subject}\n{_named(paths)}",
            summary=f"{made.commit}: {plural(len(paths), 'file')}",
            data={
                "commit": made.commit,
                "message": message,
                "files": [encodable(path) for path in paths],
                "said": made.said,
            },
            changed=tuple(encodable(path) for path in paths),
        )

    async def _paths(
        self, repository: Repository, workspace: Workspace, *, everything: bool
    ) -> tuple[tuple[str, ...], bool]:
        """The files, and whether only what is staged of them is meant."""
        state = await status(workspace)
        if everything:
            paths = tuple(sorted(state.files))
        else:
            own = {change.path for change in await self._checkpoints.changes()}
            # A folder that is untracked as a whole stands for what is in it.
            paths = tuple(sorted(path for path in own if _differs(path, state.files)))
        if paths:
            return paths, False
        staged = await repository.staged()
        if staged and not everything:
            return staged, True
        raise ToolError(
            "There is nothing to commit" + ("" if everything else ": this session changed no file"),
            hint="`diff` shows what git sees." if everything else "`commit --all` takes all that git sees.",
        )

    async def _message(self, repository: Repository, paths: Sequence[str], turn: TurnPort) -> str:
        from agent_core.agent.commit_message import message_of

        diff = await repository.diff(paths, limit=_MOST_DIFF)
        model = await self._models.current()
        return await message_of(
            model,
            turn,
            diff=diff,
            paths=paths,
            earlier=await repository.earlier_subjects(),
        )


def _differs(path: str, files: Mapping[str, str]) -> bool:
    parts = path.split("/")
    return any("/".join(parts[: count + 1]) in files for count in range(len(parts)))


def _named(paths: Sequence[str]) -> str:
    lines = [f"  {one_line(path)}" for path in paths[:_MOST_NAMED]]
    if len(paths) > _MOST_NAMED:
        lines.append(f"  and {len(paths) - _MOST_NAMED:,} more")
    return "\n".join(lines)
