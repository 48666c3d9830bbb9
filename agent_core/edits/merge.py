"""The difference that a model wants, carried over to the text that really is there.

What the model only quoted stays as the file has it, also where it was quoted wrongly; what it changes has to
be there as it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

import msgspec

from agent_core.changes.model import RefusalCode
from agent_core.edits import indent
from agent_core.edits.inline import merged_line
from agent_core.edits.keys import folded, indent_of, stripped
from agent_core.edits.sliding import reach
from agent_core.text import one_line, shorten

_PAIR = 0.5
"""So alike are two lines that one is taken to have become the other."""

Opcode = tuple[str, int, int, int, int]


class Splice(msgspec.Struct, frozen=True):
    """Lines `start` to `end` (from 0, exclusive) of the file become `lines`."""

    start: int
    end: int
    lines: tuple[str, ...]


class Conflict(Exception):
    """The difference does not fit what is there. `line` is the file's, from 1, 0 when there is none."""

    def __init__(self, code: RefusalCode, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.code: RefusalCode = code
        self.message = message
        self.line = line


def differences(search: Sequence[str], replace: Sequence[str]) -> list[Opcode]:
    """What becomes of the searched lines, step by step."""
    opcodes = SequenceMatcher(None, search, replace, autojunk=False).get_opcodes()
    return [(str(tag), i1, i2, j1, j2) for tag, i1, i2, j1, j2 in opcodes]


def merged(
    search: Sequence[str], replace: Sequence[str], lines: Sequence[str], align: Sequence[int | None]
) -> list[Splice]:
    """The splices that make of the file's `lines` what the model wants.

    `align` gives for each searched line the file's line (from 0) that it quotes, None for a line that is not
    there.
    Raises `Conflict`.
    """
    return _Merge(search, replace, lines, align).splices()


class _Merge:
    def __init__(
        self,
        search: Sequence[str],
        replace: Sequence[str],
        lines: Sequence[str],
        align: Sequence[int | None],
    ) -> None:
        self._search, self._replace, self._lines, self._align = search, replace, lines, align
        self._opcodes = differences(search, replace)
        self._first_lost = False
        self._map = indent.same

    def splices(self) -> list[Splice]:
        """Step through the differences."""
        changed = [opcode[1:] for opcode in self._opcodes if opcode[0] != "equal"]
        spans = [self._span(i1, i2) or self._gap(i1, i2) for i1, i2, _, _ in changed]
        for opcode in changed:
            self._refuse_hidden(*reach(self._search, self._replace, *opcode))
        self._map = self._mapping()
        new = [tuple(self._new_lines(*opcode)) for opcode in changed]
        return [Splice(*span, lines) for span, lines in zip(spans, new, strict=True)]

    # -- where

    def _span(self, i1: int, i2: int) -> tuple[int, int] | None:
        """The file's lines that go; None when none does."""
        there: list[int] = []
        for i in range(i1, i2):
            at = self._align[i]
            if at is None:
                if self._search[i].strip():
                    raise Conflict(
                        "stale", f"the line to change is not in the file: {_shown(self._search[i])}"
                    )
                continue
            if folded(self._lines[at]) != folded(self._search[i]):
                raise Conflict(
                    "stale",
                    f"the line to change reads {_shown(self._search[i])} in the edit, but line {at + 1} of "
                    f"the file reads {_shown(self._lines[at])}",
                    at + 1,
                )
            there.append(at)
        if not there:
            return None
        return there[0], there[-1] + 1

    def _refuse_hidden(self, i1: int, i2: int) -> None:
        """Refuse where the file has a line among those that change, of which the edit does not know."""
        there = [at for at in self._align[i1:i2] if at is not None]
        for at in range(there[0], there[-1]) if there else ():
            if at not in there and self._lines[at].strip():
                shown = _shown(self._lines[at])
                message = (
                    f"line {at + 1} of the file, {shown}, is unknown to the edit, but among what it changes"
                )
                raise Conflict("conflict", message, at + 1)

    def _gap(self, i1: int, i2: int) -> tuple[int, int]:
        """Where something comes in between the lines before `i1` and from `i2` on."""
        before = self._near(range(i1 - 1, -1, -1))
        after = self._near(range(i2, len(self._search)))
        if before is None and after is None:
            raise Conflict("not-found", "none of the lines around the insertion is in the file")
        if before is None or after is None:
            at = after[0] - after[1] if after else 0
            at = before[0] + 1 + before[1] if before else at
            return self._inside(at, before, after)
        between = [at for at in range(before[0] + 1, after[0]) if self._lines[at].strip()]
        if between:
            line = between[0]
            raise Conflict(
                "conflict",
                f"lines {before[0] + 1} and {after[0] + 1} of the file stand together in the edit, but line "
                f"{line + 1} "
                f"is between them ({_shown(self._lines[line])}), so that it is not clear where the new "
                f"lines belong",
                line + 1,
            )
        # of empty lines those that the edit does not show stay on the side where it shows more of them
        at = after[0] - after[1] if after[1] <= before[1] else before[0] + 1 + before[1]
        return self._inside(at, before, after)

    def _inside(
        self, at: int, before: tuple[int, int] | None, after: tuple[int, int] | None
    ) -> tuple[int, int]:
        """The line, moved over what is not empty: the empty lines that the edit shows need not be there."""
        low = before[0] + 1 if before else at
        high = after[0] if after else at
        if before and not after:
            high = next((n for n in range(low, at) if n >= len(self._lines) or self._lines[n].strip()), at)
        if after and not before:
            low = next((n + 1 for n in range(high - 1, at - 1, -1) if n < 0 or self._lines[n].strip()), at)
        at = min(max(at, low), high)
        return at, at

    def _near(self, order: range) -> tuple[int, int] | None:
        """The file's line of the first searched line in this order that is there and not empty, and how many
        empty ones were passed.
        """
        empty = 0
        for i in order:
            at = self._align[i]
            if at is not None and self._search[i].strip():
                return at, empty
            empty += not self._search[i].strip()
        return None

    # -- what

    def _mapping(self) -> indent.Mapping:
        quoted = [(i, at) for i, at in enumerate(self._align) if at is not None and self._search[i].strip()]
        # a line that was quoted wrongly says nothing of how the others are indented
        quoted = [(i, at) for i, at in quoted if folded(self._search[i]) == folded(self._lines[at])]
        pairs = [(indent_of(self._search[i]), indent_of(self._lines[at])) for i, at in quoted]
        if all(model == real for model, real in pairs):
            return indent.same
        unit = indent.file_unit(self._lines)
        also = [indent_of(line) for line in self._replace if line.strip()]
        found = indent.fit(pairs, also, unit)
        if found is None and len(pairs) > 1 and quoted[0][0] == 0 and not pairs[0][0]:
            found = indent.fit(pairs[1:], also, unit)  # the text was cut off before its first letter
            self._first_lost = found is not None
        if found is None:
            changed = {i for tag, i1, i2, _, _ in self._opcodes if tag != "equal" for i in range(i1, i2)}
            lines_changed = [pair for (i, _), pair in zip(quoted, pairs, strict=True) if i in changed]
            if lines_changed and all(model == real for model, real in lines_changed):
                found = indent.same
        if found is None:
            raise Conflict(
                "conflict",
                f"the indentation of the edit cannot be brought to that of line {quoted[0][1] + 1} and "
                f"following",
                quoted[0][1] + 1,
            )
        return found if self._model_indents_alike(dict(quoted)) else indent.same

    def _model_indents_alike(self, quoted: dict[int, int]) -> bool:
        """Whether search and replacement are indented in one way; otherwise the replacement is as the file
        is.
        """
        if self._kept_elsewhere(quoted):
            return True
        search = [stripped(line) for line in self._search]
        replace = [stripped(line) for line in self._replace]
        as_search = as_file = True
        anchors = 0
        for i, at in quoted.items():
            if search.count(search[i]) > 1 or replace.count(search[i]) != 1 or (self._first_lost and i == 0):
                continue
            anchors += 1
            mine = indent_of(self._replace[replace.index(search[i])])
            as_search = as_search and mine == indent_of(self._search[i])
            as_file = as_file and mine == indent_of(self._lines[at])
        if anchors == 0:
            mine = _least(self._replace)
            as_search = mine == _least(self._search) or self._first_lost
            as_file = mine == _least([self._lines[at] for at in quoted.values()])
        if as_search or not self._replace:
            return True
        if as_file:
            return False
        raise Conflict(
            "conflict", "search and replacement are indented in different ways, neither as the file is"
        )

    def _kept_elsewhere(self, quoted: dict[int, int]) -> bool:
        """Whether the replacement keeps a line as the search has it, and the file has it indented
        otherwise.
        """
        for tag, i1, i2, _, _ in self._opcodes:
            if tag == "equal" and any(
                i in quoted and indent_of(self._search[i]) != indent_of(self._lines[quoted[i]])
                for i in range(i1, i2)
            ):
                return True
        return False

    def _new_lines(self, i1: int, i2: int, j1: int, j2: int) -> list[str]:
        partners = self._partners(i1, i2, j1, j2)
        return [self._new_line(j, partners.get(j)) for j in range(j1, j2)]

    def _new_line(self, j: int, partner: int | None) -> str:
        line = self._replace[j]
        if not line.strip():
            return line if self._map is indent.same else ""
        own = indent_of(line)
        at = self._align[partner] if partner is not None else None
        if self._first_lost and j == 0 and not own:
            first = self._align[0]
            own = indent_of(self._lines[first]) if first is not None else own
        else:
            changed = self._map(own)
            if changed is None:
                raise Conflict(
                    "conflict", f"the indentation of {_shown(line)} cannot be brought to the file's"
                )
            own = changed
        rest = line[len(indent_of(line)) :]
        if at is None or partner is None:
            return own + rest
        base, real = self._search[partner].strip(), self._lines[at].strip()
        if base == real:
            return own + rest
        mixed = merged_line(base, real, rest)
        if mixed is None:
            raise Conflict(
                "conflict",
                f"line {at + 1} of the file reads {_shown(real)}, not {_shown(base)}, just where the edit "
                f"changes it",
                at + 1,
            )
        return own + mixed

    def _partners(self, i1: int, i2: int, j1: int, j2: int) -> dict[int, int]:
        """Which searched line each new line was made of."""
        if i2 - i1 == j2 - j1:
            return {j1 + step: i1 + step for step in range(i2 - i1)}
        found: dict[int, int] = {}
        free = list(range(i1, i2))
        for j in range(j1, j2):
            ratios = [(SequenceMatcher(None, self._search[i], self._replace[j]).ratio(), -i) for i in free]
            best, i = max(ratios, default=(0.0, 0))
            if best >= _PAIR:
                found[j] = -i
                free = [other for other in free if other > -i]
        return found


def _least(lines: Sequence[str]) -> str:
    return min((indent_of(line) for line in lines if line.strip()), key=len, default="")


def _shown(line: str) -> str:
    return f"`{shorten(one_line(line), 120)}`"
