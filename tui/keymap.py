"""The table of keys as it is for one user: the setting `key_set` chooses a set of other keys, and `keys` puts
its own in place of them, by the ids of actions.
"""

from __future__ import annotations

from collections.abc import Mapping

from tui.action import WITH_LISTS
from tui.keynames import named, spell, writes
from tui.keys import ANYWHERE, PANES, TABLE, Action
from tui.keysets import SETS

_BY_ID = {action.id: action for action in TABLE}


class Keys:
    """The table with a set of keys and the user's own over it.

    Args:
        own: Keys by action id; several, separated by commas, are all bound.
        key_set: The name of the set below them.
    """

    def __init__(self, own: Mapping[str, str], key_set: str = "default") -> None:
        self.key_set = key_set
        self._set = SETS[key_set]
        usable = {name: keys for name, key in own.items() if name in _BY_ID and (keys := _named(key))}
        self.problems = [problem for name, key in own.items() for problem in _unusable(name, key)]
        """What was wrong with the user's keys; each is left out."""
        self.keymap: dict[str, str] = {**self._set, **usable}
        for name in usable:
            if problem := self._conflict(name):
                self.problems.append(problem)
                self.keymap[name] = self._set.get(name, _BY_ID[name].key)
        self.keymap = {name: key for name, key in self.keymap.items() if key != _BY_ID[name].key}

    def key(self, action_id: str) -> str:
        """The key or keys of an action, as Textual names them."""
        return self.keymap.get(action_id, _BY_ID[action_id].key)

    def shown(self, action_id: str) -> str:
        """The action's first key as people write it."""
        return spell(self.key(action_id).partition(",")[0])

    @property
    def bound(self) -> dict[str, str]:
        """The keys that Textual is to bind, where they are not the table's: none that writes a letter and
        holds anywhere, which would take it from what is typed."""
        bound: dict[str, str] = {}
        for name, key in self.keymap.items():
            kept = [part for part in key.split(",") if not (_is_anywhere(name) and writes(part))]
            bound[name] = ",".join(kept) or UNBOUND
        return bound

    @property
    def loose(self) -> dict[str, Action]:
        """The actions that hold anywhere by keys that write letters: where nothing is typed, and the place
        has no use for them."""
        return {
            part: _BY_ID[name]
            for name, key in self.keymap.items()
            if _is_anywhere(name)
            for part in _split(key)
            if writes(part)
        }

    def _conflict(self, name: str) -> str:
        action = _BY_ID[name]
        for other in TABLE:
            taken = _split(self.key(name)) & _split(self.key(other.id))
            if ANYWHERE in (action.where, other.where) and action.where != other.where:
                taken = {key for key in taken if not writes(key)}
            if other.id != name and taken and _meet(action, other) and not _shadows(other, action, taken):
                by = f" by the key set {self.key_set}" if self._is_of_set(other.id, taken) else ""
                return f"keys: {spell(min(taken))} of {name} already belongs to {other.id}{by}"
        return ""

    def _is_of_set(self, name: str, taken: set[str]) -> bool:
        """Whether the set gave it these keys, not the table."""
        return bool(taken & _split(self._set.get(name, "")) - _split(_BY_ID[name].key))


UNBOUND = "unbound"
"""A key that no keyboard has."""


def _is_anywhere(name: str) -> bool:
    return _BY_ID[name].where == ANYWHERE


def _meet(one: Action, other: Action) -> bool:
    """Whether both can hold at once."""
    pair = {one.where, other.where}
    return len(pair) == 1 or ANYWHERE in pair or (PANES in pair and bool(pair & WITH_LISTS))


def _unusable(name: str, key: str) -> list[str]:
    if name not in _BY_ID:
        return [f"keys: there is no action {name!r}"]
    parts = [part.strip() for part in key.split(",") if part.strip()]
    if not parts:
        return [f"keys: {name} has no key"]
    return [f"keys: there is no key {part!r} for {name}" for part in parts if not named(part)]


def _named(key: str) -> str:
    """The keys as they are called when they are pressed, without what is none."""
    return ",".join(filter(None, (named(part.strip()) for part in key.split(","))))


def _split(key: str) -> set[str]:
    return set(filter(None, _named(key).split(",")))


def _shadows(one: Action, other: Action, taken: set[str]) -> bool:
    """Whether both have the keys by default: one means it in a place, the other elsewhere."""
    return one.where != other.where and taken <= (_split(one.key) & _split(other.key))
