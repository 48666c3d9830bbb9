"""`model`: which language model answers; list, switch, pull."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec

from agent_core.bus import Publish
from agent_core.errors import AgentError, ToolError, UsageError
from agent_core.events import ActionClass, PullProgress
from agent_core.text import human_size, one_line, plural
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.llm.port import ModelInfo
    from agent_core.llm.select import Models

_NONE = """\
No language model is configured or answers; questions are answered by search alone.
  Ollama     start it (`ollama serve`), then `model pull qwen3:1.7b`
  OpenAI     set OPENAI_BASE_URL (and OPENAI_API_KEY, MODEL_NAME), or any compatible endpoint's"""


class ModelArgs(msgspec.Struct, frozen=True):
    """Arguments of `model`."""

    what: Annotated[
        Literal["show", "list", "use", "pull"],
        msgspec.Meta(description="Show the model that answers, list the endpoint's, use one, or pull one."),
    ] = "show"
    name: Annotated[str, msgspec.Meta(description="The model, such as qwen3:1.7b.")] = ""
    insecure: Annotated[
        bool, msgspec.Meta(description="Pull from a registry without TLS.", extra={"flag": "--insecure"})
    ] = False


class ModelTool:
    """Shows, lists, switches and pulls models."""

    name: ClassVar[str] = "model"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "show, list, switch or pull the language model"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = ModelArgs
    positional: ClassVar[tuple[str, ...]] = ("what", "name")
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, models: Models, publish: Publish) -> None:
        self._models = models
        self._publish = publish

    async def run(self, args: ModelArgs, context: ToolContext) -> ToolResult:
        """Do what the arguments say; raises the `ModelError` tree and `UsageError`."""
        if args.what == "show":
            return await self._show()
        if args.what == "list":
            return await self._list()
        if not args.name:
            raise UsageError(f"model {args.what} needs a name", hint=f"Such as: model {args.what} qwen3:1.7b")
        if args.what == "use":
            return _described(await self._models.switch(args.name))
        return await self._pull(args.name, context, insecure=args.insecure)

    async def _show(self) -> ToolResult:
        model = await self._models.current()
        if model is None:
            return ToolResult(text=_NONE, summary="no model", data={"model": None})
        return _described(model.info)

    async def _list(self) -> ToolResult:
        names = await self._models.list_models()
        info = self._models.info
        used = info.name if info else ""
        text = "\n".join(f"{'*' if name == used else ' '} {one_line(name)}" for name in names)
        return ToolResult(
            text=text or "The endpoint has no model.",
            summary=plural(len(names), "model"),
            data={"models": names, "used": used},
        )

    async def _pull(self, name: str, context: ToolContext, *, insecure: bool) -> ToolResult:
        """Pull with progress; however it ends, the last event has `done`."""
        last = PullProgress(model=name, status="starting")
        shown = ""
        failed: AgentError | None = ToolError("the pull was cancelled")
        try:
            async with aclosing(self._models.pull(name, insecure=insecure)) as steps:
                async for last in steps:
                    self._publish(last)
                    line = _line(last)
                    if line != shown:
                        shown = line
                        context.progress(line + "\n")
            failed = None
        except AgentError as error:
            failed = error
            raise
        finally:
            if not last.done:
                self._publish(
                    PullProgress(
                        model=name,
                        status="failed" if failed else "done",
                        completed=last.completed,
                        total=last.total,
                        done=True,
                        error=failed.info if failed else None,
                    )
                )
        return ToolResult(
            text=f"Pulled {one_line(name)}, {human_size(last.total)}. `model use` switches to it.",
            summary=f"pulled {one_line(name)}",
            data={"model": name, "bytes": last.total},
        )


def _line(step: PullProgress) -> str:
    status = one_line(step.status)
    if not step.total:
        return status
    percent = min(100 * step.completed // step.total, 100)
    return f"{status} {percent}% of {human_size(step.total)}"


def _described(info: ModelInfo) -> ToolResult:
    abilities = [
        name
        for name, has in (
            ("tools", info.supports_tools),
            ("schema", info.supports_schema),
            ("thinking", info.supports_thinking),
        )
        if has
    ]
    window = f"{info.window:,} tokens" if info.window else "unknown"
    rows = {
        "model": info.name,
        "provider": info.provider,
        "host": info.host + ("" if info.is_local else " (not this machine)"),
        "window": window,
        "can": ", ".join(abilities) or "text",
    }
    text = "\n".join(f"{key:<9} {one_line(value)}" for key, value in rows.items())
    data: dict[str, Any] = {"model": msgspec.to_builtins(info)}
    return ToolResult(text=text, summary=f"{one_line(info.name)} at {one_line(info.host)}", data=data)
