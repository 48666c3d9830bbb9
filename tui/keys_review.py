"""The keys of a change before it is written, and of what opens over it."""

from __future__ import annotations

from tui.action import ALWAYS, DIFF, EDIT, REVIEW, Action
from tui.action import within as _in

REVIEW_TABLE: tuple[Action, ...] = (
    _in(REVIEW, "review.apply", "enter,y", "Apply", "write what is ticked; Enter in a list opens the row",
        "apply"),
    _in(REVIEW, "review.tick", "space", "Tick", "tick the hunk, or not; in the list: the file", "tick"),
    _in(REVIEW, "review.file", "f", "File", "tick the file, or not", "tick_file"),
    _in(REVIEW, "review.all", "a", "All", "tick everything", "all(True)"),
    _in(REVIEW, "review.none", "x", "None", "tick nothing", "all(False)"),
    _in(REVIEW, "review.next", "j", "Next hunk", "go to the next hunk", "step(1)"),
    _in(REVIEW, "review.previous", "k", "Previous hunk", "go to the hunk before", "step(-1)"),
    _in(REVIEW, "review.next_file", "right_square_bracket", "Next file", "go to the next file", "file(1)"),
    _in(REVIEW, "review.previous_file", "left_square_bracket", "Previous file", "go to the file before",
        "file(-1)"),
    _in(REVIEW, "review.finding", "c", "Next finding", "go to the next thing that a check complains of",
        "finding"),
    _in(REVIEW, "review.split", "s", "Side by side", "old and new side by side, or in one column", "split"),
    _in(REVIEW, "review.edit", "e", "Edit", "edit the proposed file before it is written", "edit"),
    _in(REVIEW, "review.always", "A", "Always", "apply, and allow the like from now on", "always"),
    _in(REVIEW, "review.reject", "n,r,escape", "Reject", "write nothing of it", "reject"),
    _in(ALWAYS, "review.always_yes", "enter,y,A", "Apply, add", "apply the change, and add the rules",
        "answer(True)"),
    _in(ALWAYS, "review.always_no", "escape,n", "Back", "back to the change; nothing was added",
        "answer(False)"),
    _in(DIFF, "diff.up", "up", "Up", "scroll a line back", "lines(-1)"),
    _in(DIFF, "diff.down", "down", "Down", "scroll a line on", "lines(1)"),
    _in(DIFF, "diff.page_up", "pageup,b", "Page up", "scroll a page back", "page(-1)"),
    _in(DIFF, "diff.page_down", "pagedown", "Page down", "scroll a page on", "page(1)"),
    _in(DIFF, "diff.first", "home,g", "First", "the first hunk", "edge(-1)"),
    _in(DIFF, "diff.last", "end,G", "Last", "the last hunk", "edge(1)"),
    _in(DIFF, "diff.right", "right,l", "Right", "move right over long lines", "shift(8)"),
    _in(DIFF, "diff.left", "left,h", "Left", "move left again", "shift(-8)"),
    _in(EDIT, "edit.save", "ctrl+s", "Keep", "propose the file as it is edited", "save"),
    _in(EDIT, "edit.cancel", "escape", "Cancel", "leave it as it was; twice where it was edited", "cancel",
        early=True),
)  # fmt: skip
