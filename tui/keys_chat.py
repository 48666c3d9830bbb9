"""The keys of the conversation, and of the line in which it is searched."""

from __future__ import annotations

from tui.action import CHAT, FIND, Action
from tui.action import within as _in

CHAT_TABLE: tuple[Action, ...] = (
    _in(CHAT, "transcript.activate", "enter,space", "Open, fold", "open the link, or fold the block",
        "activate"),
    _in(CHAT, "transcript.select_next", "j", "Next block", "select the next block", "select_block(1)"),
    _in(CHAT, "transcript.select_previous", "k", "Previous block", "select the previous block",
        "select_block(-1)"),
    _in(CHAT, "transcript.extend_down", "J,shift+down", "Extend down", "select one block more",
        "extend_block(1)"),
    _in(CHAT, "transcript.extend_up", "K,shift+up", "Extend up", "select one block more above",
        "extend_block(-1)"),
    _in(CHAT, "transcript.copy", "c", "Copy", "copy what is selected", "copy"),
    _in(CHAT, "transcript.copy_code", "y", "Copy code", "copy the code block", "copy_code"),
    _in(CHAT, "transcript.copy_answer", "Y", "Copy answer", "copy the whole answer", "copy_answer"),
    _in(CHAT, "transcript.next_link", "l", "Next link", "go to the next link", "step_link(1)"),
    _in(CHAT, "transcript.previous_link", "L", "Previous link", "go to the previous link", "step_link(-1)"),
    _in(CHAT, "transcript.next_turn", "]", "Next turn", "go to the next prompt", "step_turn(1)"),
    _in(CHAT, "transcript.previous_turn", "[", "Previous turn", "go to the previous prompt", "step_turn(-1)"),
    _in(CHAT, "transcript.find_next", "n", "Next match", "go to the next match", "find_next(1)"),
    _in(CHAT, "transcript.find_previous", "N", "Previous match", "go to the previous match", "find_next(-1)"),
    _in(CHAT, "transcript.more", "m", "More", "show more of a long output", "more"),
    _in(CHAT, "transcript.toggle_all", "t", "Fold all", "fold or unfold every tool call", "toggle_all"),
    _in(CHAT, "transcript.half_down", "ctrl+d", "Half a page down", "scroll half a page on", "half(1)"),
    _in(CHAT, "transcript.half_up", "ctrl+u", "Half a page up", "scroll half a page back", "half(-1)"),
    _in(CHAT, "transcript.page_down", "pagedown,ctrl+f", "Page down", "scroll a page on", "page_down"),
    _in(CHAT, "transcript.page_up", "pageup,ctrl+b", "Page up", "scroll a page back", "page_up"),
    _in(CHAT, "transcript.first", "home,g", "First", "the beginning of the conversation", "scroll_home"),
    _in(CHAT, "transcript.last", "end,G", "Last", "its end, and follow it", "scroll_end"),
    _in(CHAT, "transcript.find", "slash", "Find", "search the conversation; Enter comes back, n goes on",
        "screen.find"),
    _in(CHAT, "transcript.prompt", "i", "To the prompt", "back to the prompt", "screen.to_prompt",
        early=True),
    _in(CHAT, "transcript.window", "ctrl+w", "To a pane", "then h, j, k, l: the pane there; w: the next",
        "screen.window"),
    _in(CHAT, "transcript.dismiss", "escape", "Clear", "clear selection and search", "dismiss"),
    _in(FIND, "find.done", "enter", "Next, or done", "the next match; in the conversation with all of them"
        " where the search began there", "done"),
    _in(FIND, "find.next", "down", "Next match", "the next match", "next(1)"),
    _in(FIND, "find.previous", "up,shift+enter", "Previous match", "the match before", "next(-1)"),
    _in(FIND, "find.close", "escape", "End", "end the search", "close"),
)  # fmt: skip
