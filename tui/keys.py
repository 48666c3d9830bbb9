"""The one table of actions: id, key, title, help, and where the key holds.

Bindings, the command palette and the help screen are made from it. `settings.keys` gives an action another
key by its id, for one session as for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from textual.binding import Binding

ANYWHERE, PROMPT, CHAT, PANES = "Anywhere", "Prompt", "Conversation", "Files, logs, suggestions"
FILES, PREVIEW, MODELS, QUESTION = "Files", "Preview", "Models", "Permission"
RESULTS, LOG_PANE, LOGS = "Search results", "Logs", "Log screen"
SESSIONS, REVIEW, DIFF, EDIT = "Sessions", "Change", "Diff", "Edit a proposed file"
PLACES = (
    ANYWHERE,
    PROMPT,
    CHAT,
    PANES,
    FILES,
    RESULTS,
    LOG_PANE,
    LOGS,
    PREVIEW,
    MODELS,
    SESSIONS,
    QUESTION,
    REVIEW,
    DIFF,
    EDIT,
)


class Action(NamedTuple):
    """One thing that a key does.

    `does` is the action as Textual runs it; `early` beats the focused widget; `palette` offers it there.
    """

    id: str
    key: str
    title: str
    help: str
    where: str
    does: str
    early: bool = False
    palette: bool = False


def _a(id: str, key: str, title: str, help: str, does: str = "", *, palette: bool = True) -> Action:  # noqa: A002
    """An action that holds everywhere on the work screen, whatever has the focus."""
    return Action(id, key, title, help, ANYWHERE, does or id, early=True, palette=palette)


def _in(where: str, id: str, key: str, title: str, help: str, does: str, *, early: bool = False) -> Action:  # noqa: A002
    return Action(id, key, title, help, where, does, early)


TABLE: tuple[Action, ...] = (
    _a("help", "f1", "Help", "every key and every command", "screen.help"),
    _a("palette", "ctrl+p", "Command palette", "find an action, a command, a file, a model",
       "command_palette", palette=False),
    _a("stop", "escape", "Stop", "stop the answer; else back to the prompt", "screen.stop"),
    _a("interrupt", "ctrl+c", "Copy, stop, clear", "copy; else stop; else clear the prompt",
       "screen.interrupt", palette=False),
    _a("quit", "ctrl+q", "Quit", "end the program"),
    _a("files", "f2", "Files", "go to the files; once more hides them", "screen.pane('files')"),
    _a("find", "f3", "Find", "search the conversation", "screen.find"),
    _a("logs", "f4", "Logs", "go to the logs; once more hides them", "screen.pane('logs')"),
    _a("suggestions", "f5", "Suggestions", "go to the suggestions; once more hides them",
       "screen.pane('suggestions')"),
    _a("next_pane", "f6", "Next pane", "move on to the next pane", "screen.next_pane"),
    _a("models", "f7", "Models", "list, switch or pull language models", "screen.models"),
    _a("accept", "f8", "Accept suggestion", "run the first suggestion", "screen.accept(1)"),
    _a("conversation", "f9", "Conversation", "select, copy, fold; once more goes back",
       "screen.conversation"),
    _a("search_code", "ctrl+g", "Search code", "find code by what it does", "screen.search_code"),
    _a("results", "ctrl+r", "Search results", "the places that the last search found", "screen.results"),
    _a("log_screen", "ctrl+o", "Log screen", "key events and lines of the logs", "screen.log_screen"),
    _a("sessions", "ctrl+s", "Sessions", "go on in a saved conversation; fork, rename, export, delete",
       "screen.sessions"),
    _a("undo", "alt+z", "Undo", "take back what the last turn changed", "screen.command('undo')"),
    _a("redo", "alt+y", "Redo", "do again what was undone", "screen.command('redo')"),
    _a("theme", "ctrl+t", "Light or dark", "change between the two themes", "toggle_theme"),
    _a("clear", "ctrl+l", "Clear", "empty the conversation; nothing is forgotten", "screen.clear"),
    _in(PROMPT, "prompt.send", "enter", "Send", "ask, or run the command", "send"),
    _in(PROMPT, "prompt.now", "ctrl+n", "Send now", "stop what runs; this, or what waits, is next", "now"),
    _in(PROMPT, "prompt.drop", "ctrl+d", "Drop", "drop the last that waits; else delete a letter", "drop"),
    _in(PROMPT, "prompt.newline", "ctrl+j,shift+enter,alt+enter", "New line", "begin a new line", "newline"),
    _in(PROMPT, "prompt.complete", "tab", "Complete", "a command, an option or a path; again: the next",
        "complete"),
    _in(PROMPT, "prompt.earlier", "up", "Earlier", "edit the waiting prompt; else the one sent before",
        "earlier"),
    _in(PROMPT, "prompt.later", "down", "Later", "the one sent after", "later"),
    _in(PROMPT, "prompt.page_up", "pageup", "Scroll back", "scroll the conversation back", "scroll(-1)"),
    _in(PROMPT, "prompt.page_down", "pagedown", "Scroll on", "scroll the conversation on", "scroll(1)"),
    _in(PROMPT, "prompt.end", "end", "To the end", "end of the line; there already: of the conversation",
        "to_end"),
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
    _in(CHAT, "transcript.dismiss", "escape", "Clear", "clear selection and search", "dismiss"),
    _in(PANES, "list.up", "up,k", "Up", "the row above", "move(-1)"),
    _in(PANES, "list.down", "down,j", "Down", "the row below", "move(1)"),
    _in(PANES, "list.page_up", "pageup", "Page up", "a page up", "page(-1)"),
    _in(PANES, "list.page_down", "pagedown", "Page down", "a page down", "page(1)"),
    _in(PANES, "list.first", "home,g", "First", "the first row", "edge(-1)"),
    _in(PANES, "list.last", "end,G", "Last", "the last row", "edge(1)"),
    _in(PANES, "list.choose", "enter,space", "Open", "open the file or folder; run the suggestion", "choose"),
    _in(FILES, "files.open", "right,l", "Unfold", "show what is in the folder", "unfold"),
    _in(FILES, "files.close", "left,h", "Fold", "hide it again, or go to the folder above", "fold"),
    _in(FILES, "files.ignored", "i", "Ignored files", "show or hide ignored files", "toggle_ignored"),
    _in(FILES, "files.mention", "a", "Ask about it", "put the file into the prompt", "mention"),
    _in(FILES, "files.refresh", "r", "Look again", "read the folders and git again", "reload"),
    _in(RESULTS, "results.previous", "up", "Previous place", "the place above", "move(-1)", early=True),
    _in(RESULTS, "results.next", "down", "Next place", "the place below", "move(1)", early=True),
    _in(RESULTS, "results.open", "enter", "Open", "open the file at the place", "open", early=True),
    _in(RESULTS, "results.mention", "a", "Ask about it", "put the place into the prompt", "mention"),
    _in(RESULTS, "results.query", "slash", "Search again", "go to the query", "query"),
    _in(RESULTS, "results.close", "escape", "Close", "go back", "close", early=True),
    _in(LOG_PANE, "log_pane.code", "o", "Open the code", "open the place in the code", "code"),
    _in(LOG_PANE, "log_pane.mention", "a", "Ask about it", "put the event or the log into the prompt",
        "mention"),
    _in(LOG_PANE, "log_pane.filter", "slash", "Filter", "show only what matches, in full", "filter"),
    _in(LOGS, "logs.view", "tab", "Events, lines", "key events, or the lines of the log they are in", "view",
        early=True),
    _in(LOGS, "logs.filter", "slash", "Filter", "show only what matches a pattern", "filter",
        early=True),
    _in(LOGS, "logs.only", "m", "Only matches", "only what matches, or what lies around it", "only"),
    _in(LOGS, "logs.match_next", "n", "Next match", "the next line that matches", "match(1)"),
    _in(LOGS, "logs.match_previous", "N", "Previous match", "the line before that matches", "match(-1)"),
    _in(LOGS, "logs.go", "colon", "Go to", "a line, a share or a time: 1200, 50%, 14:30, 10m", "go",
        early=True),
    _in(LOGS, "logs.pause", "p", "Pause", "stay here, or follow the end", "pause"),
    _in(LOGS, "logs.code", "o", "Open the code", "open the place in the code", "code"),
    _in(LOGS, "logs.mention", "a", "Ask about it", "put the event or the line into the prompt", "mention"),
    _in(LOGS, "logs.copy", "c", "Copy", "copy the line, or what the event says", "copy"),
    _in(LOGS, "logs.pick", "s", "Choose a log", "the lines of another log", "pick"),
    _in(LOGS, "logs.next", "right_square_bracket", "Next log", "the lines of the next log", "source(1)"),
    _in(LOGS, "logs.previous", "left_square_bracket", "Previous log", "the lines of the one before",
        "source(-1)"),
    _in(LOGS, "logs.right", "right,l", "Right", "move right over long lines; to the event in full",
        "shift(8)"),
    _in(LOGS, "logs.left", "left,h", "Left", "move left again; to the list", "shift(-8)"),
    _in(LOGS, "logs.leave", "q", "Leave", "go back at once", "leave"),
    _in(LOGS, "logs.close", "escape", "Close", "end the filter; else go back", "close", early=True),
    _in(PREVIEW, "preview.mention", "a", "Ask about it", "put the place into the prompt", "mention"),
    _in(PREVIEW, "preview.copy", "c", "Copy the path", "copy the path and the line", "copy_place"),
    _in(PREVIEW, "preview.close", "escape,q", "Close", "go back", "close"),
    _in(SESSIONS, "sessions.previous", "up", "Previous", "the conversation above", "move(-1)", early=True),
    _in(SESSIONS, "sessions.next", "down", "Next", "the conversation below", "move(1)", early=True),
    _in(SESSIONS, "sessions.resume", "enter", "Resume", "go on in it", "resume", early=True),
    _in(SESSIONS, "sessions.fork", "f", "Fork", "go on in a copy of it", "fork"),
    _in(SESSIONS, "sessions.rename", "r", "Rename", "give it a name", "rename"),
    _in(SESSIONS, "sessions.export", "e", "Export", "write it as Markdown", "export"),
    _in(SESSIONS, "sessions.delete", "d", "Delete", "delete it, once you say so", "delete"),
    _in(SESSIONS, "sessions.yes", "y", "Yes", "delete it", "yes"),
    _in(SESSIONS, "sessions.filter", "slash", "Filter", "show only what has these letters", "filter"),
    _in(SESSIONS, "sessions.close", "escape", "Close", "leave what is typed; else go back", "close",
        early=True),
    _in(MODELS, "models.pull", "ctrl+d", "Pull", "pull the model that is typed", "pull", early=True),
    _in(MODELS, "models.close", "escape", "Stop, close", "stop pulling; else go back", "close"),
    _in(QUESTION, "approve.once", "y", "Yes, once", "allow it this time", "decide('once')"),
    _in(QUESTION, "approve.always", "a", "Always", "allow it, and remember the rule", "decide('always')"),
    _in(QUESTION, "approve.no", "n,escape", "No", "refuse it", "decide('no')"),
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

_BY_ID = {action.id: action for action in TABLE}


def bindings(where: str) -> list[Binding]:
    """The bindings of one place, for a class's `BINDINGS`."""
    return [
        Binding(action.key, action.does, action.title, show=False, priority=action.early, id=action.id)
        for action in TABLE
        if action.where == where
    ]


