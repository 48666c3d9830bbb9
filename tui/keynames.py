"""Names of keys: as people write them, and as the terminal's keys are called."""

from __future__ import annotations

from string import punctuation

from textual.keys import (
    _character_to_key,  # pyright: ignore[reportPrivateUsage]
    key_to_character,
)

_NAMES = {
    "escape": "Esc", "enter": "Enter", "space": "Space", "pageup": "PgUp", "pagedown": "PgDn", "up": "↑",
    "down": "↓", "left": "←", "right": "→", "ctrl": "Ctrl", "shift": "Shift", "alt": "Alt", "tab": "Tab",
    "home": "Home", "end": "End", "slash": "/", "colon": ":", "left_square_bracket": "[",
    "right_square_bracket": "]",
}  # fmt: skip
_OTHER = {
    **{shown.lower(): name for name, shown in _NAMES.items()},
    "return": "enter", "control": "ctrl", "option": "alt", "page_up": "pageup", "page_down": "pagedown",
    "del": "delete", "ins": "insert",
}  # fmt: skip
"""What keys are called, too."""
_MODIFIERS = frozenset(("alt", "ctrl", "hyper", "meta", "shift", "super"))
_WITHOUT_LETTER = frozenset(
    (
        "escape", "enter", "space", "tab", "backspace", "insert", "delete", "home", "end", "pageup",
        "pagedown", "up", "down", "left", "right", "menu", "pause",
        *(f"f{number}" for number in range(1, 36)),
    )
)  # fmt: skip
_WRITTEN = frozenset(_character_to_key(character) for character in f" {punctuation}")
"""Names of keys that write a character, beside those that are called as what they write."""


def named(key: str) -> str:
    """What a key is called when it is pressed, from how somebody writes it; "" where no keyboard has it.

    `Ctrl+X`, `PgDn` and `↑` are keys as the help has them; Shift and a letter is that letter in capitals.
    """
    if len(key) == 1 and key not in _NAMES.values():
        return _character_to_key(key) if key.isprintable() else ""
    *before, last = (_OTHER.get(part, part) for part in _parts(key.lower()))
    with_it = set(before)
    if not with_it <= _MODIFIERS or not _is_key(last):
        return ""
    if with_it == {"shift"} and len(last) == 1:
        return last.upper() if last.isalpha() else ""
    if with_it and len(last) == 1:
        last = _character_to_key(last)
    return "+".join([*sorted(with_it), last])


def _parts(key: str) -> list[str]:
    """Its modifiers and itself, which may be `+`."""
    return [*key[:-2].split("+"), "+"] if key.endswith("++") else key.split("+")


def _is_key(name: str) -> bool:
    return len(name) == 1 or name in _WITHOUT_LETTER | _WRITTEN or key_to_character(name) is not None


def writes(key: str) -> bool:
    """Whether the key writes a letter where something is typed."""
    return len(key) == 1 or key in _WRITTEN


def spell(key: str) -> str:
    """A key as people write it: `ctrl+p` is Ctrl+P."""
    parts = key.split("+")
    if len(parts) > 1:
        parts[-1] = parts[-1].upper() if len(parts[-1]) == 1 else parts[-1]
    return "+".join(_NAMES.get(part, part.upper() if _is_function(part) else part) for part in parts)


def _is_function(part: str) -> bool:
    return part[:1] == "f" and part[1:].isdigit()
