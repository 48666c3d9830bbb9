"""Files and changes of them, made by chance."""

from __future__ import annotations

from hypothesis import strategies as st

from agent_core.changes.model import FileChange

LINE = st.sampled_from(
    ["a", "b", "", "    c", "\td = 1", "é ü", "x\r", "--- a", "+++ b", "@@ -1 +1 @@", "\\ x", " "]
)


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """The bytes of a text of few different lines, with a last line end or without."""
    lines = draw(st.lists(LINE, max_size=30))
    text = "\n".join(lines) + draw(st.sampled_from(["\n", ""]))
    return text.encode()


@st.composite
def changes(draw: st.DrawFn) -> FileChange:
    """A changed, new or deleted file."""
    before = draw(st.none() | contents())
    after = draw(contents()) if before is None else draw(st.none() | contents() | edited(before))
    return FileChange(path="dir/file name.txt", before=before, after=after)


@st.composite
def edited(draw: st.DrawFn, content: bytes) -> bytes:
    """The content with some lines changed, so that hunks lie apart."""
    lines = content.split(b"\n")
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        new = draw(st.lists(LINE, max_size=2))
        lines[at : at + draw(st.integers(0, 2))] = [line.encode() for line in new]
        lines = lines or [b""]
    return b"\n".join(lines)
