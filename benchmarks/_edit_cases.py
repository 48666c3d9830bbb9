"""Cases of edits in the forms that models write them in, on real source files, each with its right result.

A case is one JSON object on a line:

    id           its name
    operator     what was done to the edit
    files        the workspace: text by path (UTF-8; line ends and byte order marks are in the text)
    reply        what the model answers
    recoverable  whether the right result can be told from the reply
    expected     of a recoverable case the files that are to differ afterwards: text by path, null for one
    that
                 goes
    names        of another case words that a refusal has to contain, such as the line numbers that matter

How a case is made: a pristine edit is drawn from a real file (lines that are quoted, some of which change),
so that its result is known by itself. An operator then damages the *text* of the edit, or the file it is for.
The applier is called nowhere in this.

What counts as recoverable is decided by `_edit_base.places` alone, which compares lines without their white
space and with plain quotes. An edit is recoverable when all of this holds:

1. The lines that change are quoted as they are but for white space and look-alike characters; of an insertion
   the line before it and the line after it are.
2. What is quoted as it is stands, in this order and within as many lines as were quoted (and two more), at
   exactly one place of the file; or at several, and one thing that is said besides (the right line number
   with the others far from it, the heading of the function, the order of a diff's hunks) leaves one.
3. More than half of the characters that are quoted are quoted as they are.
4. The file can be told: its path is right, or differs by what is put before it, or is a name that one file
   alone has.

Not recoverable, by construction: equal places with nothing to tell them apart; text that is nowhere in the
file; a line to be changed that is another in the file; an insertion between two lines that do not stand
together; a reply that is cut off; a stub in place of a whole file; a file that is not there or lies outside.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import _edit_damage, _edit_refusals, _edit_shapes, _edit_twins
from benchmarks._edit_base import Source, bases, sources
from benchmarks.common import ROOT

Case = dict[str, Any]
SETS = {
    "first": (("encode__httpx", "pytest-dev__pytest"), (".py",)),
    "second": (
        ("prometheus__prometheus", "eslint__eslint", "mockito__mockito"),
        (".go", ".js", ".java"),
    ),
}
"""The projects of the corpora that a set is drawn from, and the kinds of files."""
OWN = {"first": (("agent_core", "tui"), (".py",)), "second": (("tests",), (".py",))}
"""The same of this project, for where there are no corpora."""
_MOST_TRIES = 4000
_OPERATORS = (
    *_edit_damage.OPERATORS,
    *_edit_shapes.OPERATORS,
    *_edit_twins.TOLD,
    *_edit_refusals.OPERATORS,
    *_edit_twins.AMBIGUOUS,
)


def cases(corpora: Path | None, name: str, *, seed: int, each: int) -> list[Case]:
    """`each` cases of every operator on the files of a set; without corpora on this project's own."""
    projects, suffixes = SETS[name] if corpora else OWN[name]
    chance = random.Random(f"{name} {seed}")
    found = sources(corpora or ROOT, projects, suffixes, chance)
    made: list[Case] = []
    for make in _OPERATORS:
        operator = make.__name__
        own = random.Random(f"{name} {seed} {operator}")
        for number, case in zip(range(each), _tries(make, found, own), strict=False):
            made.append({"id": f"{operator}-{number}", "operator": operator, **case})
    return made


def _tries(make: Callable[..., Case | None], found: list[Source], chance: random.Random) -> Iterator[Case]:
    """Cases of an operator; it cannot make one of every edit."""
    for base in itertools.islice(bases(found, chance), _MOST_TRIES):
        case = make(base, found, chance)
        if case is not None:
            yield case
