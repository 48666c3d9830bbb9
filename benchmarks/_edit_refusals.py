"""What cannot be told from a reply, whoever reads it: each operator makes a case that has to be refused."""

from __future__ import annotations

import random
from collections.abc import Sequence

from benchmarks._edit_base import FORMS, Base, Source, block, mutated, places, squeezed, written
from benchmarks._edit_made import Case, Make, lines_text
from benchmarks._edit_twins import another


def bad(source: Source, reply: str, *names: str, files: dict[str, str] | None = None) -> Case:
    return {
        "files": {source.path: lines_text(source.lines)} if files is None else files,
        "reply": reply,
        "recoverable": False,
        "expected": {},
        "names": list(names),
    }


def _form(base: Base, chance: random.Random, search: Sequence[str], new: Sequence[str]) -> str:
    return written(chance.choice(FORMS), base.source.path, search, new, base.start + 1, chance)


def nowhere(base: Base, found: Sequence[Source], chance: random.Random) -> Case | None:
    """The lines of another file."""
    source = another(base, found, chance)
    known = {squeezed(line) for line in source.lines}
    old = base.source.lines[base.first : base.last]
    if not old or any(squeezed(line) in known for line in old if len(line.strip()) > 4):
        return None
    reply = written(chance.choice(FORMS), source.path, base.search, base.replace, 1, chance)
    return bad(source, reply)


def stale(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """The line that changes has become another one in the file."""
    if base.last == base.first:
        return None
    lines = list(base.source.lines)
    lines[base.first] = mutated(mutated(lines[base.first], chance), chance)
    if squeezed(lines[base.first]) in {squeezed(base.source.lines[base.first]), *map(squeezed, base.new)}:
        return None
    if any(squeezed(line) == squeezed(base.source.lines[base.first]) for line in lines):
        return None
    return bad(base.on(lines).source, _form(base, chance, base.search, base.replace), str(base.first + 1))


def torn_apart(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """An insertion between two lines that do not stand together in the file."""
    if base.last != base.first or not base.source.lines[base.first - 1].strip():
        return None
    lines = base.source.lines
    search = [*lines[base.start : base.first - 1], *lines[base.first : base.end]]
    new = [*lines[base.start : base.first - 1], *base.new, *lines[base.first : base.end]]
    if (
        not lines[base.first].strip()
        or not lines[base.first - 2].strip()
        or places(lines, search, len(search))
    ):
        return None
    return bad(base.source, _form(base, chance, search, new), str(base.first))


def changed_gap(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """Lines that are to go, with one between them that the edit does not know of."""
    lines = base.source.lines
    middle = base.first + 1
    if not lines[middle].strip() or not lines[middle + 1].strip() or not lines[base.first].strip():
        return None
    if squeezed(lines[middle]) in {squeezed(lines[base.first]), squeezed(lines[middle + 1])}:
        return None  # of equal lines it cannot be told which one is not quoted: it may as well stand outside
    before, after = lines[base.start : base.first], lines[middle + 2 : middle + 4]
    search = [*before, lines[base.first], lines[middle + 1], *after]
    if places(lines, search, len(search)):
        return None
    return bad(base.source, _form(base, chance, search, [*before, *after]), str(middle + 1))


def cut_off(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """The reply ends in the middle of what is new."""
    text = block(base.source.path, base.search, base.replace, random.Random(0))
    lines = text.split("\n")
    end = lines.index("=======") + 1 + chance.randrange(0, max(len(base.replace), 1))
    return bad(base.source, "\n".join(lines[:end]))


def stub(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """A few lines in the place of a whole file."""
    count = len(base.source.lines)
    if count < 60:
        return None
    text = lines_text(base.replace)
    return bad(base.source, f"```python {base.source.path}\n{text}```\n", str(count))


def whole_file_unclear(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """A whole file with dots beside lines that are new, so that nothing says what they stand for."""
    comment = base.source.comment
    dots = f"{comment} ... existing code ..."
    text = lines_text([dots, "brand_new_line(1)", *base.replace, "another_new_line(2)", dots])
    return bad(base.source, f"```python {base.source.path}\n{text}```\n", "... existing code ...")


def no_file(base: Base, found: Sequence[Source], chance: random.Random) -> Case | None:
    """A file that is not there, or two that could be meant."""
    name = base.source.path.rpartition("/")[2]
    if chance.random() < 0.5:
        missing = f"nowhere/no_{chance.randrange(100)}_{name}"
        reply = written(chance.choice(FORMS), missing, base.search, base.replace, 1, chance)
        return bad(base.source, reply, missing.rpartition("/")[2])
    text = lines_text(base.source.lines)
    paths = (f"one/{name}", f"two/{name}")
    reply = written(chance.choice(("block", "json", "patch")), name, base.search, base.replace, 1, chance)
    return bad(base.source, reply, *paths, files=dict.fromkeys(paths, text))


def outside(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    path = chance.choice(("../other/", "/etc/", "~/", "a/../../", ".git/hooks/")) + base.source.path
    return bad(
        base.source,
        written(chance.choice(("block", "json", "patch")), path, base.search, base.replace, 1, chance),
    )


def exists(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """A file that is to be new and is there."""
    path = base.source.path
    plus = "\n".join("+" + line for line in base.search)
    reply = chance.choice(
        (
            f"*** Begin Patch\n*** Add File: {path}\n{plus}\n*** End Patch\n",
            f"```diff\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{len(base.search)} @@\n{plus}\n```\n",
        )
    )
    return bad(base.source, reply, path)


def one_of_two(base: Base, found: Sequence[Source], chance: random.Random) -> Case | None:
    """A good edit and one of lines that are nowhere, in one file: neither may be made."""
    other = another(base, found, chance)
    known = {squeezed(line) for line in base.source.lines}
    alien = [line for line in other.lines if len(line.strip()) > 12 and squeezed(line) not in known][:4]
    if len(alien) < 4:
        return None
    path = base.source.path
    parts = [
        block(path, base.search, base.replace, chance),
        block(path, alien, [*alien[:-1], mutated(alien[-1], chance) + " "], chance),
    ]
    chance.shuffle(parts)
    return bad(base.source, "\n".join(parts))


OPERATORS: tuple[Make, ...] = (
    nowhere, stale, torn_apart, changed_gap, cut_off, stub, whole_file_unclear, no_file, outside, exists,
    one_of_two,
)  # fmt: skip
