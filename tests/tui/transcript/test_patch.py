"""A patch in the conversation."""

from __future__ import annotations

from agent_core.changes.hunks import unified
from agent_core.changes.model import FileChange
from agent_core.errors import ErrorInfo
from tui.widgets.transcript.folds import Tool
from tui.widgets.transcript.patch import patch_rows
from tui.widgets.transcript.units import Footer

ONE = FileChange(path="a b/one.sql", before=b"x\n-- old\nkeep\n", after=b"x\n++ new\nkeep")
TWO = FileChange(path="two.py", before=None, after=b"print()\n")
GONE = FileChange(path="gone.py", before=b"print()\n", after=None)


def rows(*changes: FileChange, named: bool = True) -> list[tuple[str, str]]:
    text = "".join(unified(change) for change in changes)
    return [(row.text, row.fill) for row in patch_rows(text.splitlines(), named=named)]


def test_lines_that_look_like_headings_stay() -> None:
    assert rows(ONE) == [
        ("@@ -1,3 +1,3 @@", "hunk"),
        (" x", ""),
        ("--- old", "del-line"),
        ("-keep", "del-line"),
        ("+++ new", "add-line"),
        ("+keep", "add-line"),
        ("\\ No newline at end of file", ""),
    ]


def test_several_files_are_told_apart() -> None:
    heads = [text for text, fill in rows(ONE, TWO, GONE) if fill == "head"]
    assert heads == ["a b/one.sql", "two.py  new file", "gone.py  deleted"]
    assert rows(TWO, named=False)[0] == ("two.py  new file", "head")


def test_what_is_no_patch_stays_as_it_is() -> None:
    said = ["The edit was refused:", "- not-found", "+1 more"]
    assert [row.text for row in patch_rows(said, named=True)] == said
    assert {row.fill for row in patch_rows(said, named=True)} == {""}


def test_a_proposal_shows_its_first_lines_unless_it_was_refused() -> None:
    change = FileChange(path="f.py", before=b"", after=b"".join(b"line\n" for _ in range(40)))
    tool = Tool("edit f.py", turn_id="t1", clock=lambda: 0.0, edit=True)
    tool.finish("proposes +40 -0 in 1 file", unified(change), None, 0.1)
    shown = [line.text for line in tool.lines(60)]
    assert "proposes +40 -0 in 1 file" in shown[0]
    assert shown[1].endswith("@@ -0,0 +1,40 @@") and shown[-1].endswith("… 31 more lines")
    assert tool.hidden == 31
    refused = Tool("edit f.py", turn_id="t1", clock=lambda: 0.0, edit=True)
    refused.finish("", unified(change), ErrorInfo("edit-refused", "No such line."), 0.1)
    assert not refused.expanded


def test_the_end_of_a_turn_breaks_between_its_parts() -> None:
    footer = Footer(
        [("✓ verified: pytest passed", "ok"), ("Alt+Z takes it back", "mark"), ("14 s", "dim")], turn_id="t1"
    )
    assert [line.text for line in footer.lines(80)] == [
        "✓ verified: pytest passed · Alt+Z takes it back · 14 s"
    ]
    assert [line.text for line in footer.lines(34)] == [
        "✓ verified: pytest passed",
        "Alt+Z takes it back · 14 s",
    ]
    assert all(line.cells <= 12 for line in footer.lines(12))
