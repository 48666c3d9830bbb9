"""What a session came to, told from its events without a model: for its end, and for a model to say more."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from agent_core.events import (
    ChecksFinished,
    Event,
    ToolFinished,
    ToolStarted,
    TurnFinished,
    TurnStarted,
)
from agent_core.session.saved.model import is_about_sessions
from agent_core.text import human_duration, one_line, plural, shorten

_CHECKS, _BACK = ("run_tests", "lint", "build"), ("undo", "redo")
_SHOWN, _WIDTH, _LONGEST = 8, 70, 240


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked and what became of it.

    `changed` are files that are still changed by the session, `checks` the last result of each check in
    words, `failed` those that failed, `stopped` the prompts whose turns broke off, `waiting` those that never
    ran. `verified` says whether every change was checked after it was made.
    """

    turns: int = 0
    asked: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    verified: bool = True
    checks: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    tokens: int = 0
    cost_usd: float | None = None
    seconds: float = 0.0

    @property
    def next_steps(self) -> tuple[str, ...]:
        """What is sensible to do next, the most pressing first; commands stand in backquotes."""
        steps: list[str] = []
        if self.failed:
            steps.append(f"Mend what failed: {', '.join(self.failed)}.")
        if self.changed and not self.verified:
            steps.append("Check what was changed and not verified: `run_tests`.")
        if self.stopped:
            steps.append(f"Ask again what was cut off: {_quoted(self.stopped[-1])}.")
        if self.waiting:
            steps.append(f"Ask what still waited: {', '.join(_quoted(text) for text in self.waiting[:3])}.")
        if self.changed:
            commit = " and `commit`" if self.verified and not self.failed else ""
            steps.append(f"Review with `diff`{commit}; `undo` takes the last change back.")
        return tuple(steps)

    @property
    def lines(self) -> tuple[str, ...]:
        """All of it in words, one fact a line."""
        facts = [plural(self.turns, "turn"), human_duration(self.seconds)]
        facts += [plural(self.tokens, "token")] if self.tokens else []
        facts += [f"${self.cost_usd:.4f}"] if self.cost_usd else []
        rows = [", ".join(facts)] if self.turns else []
        rows += _listed("Asked", self.asked)
        state = "verified" if self.verified else "not verified"
        rows += _listed(f"Changed ({state})" if self.changed else "Changed", self.changed)
        rows += _listed("Checks", self.checks)
        rows += _listed("Undone", self.undone)
        rows += _listed("Cut off", self.stopped)
        rows += _listed("Never ran", self.waiting)
        rows = [shorten(row, _LONGEST) for row in rows]
        rows += [f"Next: {step}" for step in self.next_steps]
        return tuple(rows)


def _listed(title: str, items: tuple[str, ...]) -> list[str]:
    shown = "; ".join(shorten(one_line(item), _WIDTH) for item in items[-_SHOWN:])
    more = f" … and {len(items) - _SHOWN} before" if len(items) > _SHOWN else ""
    return [f"{title}: {shown}{more}"] if items else []


def _quoted(text: str) -> str:
    return f"“{shorten(one_line(text), 60)}”"


class Account:
    """Takes the events of a session and tells at any time what it came to."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._asked: list[str] = []
        self._changed: dict[str, bool] = {}
        self._touched: dict[str, list[str]] = {}
        self._checks: dict[str, tuple[bool, str]] = {}
        self._undone: list[str] = []
        self._stopped: list[str] = []
        self._calls: dict[str, str] = {}
        self._turns = self._tokens = 0
        self._cost: float | None = None
        self._seconds = 0.0

    def take(self, event: Event) -> None:
        """Something happened."""
        match event:
            case TurnStarted() if not is_about_sessions(event.text, event.kind):
                self._turns += 1
                self._texts[event.turn_id] = event.text
                if event.kind == "task":
                    self._asked.append(event.text)
            case ToolStarted():
                self._calls[event.call_id] = event.command
            case ToolFinished():
                self._tool(event)
            case ChecksFinished():
                for report in event.reports:
                    passed = report.state == "passed"
                    self._checks[report.verifier] = (passed, f"{report.verifier} {report.state}")
            case TurnFinished() if event.turn_id in self._texts:
                self._finished(event)
            case _:
                pass

    def _tool(self, event: ToolFinished) -> None:
        command = one_line(self._calls.pop(event.call_id, event.name))
        if event.name in _CHECKS:
            passed = event.error is None
            said = f"{shorten(command, 60)} {'passed' if passed else 'failed'}"
            self._checks[event.name] = (passed, said)
            if passed and event.name == "run_tests":
                self._changed = dict.fromkeys(self._changed, True)
        elif event.name not in _BACK:
            self._touched.setdefault(event.turn_id, []).extend(_paths(event.data))
        elif event.error is None:
            back = event.name == "undo"
            if back:
                self._undone.append(event.summary or command)
            for path in _paths(event.data):
                self._changed.pop(path, None) if back else self._changed.setdefault(path, False)

    def _finished(self, event: TurnFinished) -> None:
        text = self._texts.pop(event.turn_id)
        self._tokens += event.usage.prompt_tokens + event.usage.completion_tokens
        if event.usage.cost_usd is not None:
            self._cost = (self._cost or 0.0) + event.usage.cost_usd
        self._seconds += event.seconds
        paths = [*_paths(event.data), *self._touched.pop(event.turn_id, ())]
        words = text.split(None, 1)[:1]
        if words and words[0].removeprefix("/") not in _BACK:
            self._changed.update(dict.fromkeys(paths, event.outcome == "verified"))
        if event.outcome == "stopped" and event.error and event.error.code in ("interrupted", *_BROKEN):
            self._stopped.append(text)

    def ending(self, waiting: tuple[str, ...] = ()) -> Ending:
        """What it came to by now; `waiting` are prompts that did not run."""
        return Ending(
            turns=self._turns,
            asked=tuple(self._asked),
            changed=tuple(self._changed),
            verified=all(self._changed.values()),
            checks=tuple(said for _, said in self._checks.values()),
            failed=tuple(name for name, (passed, _) in self._checks.items() if not passed),
            undone=tuple(self._undone),
            stopped=tuple(self._stopped),
            waiting=waiting,
            tokens=self._tokens,
            cost_usd=self._cost,
            seconds=self._seconds,
        )


_BROKEN = ("model-stalled", "model-cut-off", "internal")


def _paths(data: dict[str, Any]) -> list[str]:
    found: Any = data.get("changed", ())
    items = cast("list[Any]", found) if isinstance(found, list | tuple) else []
    return [path for path in items if isinstance(path, str)]
