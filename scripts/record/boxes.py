"""Lines and blocks that terminals draw themselves, as shapes: fonts leave gaps between them."""

from __future__ import annotations

from collections.abc import Iterator

_ARMS = {
    "─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu", "├": "udr", "┤": "udl", "┬": "lrd",
    "┴": "lru", "┼": "udlr", "╴": "l", "╵": "u", "╶": "r", "╷": "d",
    "━": "LR", "┃": "UD", "┏": "RD", "┓": "LD", "┗": "RU", "┛": "LU", "┣": "UDR", "┫": "UDL", "┳": "LRD",
    "┻": "LRU", "╋": "UDLR", "╸": "L", "╹": "U", "╺": "R", "╻": "D",
}  # fmt: skip
"""Which halves of a cell's cross each has: thin, or in capitals heavy."""
_ROUND = {"╭": ("r", "d"), "╮": ("l", "d"), "╰": ("r", "u"), "╯": ("l", "u")}
_BLOCKS = {
    "█": (0, 0, 1, 1), "▀": (0, 0, 1, 1 / 2), "▌": (0, 0, 1 / 2, 1), "▐": (1 / 2, 0, 1 / 2, 1),
    "▔": (0, 0, 1, 1 / 8), "▕": (7 / 8, 0, 1 / 8, 1),
    **{sign: (0, 1 - n / 8, 1, n / 8) for n, sign in enumerate("▁▂▃▄▅▆▇", 1)},
    **{sign: (0, 0, n / 8, 1) for n, sign in enumerate("▏▎▍▌▋▊▉", 1)},
}  # fmt: skip
"""Left, top, width and height in shares of a cell."""
_QUARTERS = {"▖": "c", "▗": "d", "▘": "a", "▙": "acd", "▚": "ad", "▛": "abc", "▜": "abd", "▝": "b", "▞": "bc",
             "▟": "bcd"}  # fmt: skip
_SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}
BLOCKS = frozenset({*_BLOCKS, *_QUARTERS})
SHAPES = frozenset({*_ARMS, *_ROUND, *BLOCKS})


def path(sign: str, x: float, y: float, width: float, height: float, count: int) -> str:
    """The filled path of a run of one sign whose first cell has its corner there."""
    return "".join(_pieces(sign, x, y, width, height, count))


def _pieces(sign: str, x: float, y: float, width: float, height: float, count: int) -> Iterator[str]:
    if sign in _BLOCKS:
        left, top, wide, high = _BLOCKS[sign]
        if wide == 1:
            yield _box(x, y + top * height, count * width, high * height)
            return
        for n in range(count):
            yield _box(x + (n + left) * width, y + top * height, wide * width, high * height)
    elif sign in _QUARTERS:
        for n in range(count):
            for quarter in _QUARTERS[sign]:
                right, low = quarter in "bd", quarter in "cd"
                yield _box(x + (n + right / 2) * width, y + low * height / 2, width / 2, height / 2)
    elif sign in ("─", "━"):
        thick = 2.4 if sign == "━" else 1.2
        yield _box(x, y + (height - thick) / 2, count * width, thick)
    elif sign in _ROUND:
        for n in range(count):
            yield _corner(_ROUND[sign], x + n * width, y, width, height)
    else:
        for n in range(count):
            for arm in _ARMS[sign]:
                yield _arm(arm, x + n * width, y, width, height)


def _arm(arm: str, x: float, y: float, width: float, height: float) -> str:
    thick = 2.4 if arm.isupper() else 1.2
    middle, centre = x + width / 2, y + height / 2
    half = thick / 2
    match arm.lower():
        case "l":
            return _box(x, centre - half, width / 2 + half, thick)
        case "r":
            return _box(middle - half, centre - half, width / 2 + half, thick)
        case "u":
            return _box(middle - half, y, thick, height / 2 + half)
        case _:
            return _box(middle - half, centre - half, thick, height / 2 + half)


def _corner(sides: tuple[str, str], x: float, y: float, width: float, height: float) -> str:
    """A quarter of a ring between two sides of the cell, as an outline of two curves."""
    across, along = sides
    middle, centre, half = x + width / 2, y + height / 2, 0.6
    end_x = x + width if across == "r" else x
    end_y = y + height if along == "d" else y
    out_x = -half if across == "r" else half  # away from the middle of the ring
    out_y = -half if along == "d" else half
    return (
        f"M{_n(middle + out_x)} {_n(end_y)}"
        f"Q{_n(middle + out_x)} {_n(centre + out_y)} {_n(end_x)} {_n(centre + out_y)}"
        f"V{_n(centre - out_y)}Q{_n(middle - out_x)} {_n(centre - out_y)} {_n(middle - out_x)} {_n(end_y)}Z"
    )


def _box(x: float, y: float, width: float, height: float) -> str:
    return f"M{_n(x)} {_n(y)}h{_n(width)}v{_n(height)}h{_n(-width)}z"


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
