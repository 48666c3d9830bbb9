"""The files: a lazy tree with git state and sizes that follows the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.message import Message

from agent_core.errors import AgentError
from agent_core.text import human_size, one_line
from agent_core.workspace import Entry, Workspace
from tui.keys import FILES, bindings
from tui.panes.filetree import FileTree, Node
from tui.widgets.rows import Item, Rows
from tui.widgets.transcript.lines import Run

if TYPE_CHECKING:
    from agent_core.tools.listing import Changes

_CODE_STYLES = {"M": "warn", "A": "ok", "D": "bad", "R": "mark", "?": "ok", "U": "bad-title"}


class Files(Rows):
    """The tree of the workspace."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(FILES)]

    class Opened(Message, namespace="files"):
        """A file was chosen."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    class Mentioned(Message, namespace="files"):
        """A file or folder is to go into the prompt."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    class FoldersChanged(Message, namespace="files"):
        """Other folders are open now."""

    class ReloadWanted(Message, namespace="files"):
        """Everything is to be read again."""

    def __init__(self) -> None:
        super().__init__(id="files", empty="Reading the folder …")
        self.border_title = "Files"
        self.tree_of = FileTree()
        self._workspace: Workspace | None = None
        self._changes: Changes | None = None
        self._by_path: dict[str, Entry] = {}

    async def begin(self, workspace: Workspace) -> None:
        """Read the top folder."""
        self._workspace = workspace
        await self.reload(["."])

    async def reload(self, folders: Iterable[str]) -> None:
        """Read these folders again, as far as they are open."""
        wanted = [folder for folder in folders if folder in self.tree_of.open]
        for folder in wanted:
            await self._read(folder)
        if wanted:
            self._show()

    def set_changes(self, changes: Changes, count: int) -> None:
        """What git says."""
        self._changes = changes
        self.border_subtitle = f"{count} changed" if count else ""
        self._show()

    async def _read(self, folder: str) -> None:
        if self._workspace is None:
            return
        try:
            entries = await asyncio.to_thread(self._workspace.list_dir, folder, include_ignored=True)
        except AgentError as error:
            self.tree_of.forget(folder)
            if folder == ".":
                self.empty = error.message
            return
        self.tree_of.put(folder, entries)

    def _show(self) -> None:
        nodes = list(self.tree_of.rows())
        self._by_path = {node.entry.path: node.entry for node in nodes if node.entry}
        hidden = "" if self.tree_of.show_ignored else " (ignored files are hidden)"
        self.set_items([self._item(node) for node in nodes], empty=f"Nothing here yet{hidden}.")

    def _item(self, node: Node) -> Item:
        indent = "  " * node.depth
        entry = node.entry
        if entry is None:
            return Item(node.text, "dim", ((indent, "", None),), can_choose=False)
        sign = "▾ " if node.is_open else "▸ " if entry.is_dir else "  "
        code = self._changes.of(entry) if self._changes else ""
        style = "dim" if entry.ignored else _CODE_STYLES.get(code, "h2" if entry.is_dir else "title")
        name = one_line(entry.name) + ("@" if entry.is_link else "/" if entry.is_dir else "")
        size = "" if entry.is_dir else human_size(entry.size)
        right: tuple[Run, ...] = (
            (size, "dim", None),
            (f" {code or ' '}", _CODE_STYLES.get(code, "dim"), None),
        )
        lead = ((indent, "", None), (sign, "dim", None))
        return Item(name, style, lead, right, key=entry.path, middle=True, right_gives=True)

    # Keys

    def _entry(self) -> Entry | None:
        return self._by_path.get(self.current.key) if self.current else None

    def action_choose(self) -> None:
        """Open the file, or unfold or fold the folder."""
        entry = self._entry()
        if entry is None:
            return
        if not entry.is_dir:
            self.post_message(self.Opened(entry.path))
        elif entry.path in self.tree_of.open:
            self._close(entry.path)
        else:
            self._open(entry.path)

    def action_unfold(self) -> None:
        """Unfold the folder."""
        entry = self._entry()
        if entry and entry.is_dir and entry.path not in self.tree_of.open:
            self._open(entry.path)
        elif entry and entry.is_dir:
            self.put_cursor(self.cursor + 1)

    def action_fold(self) -> None:
        """Fold the folder, or go to the one above."""
        entry = self._entry()
        if entry is None:
            return
        if entry.path in self.tree_of.open:
            self._close(entry.path)
            return
        above = entry.path.rpartition("/")[0]
        index = next((i for i, item in enumerate(self.items) if item.key == above), None)
        if index is not None:
            self.put_cursor(index)

    def _open(self, path: str) -> None:
        self.tree_of.open.add(path)
        self.post_message(self.FoldersChanged())
        self.run_worker(self.reload([path]), group="unfold")

    def _close(self, path: str) -> None:
        self.tree_of.open.discard(path)
        self._show()
        self.post_message(self.FoldersChanged())

    def action_toggle_ignored(self) -> None:
        """Show or hide ignored files."""
        self.tree_of.show_ignored = not self.tree_of.show_ignored
        self._show()

    def action_mention(self) -> None:
        """Put the file into the prompt."""
        if entry := self._entry():
            self.post_message(self.Mentioned(entry.path))

    def action_reload(self) -> None:
        """Read everything again."""
        self.post_message(self.ReloadWanted())

    def folders_of(self, paths: Iterable[Path], root: Path) -> set[str]:
        """The open folders that hold these absolute paths."""
        found: set[str] = set()
        for path in paths:
            try:
                parent = path.relative_to(root).parent.as_posix()
            except ValueError:
                continue
            found.add(parent)
        return found & self.tree_of.open
