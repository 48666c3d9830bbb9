"""Why a suggestion: what speaks for it and against, what it is expected to bring, how it did before."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from agent_core.errors import AgentError
from agent_core.rl.api import Learning, Reason, Suggestion, ToolRecord
from agent_core.rl.saying import history, how_known
from agent_core.text import cells, one_line, plural, shorten
from tui.keymap import Keys
from tui.keys import WHY, bindings
from tui.screens.dialog import Dialog, Hints
from tui.screens.learning_said import bar, failed, remark
from tui.widgets.sheet import Sheet
from tui.widgets.transcript.lines import BLANK, Line, plain, wrap

_LEAST = 0.0005
"""A share that is shown as 0.000 says nothing."""
_MOST = 12


class WhyScreen(Dialog[str]):
    """Ends with "accept" or "dismiss", or None.

    Args:
        suggestion: What is asked about.
        learning: Knows how it did before.
        keys: For the row of keys.
    """

    CSS_PATH = "why.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(WHY)]

    def __init__(self, suggestion: Suggestion, *, learning: Learning, keys: Keys) -> None:
        super().__init__()
        self._suggestion = suggestion
        self._learning = learning
        self._keys = keys
        self._reasons = Sheet(partial(reasons, suggestion, None), id="reasons")
        self._before = Sheet(id="before")

    def compose(self) -> ComposeResult:
        """The reasons, how it did before, and the keys."""
        shown = self._keys.shown
        with Vertical(classes="frame") as frame:
            frame.border_title = Content(f"Why {shorten(one_line(self._suggestion.command), 60)}")
            with VerticalScroll(id="page"):
                yield self._reasons
                yield self._before
            yield Hints(
                [
                    (shown("why.accept"), "run it", "screen.accept"),
                    (shown("why.dismiss"), "not now", "screen.dismiss"),
                    (shown("why.close"), "close", "screen.close"),
                ]
            )

    def on_mount(self) -> None:
        """Look up how it did before."""
        self.run_worker(self._look, group="look")

    async def _look(self) -> None:
        try:
            overview = await self._learning.overview()
        except AgentError as error:
            self._before.show(partial(failed, error))
            return
        tool = self._suggestion.tool
        record = next((each for each in overview.tools if each.tool == tool), ToolRecord(tool=tool))
        self._reasons.show(partial(reasons, self._suggestion, record))
        self._before.show(partial(before, record))

    def action_accept(self) -> None:
        """Run it."""
        self.dismiss("accept")

    def action_dismiss(self) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """It is not wanted now."""
        self.dismiss("dismiss")

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)


def reasons(suggestion: Suggestion, record: ToolRecord | None, width: int) -> list[Line]:
    """What it is for, and the features that spoke for and against it, with their shares as bars.

    `record` tells how much of what is expected is known; None while that is not read yet.
    """
    shares = [reason for reason in suggestion.reasons if abs(reason.weight) >= _LEAST]
    lines: list[Line] = wrap([(one_line(suggestion.why), "dim", None)], width) if suggestion.why else []
    if not shares or suggestion.value is None:
        return lines + remark(
            "● ", "dim", "No evidence yet: nothing speaks for it, and nothing against.", width
        )
    most = max(abs(reason.weight) for reason in shares)
    words = min(max(cells(one_line(reason.text)) for reason in shares), max(12, width // 2))
    lines.append(BLANK)
    lines += [_share(reason, most, words, width) for reason in shares[:_MOST]]
    if rest := shares[_MOST:]:
        total = sum(reason.weight for reason in rest)
        lines.append(_share(Reason("", plural(len(rest), "other"), total), most, words, width))
    known = how_known(record) if record is not None else ""
    lines += [BLANK, *_number("expected reward", f"{suggestion.value:+.3f}", known, words, width)]
    if suggestion.probability is not None:
        trial = "first here to learn more of it" if suggestion.trial else ""
        lines += _number("put first", f"{suggestion.probability:.1%}", trial, words, width)
    return lines


def _share(reason: Reason, most: float, words: int, width: int) -> Line:
    text = shorten(one_line(reason.text), words)
    drawn = bar(reason.weight, most, max(4, width - words - 10))
    return Line(
        (
            (text + " " * (words - cells(text)), "title", None),
            (f" {reason.weight:+7.3f} ", "dim", None),
            (drawn, "ok" if reason.weight > 0 else "bad", None),
        )
    )


def _number(text: str, number: str, note: str, words: int, width: int) -> list[Line]:
    """A number, and what is to be said of it: behind it, or below where it is narrow."""
    runs = ((text + " " * max(0, words - cells(text)), "dim", None), (f" {number:>7}", "strong", None))
    if not note or cells(plain(runs)) + 1 + cells(note) <= width:
        return [Line((*runs, (f" {note}", "dim", None)) if note else runs)]
    return [
        Line(runs),
        *wrap([(note, "dim", None)], width, first=[("  ", "", None)], rest=[("  ", "", None)]),
    ]


def before(record: ToolRecord, width: int) -> list[Line]:
    """How often it was first and what came of it."""
    return [BLANK, *wrap([(history(record), "dim", None)], width)]
