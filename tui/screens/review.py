"""A change before it is written: what is ticked of it, hunk by hunk or rewritten by hand, is applied."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual.binding import BindingType

from agent_core.changes.model import Chosen
from agent_core.events import ApprovalNeeded, Decision
from tui.keymap import Keys
from tui.keys import REVIEW, bindings
from tui.screens.approve import ARM_S, rules_of
from tui.screens.parts import Parts
from tui.screens.review_more import AlwaysScreen, EditScreen, why_not_edited
from tui.screens.review_panes import SPLIT_LEAST, Reply, ReviewPanes
from tui.widgets.diff.draft import FileDraft, chosen_of, put, rewritten, toggled, wanted_of
from tui.widgets.diff.view import DiffView


class ReviewScreen(ReviewPanes):
    """Ends with the reply, or with None when the question was answered elsewhere.

    Args:
        question: What is asked.
        keys: For the row of keys.
        split: Side by side (or not), where that was chosen before.
        keep_split: Takes what is chosen now.
        arm_s: Seconds before it takes answers.
    """

    PARTS = Parts("review", "files", "diff", tall=False)
    CSS_PATH = "review.tcss"
    asks = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(REVIEW)]

    def __init__(
        self,
        question: ApprovalNeeded,
        keys: Keys,
        *,
        split: bool | None = None,
        keep_split: Callable[[bool], None] | None = None,
        arm_s: float = ARM_S,
    ) -> None:
        super().__init__(question, keys, split=split, keep_split=keep_split)
        self._arm_s = arm_s
        self._armed = self._seen = self._answered = False
        self._next_finding = 0

    def on_mount(self) -> None:
        """Take answers once the question could be read."""
        self.set_timer(max(self._arm_s, 0.001), self._arm)

    def _arm(self) -> None:
        self._armed = True

    async def _compare(self) -> None:
        """Nothing is written before its diff could be seen, however long it took to be made."""
        await super()._compare()
        self.set_timer(max(self._arm_s, 0.001), self._see)

    def _see(self) -> None:
        self._seen = True

    # Choosing

    def on_diff_clicked(self, event: DiffView.Clicked) -> None:
        """Tick with the mouse."""
        self._wanted(toggled(self._files, event.file, event.hunk))

    def _wanted(self, files: list[FileDraft]) -> None:
        self._files = files
        self._diff.mark(files)
        self._show_wanted()

    def action_tick(self) -> None:
        """Tick what has the cursor, or not."""
        if self._files:
            file, hunk = self._diff.spot
            self._wanted(toggled(self._files, file, hunk))

    def action_tick_file(self) -> None:
        """Tick the whole file, or not."""
        if self._files:
            self._wanted(toggled(self._files, self._diff.spot[0]))

    def action_all(self, wanted: bool) -> None:
        """Tick everything, or nothing."""
        self._wanted([put(file, wanted) for file in self._files])

    def action_step(self, by: int) -> None:
        """Go to another hunk."""
        self._diff.step(by)

    def action_file(self, by: int) -> None:
        """Go to another file."""
        self._diff.put((max(0, min(self._diff.spot[0] + by, len(self._files) - 1)), 0))

    def action_finding(self) -> None:
        """Go from finding to finding."""
        found = self._checks.findings
        if found:
            self._go_to(found[self._next_finding % len(found)])
            self._next_finding += 1

    def action_split(self) -> None:
        """Side by side, or in one column, from now on."""
        self._split = not self._diff.split
        if self._split and self._diff.size.width < SPLIT_LEAST:
            self.notify("There is no room for two columns", timeout=3, markup=False)
        if self._keep_split:
            self._keep_split(self._split)
        self._choose_columns()

    def action_edit(self) -> None:
        """Edit the file before it is written."""
        if not self._files:
            return
        place, hunk = self._diff.spot
        file = self._files[place]
        if why := why_not_edited(file):
            self.notify(why, timeout=4, markup=False)
            return
        screen = EditScreen(file.path, file.text(), self._keys, line=file.first_line(hunk))
        self.app.push_screen(screen, lambda text: self._take(file, text))  # pyright: ignore[reportUnknownMemberType]

    def _take(self, file: FileDraft, text: str | None) -> None:
        if text is not None and text != file.text():
            self.run_worker(self._rewrite(file.path, text), group="compare")

    async def _rewrite(self, path: str, text: str) -> None:
        place = next(number for number, file in enumerate(self._files) if file.path == path)
        file = await asyncio.to_thread(rewritten, self._files[place], text)
        self._files = [file if number == place else other for number, other in enumerate(self._files)]
        self._show_files()

    # Answering

    def action_apply(self) -> None:
        """Write what is ticked."""
        if self._seen:
            self._answer("once" if wanted_of(self._files)[0] else "no")

    def action_reject(self) -> None:
        """Write nothing."""
        self._answer("no")

    def action_always(self) -> None:
        """Apply, once the rules that are added were seen."""
        if not self._seen or not wanted_of(self._files)[0]:
            return
        screen = AlwaysScreen(rules_of(self._question.rule), self._keys)
        self.app.push_screen(screen, lambda yes: self._answer("always") if yes else None)  # pyright: ignore[reportUnknownMemberType]

    def _answer(self, decision: Decision) -> None:
        if self._armed and not self._answered:
            self._answered = True
            self.run_worker(self._reply(decision), group="reply")

    async def _reply(self, decision: Decision) -> None:
        chosen = Chosen() if decision == "no" else await asyncio.to_thread(chosen_of, self._files)
        if self.is_current:
            self.dismiss(Reply(decision, chosen))
