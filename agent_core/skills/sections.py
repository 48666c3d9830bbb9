"""Reading a reply in Markdown by its headings, however a model lays them out."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ITEM = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+", re.M)
_FENCE = re.compile(r"^\s*(?:`{3,}|~{3,}).*$", re.M)


def sections_of(text: str, names: Sequence[str]) -> dict[str, str]:
    """The text under each heading: `**Name:**`, `## Name`, or `Name:` at the beginning of a line.

    A name stands for its singular, too. What comes before the first heading is under "".
    """
    kinds = "|".join(re.escape(name.removesuffix("s")) + "s?" for name in names)
    heading = re.compile(rf"^[ \t#*_\d.)]*({kinds})(?:[ \t]*[*_]*[ \t]*$|[ \t]*[*_]*:[*_]*)", re.I | re.M)
    found: dict[str, str] = {}
    name, at = "", 0
    for match in heading.finditer(text):
        found.setdefault(name, text[at : match.start()].strip())
        stem = match[1].lower().removesuffix("s")
        name = next(given for given in names if given.removesuffix("s") == stem)
        at = match.end()
    found.setdefault(name, text[at:].strip())
    return found


def items_of(text: str) -> list[str]:
    """The items of a list; where there is none, the lines."""
    text = _FENCE.sub("", text)
    parts = _ITEM.split(text)
    items = parts[1:] if len(parts) > 1 else text.splitlines()
    return [line for item in items if (line := " ".join(item.split()))]