class Keys:
    """The table with the user's own keys.

    Args:
        own: Keys by action id; several, separated by commas, are all bound.
    """

    def __init__(self, own: Mapping[str, str]) -> None:
        self.keymap = {name: key for name, key in own.items() if name in _BY_ID and _split(key)}
        self.problems = [_unusable(name) for name in own if name not in self.keymap]
        """What was wrong with the user's keys; each is left out."""
        for name in list(self.keymap):
            if problem := self._conflict(name):
                self.problems.append(problem)
                del self.keymap[name]

    def key(self, action_id: str) -> str:
        """The key or keys of an action, as Textual names them."""
        return self.keymap.get(action_id, _BY_ID[action_id].key)

    def shown(self, action_id: str) -> str:
        """The action's first key as people write it."""
        return spell(self.key(action_id).partition(",")[0])

    def _conflict(self, name: str) -> str:
        action = _BY_ID[name]
        wanted = _split(self.keymap[name])
        for other in TABLE:
            taken = wanted & _split(self.key(other.id))
            apart = other.where != action.where and ANYWHERE not in (other.where, action.where)
            if other.id != name and taken and not apart and not _shadows(other, action, taken):
                return f"keys: {spell(min(taken))} of {name} already belongs to {other.id}"
        return ""


def _unusable(name: str) -> str:
    return f"keys: {name} has no key" if name in _BY_ID else f"keys: there is no action {name!r}"


