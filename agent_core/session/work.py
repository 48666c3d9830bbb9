"""What a turn does, from the words that were typed to how it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from agent_core.commandline import CommandLine, ShellLine, Task, parse
from agent_core.errors import AgentError, NothingDone
from agent_core.events import Notice
from agent_core.llm.errors import ModelCutOff, NoModel
from agent_core.session.ends import End, stopped

if TYPE_CHECKING:
    from agent_core.agent.port import Answer
    from agent_core.llm.port import LanguageModel
    from agent_core.session.turn import Turn

_LIMITS = {
    "steps": "answered from what was found when the limit of steps was reached",
    "repeat": "answered from what was found when the model went in circles",
}
"""What to say of an answer that is there although its search was ended, by `Answer.stop_reason`."""


async def work(turn: Turn) -> End:
    """Parse the prompt and do what it says; raises the `AgentError` tree."""
    # A cancellation that came before the first step is due here, before anything is done.
    await asyncio.sleep(0)
    if turn.text.startswith("/"):
        await asyncio.to_thread(turn.registry.read_written, turn.workspace)
    await turn.registry.ready((turn.text.split(None, 1) or ["-"])[0].removeprefix("/"))
    if turn.desk.servers is not None:
        await turn.desk.servers.before(turn.text, turn)
    line = parse(turn.text, turn.registry)
    if isinstance(line, CommandLine):
        turn.start("command")
        return await _command(turn, line.tool_name, line.args)
    if isinstance(line, ShellLine):
        turn.start("shell")
        tool = turn.registry.get("shell")
        assert tool is not None, "the shell tool is built in"
        return await _command(turn, tool.name, tool.args_type(command=line.command))
    turn.start("task")
    _tell_of_plugin(turn)
    return await _task(turn, line)


def _tell_of_plugin(turn: Turn) -> None:
    """What begins with the name of a plugin that cannot be used was perhaps meant for it."""
    if not turn.text[0].isspace() and (broken := turn.registry.why_not(turn.text.split(None, 1)[0])):
        hint = "This is read as a question."
        turn.publish(Notice(level="warning", message=broken, hint=hint, turn_id=turn.turn_id))


async def _command(turn: Turn, name: str, args: msgspec.Struct) -> End:
    """The result itself is in the tool's `ToolFinished`; a command has no answer beside it."""
    result = await turn.run_command(name, args)
    if result.error is not None:
        return End(outcome="stopped", reason=result.error.message, exit=1, error=result.error)
    return End(outcome="changed" if result.changed else "answered", reason=result.summary)


async def _task(turn: Turn, line: Task) -> End:
    from agent_core.agent.deterministic import respond_without_model
    from agent_core.agent.intent import asks_for_change
    from agent_core.agent.port import TaskInput

    task = TaskInput(text=line.text, mentions=line.mentions, history=turn.history)
    wants_change = line.change or asks_for_change(line.text)
    if line.change:
        turn.check_possible("write")
    model = await _model(turn, line.text)
    if model is not None and turn.desk.servers is not None:
        await turn.desk.servers.for_task(turn)
    try:
        if model is None:
            answer = await respond_without_model(task, turn, why=turn.desk.models.detail, change=wants_change)
        elif wants_change:
            from agent_core.agent.edit.flow import change

            answer = await change(model, task, turn)
        else:
            from agent_core.agent.loop import respond_with_model

            answer = await respond_with_model(model, task, turn)
    finally:
        turn.desk.history.add(line.text, turn.received)
    return _end(turn, answer, has_model=model is not None, wants_change=wants_change)


async def _model(turn: Turn, text: str) -> LanguageModel | None:
    """The model that answers; the suggestion is made while it is looked for."""
    if turn.desk.suggest is None:
        return await turn.desk.models.current()
    suggesting = asyncio.ensure_future(turn.desk.suggest(turn.turn_id, text))
    try:
        model = await turn.desk.models.current()
    except BaseException:
        suggesting.cancel()
        raise
    if (suggested := await suggesting) is not None:
        turn.publish(suggested)
    return model


def _end(turn: Turn, answer: Answer, *, has_model: bool, wants_change: bool) -> End:
    changed = tuple(dict.fromkeys((*turn.changed, *answer.changed)))
    data: dict[str, Any] = {
        "hits": [msgspec.to_builtins(hit) for hit in answer.citations],
        "changed": list(changed),
    }
    if wants_change:
        data["diff"] = answer.diff
        data["checks"] = [msgspec.to_builtins(report) for report in answer.reports]
        data["verified"] = list(answer.verified)
        data["remark"] = answer.remark
        data["attempts"] = answer.attempts
    text = answer.text
    error = None if changed else _shortfall(answer, has_model=has_model, wants_change=wants_change)
    if error is not None:
        return stopped(error, text=text, data=data, usage=answer.usage)
    return End(
        outcome="verified" if answer.verified else "changed" if changed else "answered",
        reason=answer.remark or _LIMITS.get(answer.stop_reason, ""),
        text=text,
        data=data,
        usage=answer.usage,
    )


def _shortfall(answer: Answer, *, has_model: bool, wants_change: bool) -> AgentError | None:
    """Why the answer is not what was asked for; None when it is."""
    if wants_change and not has_model:
        from agent_core.llm.select import HOW_TO_GET_A_MODEL

        return NoModel(
            "A change was asked for, and no language model is configured",
            hint=HOW_TO_GET_A_MODEL,
        )
    if not answer.text.strip():
        return NothingDone("The model said nothing", hint="Ask again, or choose another model.")
    if wants_change:
        return NothingDone(
            "A change was asked for, and nothing was changed",
            hint="The answer is all there is; make the change yourself or ask for less at a time.",
        )
    if answer.stop_reason == "length":
        return ModelCutOff(
            "The model's limit of tokens cut the answer", hint="Ask for less, or raise answer_reserve."
        )
    return None
