"""From the indentation that a model wrote to the one that the file has."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import gcd

from agent_core.edits.keys import indent_of

Mapping = Callable[[str], str | None]
"""The file's indentation for one of the model's; None where that cannot be told."""
Pair = tuple[str, str]
"""How a line is indented by the model, and how in the file."""


def same(indent: str) -> str | None:
    """The indentation as the model wrote it."""
    return indent


def fit(pairs: Sequence[Pair], also: Iterable[str], file_unit: str) -> Mapping | None:
    """The one rule that leads from each of the model's indentations to the file's; None when there is none.

    Args:
        pairs: What is known of lines that are in both.
        also: The model's other indentations, which tell by how much it indents.
        file_unit: By what the file indents.
    """
    if all(model == real for model, real in pairs):
        return same
    return _shift(pairs) or _units(pairs, also, file_unit)


def _shift(pairs: Sequence[Pair]) -> Mapping | None:
    model, real = pairs[0]
    if real.endswith(model):
        added = real[: len(real) - len(model)]
        if all(other == added + mine for mine, other in pairs):
            return lambda indent: added + indent
    if model.endswith(real):
        removed = model[: len(model) - len(real)]
        if all(mine == removed + other for mine, other in pairs):
            return lambda indent: indent[len(removed) :] if indent.startswith(removed) else None
    return None


def _units(pairs: Sequence[Pair], also: Iterable[str], file_unit: str) -> Mapping | None:
    unit = _unit_of([*(model for model, _ in pairs), *also])
    # both sides start somewhere: only their differences are whole levels
    base = min((model for model, _ in pairs), key=len)
    real_base = next(real for model, real in pairs if model == base)

    def convert(indent: str) -> str | None:
        levels = _levels(indent, base, unit)
        if levels is None:
            return None
        if levels >= 0:
            return real_base + file_unit * levels
        cut = len(real_base) - len(file_unit) * -levels
        return real_base[:cut] if cut >= 0 and real_base[cut:] == file_unit * -levels else None

    if all(convert(model) == real for model, real in pairs):
        return convert
    return None


def _levels(indent: str, base: str, unit: str) -> int | None:
    width, start, step = len(indent), len(base), len(unit)
    if set(indent) - set(unit) or set(base) - set(unit) or (width - start) % step:
        return None
    return (width - start) // step


def _unit_of(indents: Sequence[str]) -> str:
    """By what someone indents who wrote these."""
    found = [indent for indent in indents if indent]
    if found and all(set(indent) == {"\t"} for indent in found):
        return "\t"
    widths = sorted({len(indent) for indent in indents})
    step = 0
    for one, two in itertools.pairwise(widths):
        step = gcd(step, two - one)
    return " " * (step or (widths[0] if widths and widths[0] else 4))


def file_unit(lines: Sequence[str]) -> str:
    """By what the lines of a file are indented, a level at a time."""
    steps: Counter[str] = Counter()
    before = ""
    for line in lines:
        if not line.strip():
            continue
        indent = indent_of(line)
        if len(indent) > len(before) and indent.startswith(before):
            steps[indent[len(before) :]] += 1
        before = indent
    return steps.most_common(1)[0][0] if steps else "    "
