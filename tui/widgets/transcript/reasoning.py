"""What a model thought before it answered: one line that unfolds."""

from __future__ import annotations

from agent_core.text import human_duration, plural, printable
from tui.widgets.transcript.folds import ended
from tui.widgets.transcript.inline import plain_runs
from tui.widgets.transcript.lines import Line, Run, wrap
from tui.widgets.transcript.units import Clock, Unit


class Reasoning(Unit):
    """What the model thought: one line, unless unfolded."""

    kind = "reasoning"

    def __init__(self, *, turn_id: str, clock: Clock) -> None:
        super().__init__(turn_id=turn_id)
        self._clock = clock
        self._started = clock()
        self._seconds: float | None = None
        self._text = ""
        self._tokens = 0
        self._expanded = False

    def shed(self) -> None:
        """See `Unit`; once it has ended, no clock is needed any more."""
        self.forget()
        if not self.running:
            self._clock = ended

    @property
    def weight(self) -> int:
        """See `Unit`."""
        return len(self._text)

    @property
    def running(self) -> bool:
        """Whether more may come."""
        return self._seconds is None

    @property
    def expanded(self) -> bool:
        """Whether the text is shown."""
        return self._expanded

    def add(self, text: str) -> None:
        """A piece of reasoning."""
        self._text += text
        self.forget()

    def finish(self) -> None:
        """The model went on to something else."""
        if self._seconds is None:
            self._seconds = max(0.0, self._clock() - self._started)
            self.forget()

    def count(self, tokens: int) -> None:
        """The number of tokens as the endpoint counted them."""
        self._tokens = tokens
        self.forget()

    def toggle(self) -> bool:
        """Fold or unfold."""
        self._expanded = not self._expanded
        self.forget()
        return True

    def _render(self, width: int) -> list[Line]:
        fold = "▾ " if self._expanded else "▸ "
        seconds = self._seconds if self._seconds is not None else max(0.0, self._clock() - self._started)
        # Four characters a token is the usual estimate where the endpoint does not count.
        count = self._tokens or max(1, len(self._text) // 4)
        about = "" if self._tokens else "about "
        verb = "thinking for" if self.running else "thought for"
        text = f"{verb} {human_duration(seconds)}, {about}{plural(count, 'token')}"
        out = wrap([(fold, "dim", None), (text, "dim em", None)], width, action="toggle")
        if self._expanded:
            bar: tuple[Run, ...] = (("  │ ", "rule", None),)
            runs = plain_runs(self._text.strip(), "dim")
            out += wrap(runs, width, first=bar, rest=bar)
        return out

    def _plain(self) -> str:
        return printable(self._text).strip()
