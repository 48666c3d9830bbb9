"""Sentences for events that more than one line or number belongs to."""

from __future__ import annotations

from agent_core import events as e
from agent_core.errors import ErrorInfo
from agent_core.plain import in_words
from agent_core.streaming.standing import in_full
from agent_core.text import human_duration, human_size, one_line, plural
from tui.plain.sentences import Sentences

DECISIONS: dict[e.Decision, str] = {"once": "yes", "always": "always", "no": "no"}
_LEVELS = {"info": "Note", "warning": "Warning", "error": "Error"}
_OUTCOMES: dict[e.Outcome, str] = {
    "answered": "Answered",
    "stopped": "Stopped",
    "changed": "Changed, not verified",
    "verified": "Changed and verified",
}
_HOW = {
    "created": "created", "changed": "changed", "deleted": "deleted", "renamed": "renamed",
    "mode": "permissions changed",
}  # fmt: skip
_NAMED = 8


def _ended(text: str) -> str:
    """The sentence with its end."""
    text = one_line(text)
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."


def told(what: str, message: str, hint: str = "") -> list[str]:
    """What is said, and the next step."""
    said = f"{what}: {_ended(in_words(message))}" if what else _ended(in_words(message))
    return [said, *([_ended(in_words(hint))] if hint else [])]


def paragraphs(text: str) -> list[str]:
    """An answer that is whole, in lines."""
    whole = Sentences()
    return [*whole.feed(text), *whole.end()]


def error(info: ErrorInfo) -> list[str]:
    """What went wrong, and the next step."""
    return told("Error", info.message, info.hint)


def notice(event: e.Notice) -> list[str]:
    """A notice with what it is."""
    return told(_LEVELS[event.level], event.message, event.hint)


def left_out(event: e.ContextPacked) -> list[str]:
    """What did not fit into the model's window, where something did not."""
    gone = sum(not item.included for item in event.items)
    if not gone:
        return []
    return [f"The model's window has no room for {plural(gone, 'part')} of what was gathered; window tells."]


def done(event: e.ToolFinished, *, is_read: bool) -> str:
    """How a tool ended. `is_read`: its result was read out a moment ago."""
    took = human_duration(event.seconds)
    if event.error is not None:
        return f"Failed: {in_words(one_line(event.error.message)).rstrip('.')}, {took}."
    summary = in_words(one_line(event.summary))
    if is_read and summary.rstrip(".") == in_words(one_line(event.text.split("\n", 1)[0])).rstrip("."):
        return f"Done, {took}."
    return f"Done: {summary}, {took}."


def changed(event: e.WorkspaceChanged) -> list[str]:
    """Which files, how, and how to take it back."""
    counts = f"{plural(event.added, 'line')} added, {event.removed:,} removed"
    lines = [f"Files changed: {event.total:,}, {counts}."]
    lines += [f"  {one_line(row.path)}, {_HOW[row.how]}" for row in event.files[:_NAMED]]
    more = event.total - min(len(event.files), _NAMED)
    lines += [f"  and {more:,} more"] if more > 0 else []
    if event.lost:
        lines.append(f"Cannot be undone: {', '.join(map(one_line, event.lost[:_NAMED]))}.")
    return [*lines, *(["undo takes it back."] if event.number else [])]


def finished(event: e.TurnFinished, kind: e.TurnKind, *, failed: str) -> list[str]:
    """How a turn ended: of a command only what its own line does not say. `failed` is what that said."""
    reason = in_words(one_line(event.reason))
    lines: list[str] = []
    stopped = event.outcome == "stopped" and event.error is not None and event.error.code == "interrupted"
    if event.error is not None and event.error.message != failed and not (stopped and kind == "task"):
        lines = error(event.error)
    elif event.error is not None and event.error.hint:
        lines = [_ended(in_words(event.error.hint))]
    if kind != "task":
        if event.outcome == "stopped" and event.error is None:
            lines.append(_ended(f"Stopped: {reason}" if reason else "Stopped"))
        return lines
    usage = event.usage
    said = [_OUTCOMES[event.outcome], human_duration(event.seconds)]
    if usage.prompt_tokens or usage.completion_tokens:
        about = "about " if usage.estimated else ""
        said.append(f"{about}{usage.prompt_tokens:,} tokens read and {usage.completion_tokens:,} written")
    if usage.cost_usd is not None:
        said.append(f"cost {usage.cost_usd:.4f} dollars")
    if reason and event.error is None:
        said.append(reason)
    return [*lines, _ended(", ".join(said))]


def model(event: e.ModelChanged) -> str:
    """Which model answers; "" for what is on its way only."""
    name = one_line(event.model)
    match event.state:
        case "ready":
            window = f", a window of {event.window:,} tokens" if event.window else ""
            return f"Model: {name}{window}."
        case "none":
            return "No model: answers are what the tools find. model list says what there is."
        case "unreachable":
            detail = f": {one_line(event.detail)}" if event.detail else ""
            return _ended(f"The model {name} cannot be reached{detail}")
        case "checking" | "loading":
            return ""


def pulling(event: e.PullProgress) -> str:
    """How far it is."""
    if not event.total:
        return f"Pulling {one_line(event.model)}: {one_line(event.status)}."
    share = min(100 * event.completed // event.total, 100)
    return f"Pulling {one_line(event.model)}: {share} % of {human_size(event.total)}."


def pulled(event: e.PullProgress) -> list[str]:
    """How it ended."""
    return error(event.error) if event.error is not None else [f"Pulled {one_line(event.model)}."]


def opened(event: e.SessionOpened) -> list[str]:
    """Which conversation this is now, and what of it never ran."""
    name = one_line(event.name) or event.session_id
    said = f"A copy of {one_line(event.forked_from)}" if event.forked_from else "Resumed"
    lines = [f"{said}: {name}, {plural(event.turns, 'turn')}."]
    lines += [f"Never ran: {one_line(text)}" for text in event.waiting]
    return [*lines, *(_ended(f"Warning: {one_line(warning)}") for warning in event.warnings)]


def bus(event: e.BusChanged) -> list[str]:
    """How the message bus stands."""
    level, said, hint = in_full(event)
    return told(_LEVELS[level], said, hint)


def training_ended(event: e.TrainingChanged) -> list[str]:
    """What a training came to."""
    if event.error is not None:
        return told("The training ended early", event.error.message, event.error.hint)
    made = f" It made policy {event.version}." if event.version else ""
    return [
        f"The training ended. {_ended(in_words(event.told))}{made}"
        if event.told
        else f"The training ended.{made}"
    ]