def _split(key: str) -> set[str]:
    return {
        part.strip().lower() if len(part.strip()) > 1 else part.strip()
        for part in key.split(",")
        if part.strip()
    }


def _shadows(one: Action, other: Action, taken: set[str]) -> bool:
    """Whether both have the keys by default: one means it in a place, the other elsewhere."""
    return one.where != other.where and taken <= (_split(one.key) & _split(other.key))


_NAMES = {
    "escape": "Esc", "enter": "Enter", "space": "Space", "pageup": "PgUp", "pagedown": "PgDn", "up": "↑",
    "down": "↓", "left": "←", "right": "→", "ctrl": "Ctrl", "shift": "Shift", "alt": "Alt", "tab": "Tab",
    "home": "Home", "end": "End", "slash": "/", "colon": ":", "left_square_bracket": "[",
    "right_square_bracket": "]",
}  # fmt: skip


def spell(key: str) -> str:
    """A key as people write it: `ctrl+p` is Ctrl+P."""
    parts = key.split("+")
    if len(parts) > 1:
        parts[-1] = parts[-1].upper() if len(parts[-1]) == 1 else parts[-1]
    return "+".join(_NAMES.get(part, part.upper() if _is_function(part) else part) for part in parts)


def _is_function(part: str) -> bool:
    return part[:1] == "f" and part[1:].isdigit()
