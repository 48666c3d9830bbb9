"""What is seen of a change before it is written: checks, files, hunks, by the size of the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Static

from agent_core.agent.edit.checking import Checked
from agent_core.changes.model import Chosen
from agent_core.events import ApprovalNeeded, Decision
from agent_core.text import one_line, plural
from agent_core.verify.api import Finding
from tui.keymap import Keys
from tui.keys import REVIEW, bindings
from tui.screens.arrange import MEDIUM
from tui.screens.dialog import Dialog, Hint, Hints
from tui.widgets.checks import Checks
from tui.widgets.choices import Choices
from tui.widgets.diff.draft import FileDraft, drafts, lines_of, wanted_of
from tui.widgets.diff.entries import Found
from tui.widgets.diff.items import file_item
from tui.widgets.diff.view import DiffView
from tui.widgets.rows import Rows

_LOW, _UNFOLDED = 24, 32
"""Rows below which the list of files hides, and from which what failed is unfolded."""
_SPLIT_FROM, SPLIT_LEAST = 116, 64
"""Columns of the diff from which it is side by side by itself, and at least."""


class Reply(NamedTuple):
    """The answer, and what of the change is wanted."""

    decision: Decision
    chosen: Chosen


class Files(Choices):
    """The files; here, too, the key that ticks does so."""

    BINDINGS: ClassVar[list[BindingType]] = [one for one in bindings(REVIEW) if one.id == "review.tick"]

    def action_tick(self) -> None:
        """Tick the file, or not."""
        self.post_message(DiffView.Clicked(self.cursor, None))


class ReviewPanes(Dialog[Reply]):
    """The parts of the screen, and what they show.

    Args:
        question: What is asked.
        keys: For the row of keys.
        split: Side by side (or not), where that was chosen before.
        keep_split: Takes what is chosen now.
    """

    AUTO_FOCUS = "#diff"

    def __init__(
        self,
        question: ApprovalNeeded,
        keys: Keys,
        *,
        split: bool | None = None,
        keep_split: Callable[[bool], None] | None = None,
    ) -> None:
        super().__init__()
        self._question = question
        self._keys = keys
        self._split = split
        self._keep_split = keep_split
        self._files: list[FileDraft] = []
        self._checked = Checked(reports=question.reports)
        remark = self._checked.remark()
        # What the rows of the checks do not say themselves.
        self._unsaid = question.reason.removeprefix(remark).strip("; ") if remark else question.reason
        self._hints = Hints([])

    @property
    def call_id(self) -> str:
        """The call that waits."""
        return self._question.call_id

    @property
    def files(self) -> list[FileDraft]:
        """The files, with what of them is wanted; none while they are compared."""
        return self._files

    def compose(self) -> ComposeResult:
        """Checks over files and diff, and the keys."""
        with Vertical(classes="frame") as frame:
            frame.border_title = f"Change {plural(len(self._question.files), 'file')}?"
            yield Static(Content(f"▲ {self._checked.doubt}"), id="doubt", markup=False)
            yield Checks(self._question.reports, more=self._unsaid)
            with Container(id="both"):
                yield Files(id="files", cursor_always=True)
                yield DiffView(id="diff")
            yield self._hints

    def on_mount(self) -> None:
        """Compare the files."""
        self.set_class(bool(self._checked.doubt), "-doubt")
        self.set_class(len(self._question.files) == 1, "-one")
        self._checks.fill(unfolded=self.size.height >= _UNFOLDED)
        self._arrange()
        self._show_hints()
        self.run_worker(self._compare(), group="compare")

    @property
    def _checks(self) -> Checks:
        return self.query_one(Checks)

    @property
    def _list(self) -> Files:
        return self.query_one(Files)

    @property
    def _diff(self) -> DiffView:
        return self.query_one(DiffView)

    async def _compare(self) -> None:
        self._files = await asyncio.to_thread(drafts, self._question.files)
        self._show_files()

    def _show_files(self) -> None:
        self._diff.show(self._files, self._found())
        self._show_wanted()

    def _found(self) -> dict[str, Found]:
        """What was found, by path and line; where a file was edited since, lines are others."""
        found: dict[str, dict[int, list[Finding]]] = {}
        for finding in self._checks.findings:
            found.setdefault(finding.path, {}).setdefault(finding.line, []).append(finding)
        edited = {file.path for file in self._files if file.edited}
        return {path: lines for path, lines in found.items() if path not in edited}

    def _show_wanted(self) -> None:
        self._list.set_items([file_item(file) for file in self._files])
        wanted, total = wanted_of(self._files)
        added, removed = lines_of(self._files)
        frame = self.query_one(".frame")
        frame.border_subtitle = f"{wanted:,} of {plural(total, 'hunk')} · +{added:,} -{removed:,}"
        self._show_hints()

    def _show_hints(self) -> None:
        shown = self._keys.shown
        wanted, total = wanted_of(self._files)
        some = f" {wanted:,} of {total:,}" if 0 < wanted < total else ""
        apply = f"apply{some}" if wanted or not self._files else "apply nothing"
        hints: list[Hint] = [
            (shown("review.apply"), apply, "screen.apply"),
            (shown("review.reject"), "reject", "screen.reject"),
            (shown("review.tick"), "tick", "screen.tick"),
            (f"{shown('review.next')}{shown('review.previous')}", "move", "screen.step(1)"),
            (shown("review.edit"), "edit", "screen.edit"),
            (f"{shown('review.all')}{shown('review.none')}", "all, none", "screen.all(True)"),
            (shown("review.split"), "one column" if self._diff.split else "side by side", "screen.split"),
            (shown("review.file"), "tick file", "screen.tick_file"),
            (shown("review.always"), "always", "screen.always"),
        ]
        if self._checks.findings:
            hints.insert(4, (shown("review.finding"), "findings", "screen.finding"))
        self._hints.set_hints(hints)

    # The size of the terminal

    def _arrange(self) -> None:
        width, height = self.size
        self.set_class(width >= MEDIUM, "-wide")
        self.set_class(height < _LOW, "-low")
        self._size_checks()
        few = min(len(self._question.files), 4)
        self._list.styles.height = "1fr" if width >= MEDIUM else few

    def _size_checks(self) -> None:
        height = self.size.height
        self._checks.styles.height = max(1, min(len(self._checks.items), height // 3, height - 11))

    def _choose_columns(self) -> None:
        width = self._diff.size.width
        wanted = width >= _SPLIT_FROM if self._split is None else self._split
        self._diff.set_split(wanted and width >= SPLIT_LEAST)
        self._show_hints()

    def on_resize(self, event: events.Resize) -> None:
        """Panes by the size of the terminal."""
        self._arrange()

    # What the parts tell each other

    def on_diff_moved(self) -> None:
        """The list shows in which file the hunk is; the diff may have another width."""
        self._choose_columns()
        self._list.put_cursor(self._diff.spot[0])

    def on_choices_moved(self) -> None:
        """Show the file that the cursor of the list is on."""
        if self._list.cursor != self._diff.spot[0]:
            self._diff.put((self._list.cursor, 0))

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Look at a file."""
        event.stop()
        self._diff.put((self._list.cursor, 0))
        self._diff.focus()

    def on_checks_folded(self) -> None:
        """There are more rows, or fewer."""
        self._size_checks()

    def on_checks_finding_chosen(self, event: Checks.FindingChosen) -> None:
        """Go to the line, where the change shows it."""
        self._go_to(event.finding)

    def _go_to(self, finding: Finding) -> None:
        if self._diff.go_to_line(finding.path, finding.line):
            self._diff.focus()
        else:
            place = f"{finding.path}:{finding.line}" if finding.path and finding.line else finding.path
            said = ": ".join(part for part in (one_line(place), one_line(finding.message)) if part)
            self.notify(f"That place is not in the change\n{said}", timeout=8, markup=False)
