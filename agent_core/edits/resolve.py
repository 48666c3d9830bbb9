"""All edits of a reply brought to the workspace's files: whole changes of files, or reasons why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from agent_core.changes.model import FileChange, RefusalCode
from agent_core.changes.text import FileText, Unfit
from agent_core.edits import whole
from agent_core.edits.applying import Order, Refused, apply
from agent_core.edits.merge import Conflict
from agent_core.edits.model import Delete, Edit, Move, Note, Parsed, Refusal, Replace, Resolved, Write
from agent_core.edits.paths import Found, Paths

Read = Callable[[str], bytes | None]
"""The bytes of a file by its path relative to the root, None when there is none; raises `Unfit` for what is
no regular file inside the workspace, or too large."""


def resolve(
    parsed: Parsed,
    *,
    read: Read,
    files: Callable[[], Iterable[str]],
    root: str = "",
    executable: Callable[[str], bool] = lambda path: False,
) -> Resolved:
    """What the edits come to, each made to what those before it left.

    A file with an edit that is refused, or with a part of the reply that could not be read, is not changed at
    all.

    Args:
        parsed: What the reply asks for.
        read: Gives a file's bytes.
        files: Gives the paths of all files; asked only for paths that are not there.
        root: The absolute path of the workspace, for absolute paths inside it.
        executable: Whether a file is; a moved file stays so.
    """
    return _Resolving(parsed, read, files, root, executable).result()


class _File:
    """A file as the edits so far leave it. `text` is None where there is none."""

    def __init__(self, path: str, before: bytes | None) -> None:
        self.path, self.before = path, before
        self.text = FileText.of(before) if before is not None else None
        self.moved_to = ""
        self.executable = False
        self.floor = self.shift = self.group = 0

    def after(self) -> bytes | None:
        """What will lie there."""
        return self.text.content() if self.text is not None else None


class _Resolving:
    def __init__(
        self,
        parsed: Parsed,
        read: Read,
        files: Callable[[], Iterable[str]],
        root: str,
        executable: Callable[[str], bool],
    ) -> None:
        self._parsed, self._read, self._executable = parsed, read, executable
        self._files: dict[str, _File] = {}
        self._paths = Paths(exists=self._exists, files=files, root=root)
        self._refused: dict[str, None] = {}
        self._refusals: list[Refusal] = []
        self._notes: list[Note] = []
        self._together: dict[str, str] = {}
        """Paths of a move: neither changes without the other."""

    def result(self) -> Resolved:
        """Make one edit after the other."""
        for fault in self._parsed.faults:
            self._refuse("malformed", self._guess(fault.path), fault.message)
        for number, edit in enumerate(self._parsed.edits):
            self._make(number, edit)
        changes = self._changes()
        left_out = set(self._refused)
        return Resolved(
            changes=tuple(changes),
            notes=tuple(note for note in self._notes if note.path not in left_out),
            refusals=tuple(self._refusals),
        )

    def _make(self, number: int, edit: Edit) -> None:
        path = edit.path
        try:
            edit, found = self._located(edit)
            path = found.path
            if isinstance(edit, Write):
                self._write(edit, found)
            elif isinstance(edit, Replace):
                self._replace(number, edit, found)
            elif isinstance(edit, Move):
                self._move(edit, path)
            else:
                self._delete(edit, path)
        except (Unfit, Refused, Conflict) as refused:
            lines = refused.lines if isinstance(refused, Refused) else ()
            message = refused.message
            if isinstance(refused, Conflict):
                message = message[:1].upper() + message[1:] + "."
            self._refuse(refused.code, path, message, lines=lines)

    def _located(self, edit: Edit) -> tuple[Edit, Found]:
        if isinstance(edit, Replace) and not any(line.strip() for line in edit.search):
            found = self._paths.target(edit.path)
            if not self._exists(
                found.path
            ):  # nothing is searched in a file that is not there: it is to be made
                made = Write(path=edit.path, lines=edit.replace, form=edit.form, line=edit.line, fresh=True)
                return made, found
        if isinstance(edit, Write):
            return edit, self._paths.target(edit.path)
        return edit, self._paths.existing(edit.path)

    # -- the kinds of edits

    def _write(self, edit: Write, found: Found) -> None:
        file = self._file(found.path)
        new = whole.written(edit, file.text, found.path)
        changed = file.text is None or new != file.text
        how = "new file" if file.text is None else "the whole file"
        if file.text is None:
            file.executable = edit.executable
        last = len(file.text.lines) if file.text else 0
        file.text = new
        self._note(found, Note(path=found.path, line=1, end=last, how=how, confidence=1.0, changed=changed))

    def _replace(self, number: int, edit: Replace, found: Found) -> None:
        file = self._file(found.path)
        if file.text is None:
            raise Unfit("no-file", f"{found.path} is deleted by an earlier edit of this reply.")
        if edit.group != file.group or not edit.group:
            file.group, file.floor, file.shift = edit.group, 0, 0
        later = tuple(
            other
            for other in self._parsed.edits[number + 1 :]
            if isinstance(other, Replace) and edit.group and other.group == edit.group
        )
        before = len(file.text.lines)
        applied = apply(edit, file.text, found.path, Order(file.floor, file.shift, later))
        file.text = applied.text
        file.shift += len(applied.text.lines) - before
        file.floor = applied.floor
        self._note(found, applied.note)

    def _delete(self, edit: Delete, path: str) -> None:
        file = self._file(path)
        last = len(file.text.lines) if file.text else 0
        file.text = None
        self._notes.append(Note(path=path, line=1, end=last, how="deleted", confidence=1.0))

    def _move(self, edit: Move, path: str) -> None:
        target = self._paths.target(edit.to).path
        if target == path:
            return
        if self._exists(target):
            raise Unfit("exists", f"{path} cannot be moved to {target}: there is such a file.")
        file, moved = self._file(path), self._file(target)
        moved.text, file.text = file.text, None
        moved.executable = self._executable(path)
        file.moved_to = target
        self._together[path], self._together[target] = target, path
        last = len(moved.text.lines) if moved.text else 0
        self._notes.append(Note(path=target, line=1, end=last, how=f"moved from {path}", confidence=1.0))

    # -- files

    def _file(self, path: str) -> _File:
        if path not in self._files:
            self._files[path] = _File(path, self._read(path))
        file = self._files[path]
        return self._files[file.moved_to] if file.moved_to else file

    def _exists(self, path: str) -> bool:
        file = self._files.get(path)
        if file is not None:
            return file.text is not None or bool(file.moved_to)
        return self._read(path) is not None

    def _guess(self, path: str) -> str:
        if not path:
            return ""
        try:
            return self._paths.existing(path).path
        except Unfit:
            return path

    def _note(self, found: Found, note: Note) -> None:
        if found.note:
            note = msgspec.structs.replace(
                note, how=f"{note.how}; {found.note}", confidence=round(note.confidence * 0.95, 3)
            )
        self._notes.append(note)

    # -- what comes of it

    def _refuse(self, code: RefusalCode, path: str, message: str, *, lines: tuple[int, ...] = ()) -> None:
        self._refused[path] = None
        if path in self._together:
            self._refused[self._together[path]] = None
        self._refusals.append(Refusal(code=code, path=path, message=message, lines=lines))

    def _changes(self) -> list[FileChange]:
        changes: list[FileChange] = []
        for path, file in self._files.items():
            if path in self._refused:
                continue
            try:
                after = file.after()
            except Unfit as unfit:
                self._refuse(unfit.code, path, unfit.message)
                continue
            if after != file.before:
                changes.append(
                    FileChange(path=path, before=file.before, after=after, executable=file.executable)
                )
        return [change for change in changes if change.path not in self._refused]
