"""Values that never were: the one word that differs from the few that stand in its place all the time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_RARE, _COMMON = 3, 20
"""Records of a template up to which it is odd, and from which on it is one of the usual ones."""
_FEWEST, _MOST, _ODD = 2, 8, 2
"""Usual words in a place, and odd ones there at most."""
_USUAL = 100
"""Records of the usual ones together."""
_WORDS = 24
_WORD = re.compile(r"[^\W\d_][\w.-]*\W?")
_TELLING = re.compile(r"[^\W\d_]{3}")

_Context = tuple[str, ...]


def odd_values(templates: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """The templates that say what others say but for one word, which is unusual there.

    Such as a state that hardly ever is, among few that mostly are.

    Args:
        templates: The records of each.

    Returns:
        Of each such template the usual words, the most frequent first.
    """
    odd: dict[_Context, list[str]] = {}
    for text, count in templates.items():
        if count <= _RARE:
            for context, _ in _contexts(text):
                odd.setdefault(context, []).append(text)
    usual: dict[_Context, list[tuple[int, str]]] = {}
    for text, count in templates.items():
        if count > _RARE:
            for context, word in _contexts(text):
                if context in odd:
                    usual.setdefault(context, []).append((count, word))
    found: dict[str, tuple[str, ...]] = {}
    for context, words in usual.items():
        counts = [count for count, _ in words]
        few = _FEWEST <= len(words) <= _MOST and len(odd[context]) <= _ODD
        if few and min(counts) >= _COMMON and sum(counts) >= _USUAL:
            mostly = tuple(word for _, word in sorted(words, reverse=True))
            found.update(dict.fromkeys(odd[context], mostly))
    return found


def _contexts(text: str) -> Iterable[tuple[_Context, str]]:
    """A template without each of its words."""
    words = text.split(maxsplit=_WORDS)
    if len(words) > _WORDS or sum(map(_told, words)) < 2:
        return
    for place, word in enumerate(words):
        if _WORD.fullmatch(word):
            yield (*words[:place], "", *words[place + 1 :]), word


def _told(word: str) -> bool:
    return _TELLING.search(word) is not None
