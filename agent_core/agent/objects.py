"""Objects that models write, read leniently: prose around them, as Python has them, a cut-off end."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator
from typing import Any, cast

_MOST_STARTS = 20
_BARE_KEY = re.compile(r"([{,]\s*)([A-Za-z_]\w*)\s*:")
CUT: Any = object()
"""Stands for a value that was cut off."""


def whole_object(text: str) -> dict[str, Any] | None:
    """The first object of a text, if nothing of its values is missing."""
    value = next(iter(objects_in(text, cut=True)), None)
    return cast("dict[str, Any]", value) if isinstance(value, dict) and not is_cut(value) else None


def is_cut(value: Any) -> bool:
    """Whether it, or something in it, was cut off."""
    open_: list[Any] = [value]  # not by recursion: models nest without end, too
    while open_:
        one = open_.pop()
        if one is CUT:  # stands for a whole list
            return True
        if isinstance(one, dict):
            open_ += cast("dict[str, Any]", one).values()
    return False


def objects_in(text: str, *, cut: bool = False) -> Iterator[Any]:
    """The JSON objects in a text, complete ones first, then what a cut-off one amounts to.

    Args:
        text: The text.
        cut: Whether a value that was cut off in its middle is put into its object, as a mark of that.
    """
    decoder = json.JSONDecoder()
    at, starts = 0, 0
    broken: list[str] = []
    while starts < _MOST_STARTS and (at := text.find("{", at)) >= 0:
        starts += 1
        try:
            value, at = decoder.raw_decode(text, at)
            yield value
        except (ValueError, RecursionError):
            broken.append(text[at : at + 4000])
            at += 1
    for candidate in broken[:3]:
        value = _mended(candidate, cut=cut)
        if value is not None:
            yield value


def _mended(text: str, *, cut: bool) -> Any:
    """A broken object read as well as it can be: cut off at its end, or as Python or JavaScript write it."""
    closed, is_cut = _closed(text)
    plain = re.sub(r",\s*([}\]])", r"\1", closed)
    for candidate in (closed, plain, _BARE_KEY.sub(r'\1"\2":', plain)):
        value = _read(candidate)
        if value is not None:
            return _marked(value) if is_cut and cut else value
    return None


def _marked(value: Any) -> Any:
    """The object with its last value, which was cut off, marked."""
    if isinstance(value, dict) and value:
        fields = cast("dict[str, Any]", value)
        last = next(reversed(fields))
        return {**fields, last: _marked(fields[last])}
    return CUT


def _read(candidate: str) -> Any:
    try:
        return json.loads(candidate, strict=False)
    except (ValueError, RecursionError):
        pass
    try:
        value = literal(candidate)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None
    return cast("Any", value) if isinstance(value, dict) else None


def literal(text: str) -> Any:
    """What Python's literal says, without its warnings on the terminal; raises as `ast.literal_eval`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.literal_eval(text)


def _closed(text: str) -> tuple[str, bool]:
    """The text up to where its first object ends, with what is open at its end closed.

    Also whether a value was cut off there.
    """
    stack: list[str] = []
    quoted = escaped = False
    for index, char in enumerate(text):
        if quoted:
            quoted = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            quoted = True
        elif char in "{[":
            stack.append("}" if char == "{" else "]")
        elif char in "}]" and stack:
            stack.pop()
            if not stack:
                return text[: index + 1], False
    text = (text[:-1] if escaped else text) + '"' * quoted
    whole = text.rstrip()
    text = re.sub(r'(,\s*|,?\s*"[^"]*"\s*:\s*|(?<=\{)\s*"[^"]*"\s*|,\s*"[^"]*"\s*)$', "", whole)
    return text + "".join(reversed(stack)), quoted and text == whole
