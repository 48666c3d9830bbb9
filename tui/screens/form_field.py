"""One field of a form: what it is called, what may be answered, the box or the options, and what is wrong."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from agent_core.forms import LONGEST, Field, Given, problem_in, wanted
from agent_core.text import one_line
from tui.widgets.rows import Item, Rows
from tui.widgets.sheet import Sheet
from tui.widgets.transcript.lines import Line, Run, wrap

_MOST_ROWS = 6


class FieldBox(Vertical):
    """A field; `number` counts from 0."""

    DEFAULT_CSS = """
    FieldBox { height: auto; margin-bottom: 1; }
    """

    def __init__(self, field: Field, number: int) -> None:
        super().__init__()
        self.field, self.number = field, number
        self._chosen = list(field.chosen)
        self._problem = ""
        self._wrong = Sheet(self._wrong_lines)
        self.editor: Input | Rows = self._rows() if field.options else self._box()

    def compose(self) -> ComposeResult:
        """Its name, where it is answered, what is wrong."""
        yield Sheet(self._name_lines)
        yield self.editor
        yield self._wrong

    def on_mount(self) -> None:
        """Show the options."""
        self._wrong.display = False
        self._show_options()

    def _box(self) -> Input:
        box = Input(
            value=self.field.default,
            password=self.field.secret,
            max_length=LONGEST,
            placeholder="Nothing of it is shown" if self.field.secret else "",
            select_on_focus=False,
        )
        box.cursor_blink = False
        return box

    def _rows(self) -> Rows:
        rows = Rows()
        rows.styles.height = min(len(self.field.options), _MOST_ROWS)
        return rows

    @property
    def given(self) -> Given:
        """What stands there."""
        if isinstance(self.editor, Input):
            return self.editor.value
        return tuple(sorted(self._chosen))

    @property
    def is_wrong(self) -> bool:
        """Whether it was said that it is."""
        return bool(self._problem)

    def check(self) -> str:
        """What is wrong with it, which is shown beside it."""
        self._problem = problem_in(self.field, self.given)
        self._wrong.display = bool(self._problem)
        self._wrong.show(self._wrong_lines)
        return self._problem

    def pick(self) -> None:
        """Choose the option with the cursor; once more takes it back where it need not be."""
        if not isinstance(self.editor, Rows):
            return
        at = self.editor.cursor
        if at in self._chosen:
            if self.field.kind == "choices" or not self.field.required:
                self._chosen.remove(at)
        elif self.field.kind == "choices":
            self._chosen.append(at)
        else:
            self._chosen = [at]
        self._show_options()

    def _show_options(self) -> None:
        if not isinstance(self.editor, Rows):
            return
        no, yes = ("[ ] ", "[x] ") if self.field.kind == "choices" else ("( ) ", "(•) ")
        self.editor.set_items(
            [
                Item(one_line(title), "", ((yes if at in self._chosen else no, "mark", None),), key=str(at))
                for at, title in enumerate(self.field.options)
            ]
        )

    def _name_lines(self, width: int) -> list[Line]:
        field = self.field
        runs: list[Run] = [(one_line(field.title), "title", None)]
        if field.required:
            runs.append((" *", "bad", None))
        about = " · ".join(part for part in (one_line(field.description), wanted(field)) if part)
        if about:
            runs.append((f"  {about}", "dim", None))
        return wrap(runs, width)

    def _wrong_lines(self, width: int) -> list[Line]:
        return wrap([(f"{self._problem}.", "bad", None)], width) if self._problem else []
