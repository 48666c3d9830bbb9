"""Sets of keys: what other habits put in place of the keys of the table. The user's own lie over them.

    key_set = "vim"

What a set does not name has the table's key. A key that writes a letter and holds anywhere (`space`) holds
where nothing is typed, and where the place has no use of its own for it.
"""

from __future__ import annotations

from collections.abc import Mapping

VIM: Mapping[str, str] = {
    "leader": "ctrl+x,space",
    "palette": "ctrl+p,colon",
    "transcript.prompt": "i,a",
    "transcript.activate": "enter",
    "list.choose": "enter",
    "learning.page_up": "pageup,b,ctrl+b,ctrl+u",
    "learning.page_down": "pagedown,ctrl+f,ctrl+d",
    "diff.page_up": "pageup,b,ctrl+b,ctrl+u",
    "diff.page_down": "pagedown,ctrl+f,ctrl+d",
}
"""The prompt is where text is inserted, the conversation where keys are commands: Esc leaves the one, i the
other."""

SETS: Mapping[str, Mapping[str, str]] = {"default": {}, "vim": VIM}
