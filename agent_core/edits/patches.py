"""The `*** Begin Patch` form that OpenAI's models write."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent_core.edits.model import Delete, Edit, Fault, Move, Replace, Write

_SECTION = re.compile(r"^\s*\*\*\*\s*(Update|Add|Create|Delete) File:\s*(.+?)\s*$", re.IGNORECASE)
_MOVE = re.compile(r"^\s*\*\*\*\s*Move to:\s*(.+?)\s*$", re.IGNORECASE)
_BEGIN = re.compile(r"^\s*\*\*\*\s*Begin Patch\b", re.IGNORECASE)
_END = re.compile(r"^\s*\*\*\*\s*End Patch\b", re.IGNORECASE)
_END_OF_FILE = re.compile(r"^\s*\*\*\*\s*End of File\b", re.IGNORECASE)
_FENCE = re.compile(r"^(```+|~~~+)\s*$")


def starts(line: str) -> bool:
    """Whether a patch of this form begins with the line."""
    return bool(_BEGIN.match(line) or _SECTION.match(line))


class PatchReader:
    """Reads one patch. `group` numbers the files, so that the hunks of one are known to be in order."""

    def __init__(self, lines: Sequence[str], *, fenced: bool, group: int) -> None:
        self._lines, self._fenced, self.group = lines, fenced, group
        self.edits: list[Edit] = []
        self.faults: list[Fault] = []

    def read(self, start: int) -> int:
        """Read from line `start` (from 0); the line after the patch."""
        index = start
        while index < len(self._lines):
            line = self._lines[index]
            section = _SECTION.match(line)
            if section:
                index = self._section(index, section[1].lower(), section[2].strip("`"))
            elif _END.match(line):
                return index + 1
            elif _BEGIN.match(line) or not line.strip():
                index += 1
            else:
                return index
        self._cut()
        return index

    def _cut(self) -> None:
        """The reply ended without `*** End Patch`: what came last may lack its end."""
        if self.edits and not isinstance(self.edits[-1], (Delete, Move)):
            last = self.edits.pop()
            message = (
                "The reply ends before `*** End Patch`, so that this part may lack its end. Send it whole."
            )
            self.faults.append(Fault(message=message, path=last.path, line=last.line))

    def _section(self, index: int, kind: str, path: str) -> int:
        began = index
        self.group += 1
        index += 1
        end = index
        while end < len(self._lines) and not self._ends(end):
            end += 1
        if kind == "delete":
            self.edits.append(Delete(path=path, form="patch", line=began + 1))
        elif kind in ("add", "create"):
            self._add(began, path, self._lines[index:end])
        else:
            self._update(began, path, index, end)
        return end

    def _ends(self, index: int) -> bool:
        line = self._lines[index]
        return bool(_SECTION.match(line) or _END.match(line) or (self._fenced and _FENCE.match(line)))

    def _add(self, began: int, path: str, lines: Sequence[str]) -> None:
        while lines and not lines[-1].strip():
            lines = lines[:-1]
        marked = all(line.startswith("+") or not line.strip() for line in lines)
        content = tuple(line[1:] if marked else line for line in lines)
        self.edits.append(Write(path=path, lines=content, form="patch", line=began + 1, fresh=True))

    def _update(self, began: int, path: str, index: int, end: int) -> None:
        if index < end and (move := _MOVE.match(self._lines[index])):
            self.edits.append(Move(path=path, to=move[1], form="patch", line=began + 1))
            path = move[1]
            index += 1
        within: list[str] = []
        hunk = _Hunk(index)
        for at in range(index, end):
            line = self._lines[at]
            if line.startswith("@@"):
                if hunk.changed:
                    self._close(path, hunk, within)
                if hunk.lines:
                    within = []
                heading = line.strip("@ \t")
                within = [*within, heading] if heading else within
                hunk = _Hunk(at)
            elif not _END_OF_FILE.match(line):
                hunk.take(line)
        if hunk.changed:
            self._close(path, hunk, within)

    def _close(self, path: str, hunk: _Hunk, within: list[str]) -> None:
        hunk.trim()
        self.edits.append(
            Replace(
                path=path,
                search=tuple(hunk.search),
                replace=tuple(hunk.replace),
                form="patch",
                line=hunk.began + 1,
                within=tuple(within),
                group=self.group,
            )
        )


class _Hunk:
    def __init__(self, began: int) -> None:
        self.began = began
        self.search: list[str] = []
        self.replace: list[str] = []
        self.lines = 0
        self.changed = False
        self._unmarked = 0

    def take(self, line: str) -> None:
        mark = line[:1]
        text = line[1:] if mark in ("+", "-", " ") else line
        self._unmarked = self._unmarked + 1 if not mark else 0
        self.lines += 1
        self.changed = self.changed or mark in ("+", "-")
        if mark != "+":
            self.search.append(text)
        if mark != "-":
            self.replace.append(text)

    def trim(self) -> None:
        if self._unmarked:
            del self.search[-self._unmarked :]
            del self.replace[-self._unmarked :]
