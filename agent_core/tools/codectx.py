"""`codectx`: what a file, a folder or the whole repository is."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec

from agent_core.errors import ToolError
from agent_core.events import ActionClass
from agent_core.text import one_line
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.indexing import telling

if TYPE_CHECKING:
    from agent_core.codectx.portrait import Portrait
    from agent_core.index.api import Index
    from agent_core.llm.select import Models

_MOST_PATHS = 100_000


class CodectxArgs(msgspec.Struct, frozen=True):
    """Arguments of `codectx`."""

    path: Annotated[
        str,
        msgspec.Meta(description="File or folder; the whole project without it.", extra={"path": True}),
    ] = "."


class CodectxTool:
    """Describes code by facts alone: the index's graph, git's log, manifests, and the files themselves.

    With a model, and where a person typed the command, a short summary of the facts is streamed as the turn's
    answer; it is also in the data, under `answer`.
    """

    name: ClassVar[str] = "codectx"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "say what a file, a folder or the project is: outline, entry points, risks"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = CodectxArgs
    positional: ClassVar[tuple[str, ...]] = ("path",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = True

    def __init__(self, *, index: Index, models: Models) -> None:
        self._index = index
        self._models = models

    async def run(self, args: CodectxArgs, context: ToolContext) -> ToolResult:
        """Describe it; raises `PathRefused`, `IndexFault`, and `ToolError` when there is no such path."""
        from agent_core.codectx.portrait import as_data, as_text, hits

        async with telling(self._index, context.progress):
            portrait = await self._portray(args, context)
        text = as_text(portrait)
        answer = await self._summary(text, args, context) if context.turn else ""
        return ToolResult(
            text=text,
            summary=f"{one_line(portrait.path)}: {portrait.headline}",
            hits=hits(portrait),
            data={**as_data(portrait), "answer": answer},
            note="; ".join(portrait.notes),
        )

    async def _portray(self, args: CodectxArgs, context: ToolContext) -> Portrait:
        from agent_core.codectx.file import portray_file
        from agent_core.codectx.folder import portray_folder
        from agent_core.codectx.tested import OwnTests
        from agent_core.gitchurn import churn

        workspace = context.workspace
        resolved = workspace.resolve(args.path)
        if not resolved.exists():
            raise ToolError(f"{one_line(args.path)} does not exist", hint="`tree` shows what there is.")
        path = workspace.relative(resolved)
        changes = await churn(workspace)
        paths = await asyncio.to_thread(lambda: tuple(islice(workspace.walk(), _MOST_PATHS)))
        if resolved.is_dir():
            return await portray_folder(workspace, path, index=self._index, churn=changes, paths=paths)
        facts = await self._index.file_facts(path)
        return await portray_file(workspace, path, facts=facts, churn=changes, tests=OwnTests(paths))

    async def _summary(self, facts: str, args: CodectxArgs, context: ToolContext) -> str:
        """What a model makes of the facts; "" without one."""
        assert context.turn is not None
        from agent_core.agent.summary import summarise
        from agent_core.commandline import render

        if context.write is None:  # on screen, the facts are there to be read while the model does
            context.progress(facts)
        return await summarise(
            self._models,
            facts,
            skill="codectx",
            label=render(self.name, args),
            turn=context.turn,
            workspace=context.workspace,
            settings=context.settings,
        )
