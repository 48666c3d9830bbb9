"""What a terminal sends for a key, by the names that the table of actions uses."""

from __future__ import annotations

import unicodedata

from textual.keys import KEY_NAME_REPLACEMENTS

from tui.keynames import spell
from tui.keys import TABLE

_NAMED = {
    "enter": "\r", "tab": "\t", "shift+tab": "\x1b[Z", "escape": "\x1b", "space": " ", "backspace": "\x7f",
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "home": "\x1b[H", "end": "\x1b[F",
    "pageup": "\x1b[5~", "pagedown": "\x1b[6~", "delete": "\x1b[3~",
    "f1": "\x1bOP", "f2": "\x1bOQ", "f3": "\x1bOR", "f4": "\x1bOS", "f5": "\x1b[15~", "f6": "\x1b[17~",
    "f7": "\x1b[18~", "f8": "\x1b[19~", "f9": "\x1b[20~", "f10": "\x1b[21~", "f11": "\x1b[23~",
    "f12": "\x1b[24~",
}  # fmt: skip
_UNICODE = {short: long for long, short in KEY_NAME_REPLACEMENTS.items()}


def key_of(action: str) -> str:
    """The first key of an action, as the table has it.

    Raises:
        KeyError: there is no action of that id.
    """
    keys = {each.id: each.key for each in TABLE}
    return keys[action].split(",")[0]


def title_of(action: str) -> str:
    """What an action is called on the screen."""
    return next(each.title for each in TABLE if each.id == action)


def spelt(key: str) -> str:
    """A key as it stands on the screen: `Ctrl+G`."""
    return spell(key)


def sent(key: str) -> bytes:
    """The bytes that a terminal sends for a key: `ctrl+g`, `alt+k`, `f5`, `enter`, `w`.

    Raises:
        ValueError: the key has no name here.
    """
    if key in _NAMED:
        return _NAMED[key].encode()
    modifier, _, rest = key.rpartition("+")
    if modifier == "alt":
        return b"\x1b" + sent(rest)
    sign = rest if len(rest) == 1 else _sign(rest)
    if modifier == "ctrl" and sign.isascii() and sign:
        return bytes([ord(sign.upper()) & 0x1F])
    if sign and not modifier:
        return sign.encode()
    raise ValueError(f"it is not known here what a terminal sends for {key!r}")


def _sign(name: str) -> str:
    """The character of a name such as `right_square_bracket`; "" where there is none."""
    try:
        return unicodedata.lookup(_UNICODE.get(name, name).replace("_", " "))
    except KeyError:
        return ""
