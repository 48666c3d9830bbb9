"""What models do to the lines that they quote: indentation, spacing, look-alikes, lines left out or made
up.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from benchmarks._edit_base import ALIKE, Base, Source, block, mutated, places, squeezed
from benchmarks._edit_made import Case, Make, around, good, in_a_form, told, with_context


def exact(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    return good(base, in_a_form(base, base.search, base.replace, chance))


# -- indentation


def _width(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def indent_lost(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    least = min(_width(line) for line in [*base.search, *base.replace] if line.strip())
    if not least:
        return None
    cut = [[line[least:] for line in side] for side in (base.search, base.replace)]
    return good(base, in_a_form(base, *cut, chance)) if told(base, base.search) else None


def indent_added(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    added = "\t" if any(line.startswith("\t") for line in base.search) else " " * chance.choice((2, 4))
    sides = [
        [added + line if line.strip() else line for line in side] for side in (base.search, base.replace)
    ]
    return good(base, in_a_form(base, *sides, chance))


def _reindented(line: str, unit: str, other: str) -> str | None:
    rest = line.lstrip(" \t")
    indent = line[: len(line) - len(rest)]
    count, left = divmod(len(indent), len(unit))
    if not line.strip():
        return line
    return None if left or indent != unit * count else other * count + rest


def indent_unit(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """Tabs for spaces, spaces for tabs, two spaces for four."""
    indents = {line[: _width(line)] for line in base.search if line.strip()}
    if len(indents) < 2:
        return None
    unit = "\t" if any("\t" in indent for indent in indents) else " " * 4
    other = chance.choice(("    ", "  ")) if unit == "\t" else chance.choice(("\t", "  "))
    sides = [[_reindented(line, unit, other) for line in side] for side in (base.search, base.replace)]
    if any(line is None for side in sides for line in side):
        return None
    search, new = ([line or "" for line in side] for side in sides)
    return good(base, in_a_form(base, search, new, chance))


def first_line_cut(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    search, new = base.search, base.replace
    if not _width(search[0]) or all(_width(line) == _width(search[0]) for line in search):
        return None
    search[0], new[0] = search[0].lstrip(), new[0].lstrip()
    return good(base, in_a_form(base, search, new, chance, ("block", "json")))


def trailing_space(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    before, after = around(base)
    search, new, _kept = with_context(base, lambda _, line: [line + "  "], [*before, *after])
    return good(base, in_a_form(base, search, new, chance))


def _tabbed(line: str) -> str:
    levels, left = divmod(_width(line), 4)
    return "\t" * levels + " " * left + line.lstrip(" ")


def tabbed_file(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """A file with tabs, quoted with spaces."""
    lines = [_tabbed(line) for line in base.source.lines]
    if any(_reindented(line, "    ", "\t") is None for line in [*base.search, *base.replace]):
        return None
    if len({line[: _width(line)] for line in base.search if line.strip()}) < 2:
        return None
    tabbed = Base(
        Source(base.source.path, tuple(lines)), base.start, base.first, base.last, base.end,
        tuple(_tabbed(line) for line in base.new),
    )  # fmt: skip
    return good(tabbed, in_a_form(base, base.search, base.replace, chance))


# -- empty lines, look-alikes


def empty_lines(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """Empty lines of the context left out, or more of them."""
    before, after = around(base)
    numbers = [number for number in [*before[:-1], *after[1:]] if not base.search[number].strip()]
    if numbers:
        search, new, kept = with_context(base, lambda *_: [], numbers)
    else:
        extra = chance.choice([*before[:-1], *after[1:-1]])
        search, new, _kept = with_context(base, lambda _, line: [line, ""], [extra])
        kept = base.search
    return good(base, in_a_form(base, search, new, chance)) if told(base, kept) else None


def _fancy(line: str, chance: random.Random) -> str:
    table = {plain: [fancy for fancy, other in ALIKE.items() if other == plain] for plain in "'\"-"}
    return "".join(chance.choice(table[char]) if char in table else char for char in line)


def fancy_reply(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """Typographic quotes and dashes in the reply where the file has plain ones."""
    seed = chance.random()
    sides = [[_fancy(line, random.Random(seed)) for line in side] for side in (base.search, base.replace)]
    if sides[0] == base.search:
        return None
    return good(base, in_a_form(base, *sides, chance, ("block", "diff", "patch")))


def fancy_file(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """Plain ones in the reply where the file has typographic ones."""
    seed = chance.random()
    lines = list(base.source.lines)
    for at in range(base.start, base.end):
        lines[at] = _fancy(lines[at], random.Random(seed))
    if tuple(lines) == base.source.lines:
        return None
    fancy = base.on(lines)
    new = tuple(_fancy(line, random.Random(seed)) for line in base.new)
    fancy = Base(fancy.source, base.start, base.first, base.last, base.end, new)
    if len(places(fancy.source.lines, base.search, len(base.search))) != 1:
        return None
    return good(fancy, in_a_form(base, base.search, base.replace, chance))


def no_break_spaces(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    before, after = around(base)

    def spaced(_: int, line: str) -> list[str]:
        rest = line.lstrip()
        return [line[: len(line) - len(rest)] + rest.replace(" ", "\u00a0")]

    search, new, _kept = with_context(base, spaced, [*before, *after])
    return good(base, in_a_form(base, search, new, chance)) if search != base.search else None


# -- what is left out, wrong or invented


def _dots(base: Base, like: str, chance: random.Random) -> str:
    comment = base.source.comment
    indent = like[: _width(like)]
    words = ("...", f"{comment} ...", f"{comment} ... existing code ...", f"{comment} ... (unchanged) ...")
    return indent + chance.choice(words if comment == "//" else words[1:])


def elided(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """Lines between the head of the quote and what changes replaced by dots, on both sides."""
    lines = base.source.lines
    start = base.start - chance.randrange(4, 9)
    if start < 0 or not lines[start].strip():
        return None
    head, tail = list(lines[start : start + 2]), list(lines[base.first - 2 : base.end])
    if len(places(lines, tail, len(tail))) != 1 or len(places(lines, head, 2)) != 1:
        return None
    dots = _dots(base, lines[base.first - 2], chance)
    new = [*lines[base.first - 2 : base.first], *base.new, *lines[base.last : base.end]]
    return good(base, in_a_form(base, [*head, dots, *tail], [*head, dots, *new], chance, ("block", "json")))


def elided_replacement(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """Dots in the replacement alone."""
    lines = base.source.lines
    start = base.start - 2
    if start < 0:
        return None
    search = list(lines[start : base.end])
    own = [squeezed(line) for line in search]
    edge = base.first - 1
    if not lines[start].strip() or not lines[edge].strip():
        return None
    if own.count(squeezed(lines[start])) > 1 or own.count(squeezed(lines[edge])) > 1:
        return None
    new = [
        lines[start],
        _dots(base, lines[start + 1], chance),
        lines[edge],
        *base.new,
        *lines[base.last : base.end],
    ]
    return good(base, in_a_form(base, search, new, chance, ("block", "json")))


def missing_line(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """A line of the context that the model did not quote."""
    before, after = around(base)
    inner = [before[1], after[1]]
    beside = [before[-1], after[0]] if base.last > base.first else []
    number = chance.choice([*inner, *beside])
    if not base.search[number].strip():
        return None
    search, new, kept = with_context(base, lambda *_: [], [number])
    return good(base, in_a_form(base, search, new, chance)) if told(base, kept) else None


def misquoted_line(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """A line of the context that the model quotes a little wrongly."""
    before, after = around(base)
    numbers = [*before, *after] if base.last > base.first else [*before[:-1], *after[1:]]
    number = chance.choice(numbers)
    line = base.search[number]
    if len(line.strip()) < 15:
        return None
    wrong = chance.choice(
        (mutated(line, chance), line.replace(" ", "  ", 9) + " too", line[: len(line) * 3 // 4])
    )
    if squeezed(wrong) == squeezed(line):
        return None
    search, new, kept = with_context(base, lambda *_: [wrong], [number])
    return good(base, in_a_form(base, search, new, chance)) if told(base, kept) else None


def invented_line(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """A line in the context that the file does not have."""
    before, after = around(base)
    number = chance.choice([before[0], after[1]])
    line = base.search[number]
    indent = line[: _width(line)]
    ghost = f"{indent}{base.source.comment} {chance.choice(('step', 'part', 'note'))} {chance.randrange(9)}"
    search, new, kept = with_context(base, lambda *_: [line, ghost], [number])
    return good(base, in_a_form(base, search, new, chance)) if told(base, [*kept]) else None


def numbered(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """Quoted with the line numbers that the tools show."""
    style = chance.choice(("{:>4} | {}", "{}| {}", "{:>6}\t{}"))
    search = [style.format(base.start + 1 + number, line) for number, line in enumerate(base.search)]
    return good(base, block(base.source.path, search, base.replace, chance))


OPERATORS: tuple[Make, ...] = (
    exact, indent_lost, indent_added, indent_unit, first_line_cut, trailing_space, tabbed_file, empty_lines,
    fancy_reply, fancy_file, no_break_spaces, elided, elided_replacement, missing_line, misquoted_line,
    invented_line, numbered,
)  # fmt: skip
