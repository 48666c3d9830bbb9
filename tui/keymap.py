"""The table of keys as it is for one user: `settings.keys` gives an action another key by its id."""

from __future__ import annotations

from collections.abc import Mapping

from tui.keys import ANYWHERE, TABLE, Action

_BY_ID = {action.id: action for action in TABLE}


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
