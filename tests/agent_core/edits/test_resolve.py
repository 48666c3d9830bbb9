"""Edits brought to files: exactly, tolerantly, or refused with what a model needs to repair them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.edits.model import Parsed, Replace, Resolved
from agent_core.edits.parse import parse_edits
from agent_core.edits.resolve import resolve

PY = """\
import os


class Store:
    # keeps what was read
    def load(self, name):
        path = os.path.join(self.root, name)
        with open(path) as file:
            return file.read()

    def save(self, name, text):
        path = os.path.join(self.root, name)
        with open(path, "w") as file:
            file.write(text)
        return path
"""
GO = "package a\n\nfunc A() int {\n\tif x {\n\t\treturn 1\n\t}\n\treturn 2\n}\n"


def run(files: dict[str, bytes], reply: str, **options: str) -> Resolved:
    parsed = parse_edits(reply, known=files.__contains__)
    return resolve(parsed, read=files.get, files=lambda: files, **options)


def block(search: str, replace: str, path: str = "a.py") -> str:
    return f"{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"


def after(text: str | bytes, reply: str, path: str = "a.py") -> str:
    content = text.encode() if isinstance(text, str) else text
    resolved = run({path: content}, reply)
    assert resolved.complete, resolved.feedback()
    (change,) = resolved.changes
    assert change.before == content and change.after is not None
    return change.after.decode()


def refusal(text: str | bytes, reply: str, path: str = "a.py") -> tuple[str, str]:
    resolved = run({path: text.encode() if isinstance(text, str) else text}, reply)
    assert not resolved.changes and not resolved.complete
    return resolved.refusals[0].code, resolved.refusals[0].message


NEW = st.sampled_from(["a", "  b", "", "c = 1", "\td", "}", "é", "x\u00a0y"])
LINES = st.lists(NEW | st.just("..."), min_size=1, max_size=12)


@given(LINES, st.data())
def test_an_exact_edit_always_applies_or_is_refused_for_standing_there_twice(
    lines: list[str], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(lines) - 1))
    end = data.draw(st.integers(start + 1, len(lines)))
    new = data.draw(st.lists(NEW, min_size=1, max_size=12))
    search = lines[start:end]
    text = "".join(line + "\n" for line in lines)
    edit = Replace(path="f", search=tuple(search), replace=tuple(new), form="block")
    resolved = resolve(Parsed(edits=(edit,)), read={"f": text.encode()}.get, files=lambda: ["f"])
    places = [at for at in range(len(lines)) if lines[at : at + len(search)] == search]
    if not any(line.strip() for line in search) or len(places) > 1:
        assert not resolved.changes or not text.strip()
        return
    expected = "".join(line + "\n" for line in [*lines[:start], *new, *lines[end:]])
    stands = any(lines[at : at + len(new)] == new for at in range(len(lines))) and len(new) > len(search)
    result = resolved.changes[0].after if resolved.changes else text.encode()
    assert resolved.complete and (result == expected.encode() or (stands and result == text.encode()))


def test_context_that_was_misquoted_stays_as_the_file_has_it() -> None:
    around = (
        "    # keeps what has been read\n    def load(self, name):\n        path = os.path.join({}, name)\n"
        "        with open(path) as file:\n"
    )
    reply = block(around.format("self.root"), around.format("self.top"))
    assert after(PY, reply) == PY.replace("self.root", "self.top", 1)


def test_the_confidence_says_how_much_was_tolerated() -> None:
    loose = run({"a.py": PY.encode()}, block("def save(self, name, text):\n", "def save(self, key, text):\n"))
    exact = run({"a.py": PY.encode()}, block("import os\n", "import sys\n"))
    assert exact.notes[0].confidence == 1.0 > loose.notes[0].confidence
    assert (loose.notes[0].line, loose.notes[0].how) == (11, "the indentation differs")


def test_spaces_for_tabs_also_for_a_level_that_was_not_quoted() -> None:
    inner = "        if y {\n            return 3\n        }\n"
    reply = block("    if x {\n        return 1\n    }\n", f"    if x {{\n{inner}    }}\n", "a.go")
    assert "\tif x {\n\t\tif y {\n\t\t\treturn 3\n\t\t}\n\t}\n" in after(GO, reply, "a.go")


def test_equal_places_are_refused_with_their_lines_and_told_by_a_heading() -> None:
    search = "        path = os.path.join(self.root, name)\n"
    code, message = refusal(PY, block(search, "        path = name\n"))
    assert code == "ambiguous" and "lines 7, 12" in message
    patch = "*** Begin Patch\n*** Update File: a.py\n@@ {}\n-{}+        path = name\n*** End Patch"
    changed = after(PY, patch.format("def save(self, name, text):", search))
    assert changed.splitlines()[11] == "        path = name"


def test_a_stale_line_is_refused_with_what_is_there() -> None:
    around = "    def load(self, name):\n        path = {}\n        with open(path) as file:\n"
    edit = block(around.format("os.path.join(self.base, name)"), around.format("name"))
    code, message = refusal(PY, edit)
    assert code == "stale" and "line 7" in message and "self.root" in message


def test_nothing_alike_is_refused_with_what_was_not_found() -> None:
    code, message = refusal(PY, block("completely = different_text()\n", "x\n"))
    assert code == "not-found" and "completely" in message


def test_dots_stand_for_what_lies_between() -> None:
    reply = block(
        "    def save(self, name, text):\n        # ... existing code ...\n        return path\n",
        "    def save(self, name, text):\n        # ... existing code ...\n        return str(path)\n",
    )
    assert after(PY, reply) == PY.replace("return path", "return str(path)")


def test_dots_that_could_end_in_two_places_are_refused() -> None:
    text = "def f():\n    a()\n    b()\n    a()\n    c()\n"
    code, message = refusal(text, block("def f():\n    # ...\n    a()\n", "def f():\n    # ...\n    z()\n"))
    assert code == "ambiguous" and "2 or 4" in message


@pytest.mark.parametrize(
    ("content", "result"),
    [
        (b"a\r\nb\r\nc\r\n", b"a\r\nB\r\nBB\r\nc\r\n"),
        (b"\xef\xbb\xbfa\nb\nc\n", b"\xef\xbb\xbfa\nB\nBB\nc\n"),
        (b"a\nb\nc", b"a\nB\nBB\nc"),
        (b"a\nb", b"a\nB\nBB"),
        (b"a\r\nb\nc\r\n", b"a\r\nB\nBB\r\nc\r\n"),
        ("a\nb\nc\n".encode("utf-16"), "a\nB\nBB\nc\n".encode("utf-16")),
    ],
)
def test_ends_marks_and_the_last_line_stay(content: bytes, result: bytes) -> None:
    (change,) = run({"f.txt": content}, block("b\n", "B\nBB\n", "f.txt")).changes
    assert change.after == result


def test_a_diff_may_be_about_the_last_line_end() -> None:
    reply = "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"
    assert after("a\nb", reply, "f") == "a\nb\n"


def test_text_that_is_no_utf8_is_kept_and_only_ascii_is_added() -> None:
    content = b"caf\xe9\nb\n"
    (change,) = run({"f": content}, block("b\n", "c\n", "f")).changes
    assert change.after == b"caf\xe9\nc\n"
    assert refusal(content, block("b\n", "ü\n", "f"), "f")[0] == "binary"
    assert refusal(b"a\0b\nb\n", block("b\n", "c\n", "f"), "f")[0] == "binary"


def test_one_refused_edit_of_a_file_refuses_the_file_and_no_other() -> None:
    reply = (
        block("import os\n", "import sys\n") + block("nowhere at all\n", "x\n") + block("b\n", "c\n", "f.txt")
    )
    resolved = run({"a.py": PY.encode(), "f.txt": b"b\n"}, reply)
    assert [change.path for change in resolved.changes] == ["f.txt"]
    assert [(refusal.path, refusal.code) for refusal in resolved.refusals] == [("a.py", "not-found")]
    assert "a.py (not-found)" in resolved.feedback()


def test_a_part_that_cannot_be_read_refuses_its_file() -> None:
    half = "a.py\n<<<<<<< SEARCH\nclass Store:\n=======\ncl"
    resolved = run({"a.py": PY.encode()}, block("import os\n", "import sys\n") + half)
    assert not resolved.changes and resolved.refusals[0].code == "malformed"


def test_edits_come_one_after_the_other_and_what_is_so_already_is_no_change() -> None:
    reply = block("import os\n", "import sys\n") + block("import sys\n", "import re\n")
    assert after(PY, reply) == PY.replace("import os", "import re")
    again = run(
        {"a.py": PY.encode()}, block("import sys\n\n\nclass Store:\n", "import os\n\n\nclass Store:\n")
    )
    assert again.complete and not again.changes and not again.notes[0].changed


@pytest.mark.parametrize(
    ("written", "found"),
    [("./src/a.py", "src/a.py"), ("b/src/a.py", "src/a.py"), ("/w/p/src/a.py", "src/a.py"),
     ("src\\a.py", "src/a.py"), ("a.py", "src/a.py"), ("p/src/a.py", "src/a.py")],
)  # fmt: skip
def test_paths_as_models_write_them(written: str, found: str) -> None:
    resolved = run({"src/a.py": b"x\n", "lib/b.py": b"x\n"}, block("x\n", "y\n", written), root="/w/p")
    assert [change.path for change in resolved.changes] == [found]


@pytest.mark.parametrize(
    ("path", "code"),
    [("../a.py", "outside"), ("/etc/a.py", "outside"), ("C:\\x\\a.py", "outside"),
     (".git/config.py", "outside"), ("src/../../a.py", "outside"),
     ("two.py", "no-file"), ("none.py", "no-file")],
)  # fmt: skip
def test_paths_that_are_refused(path: str, code: str) -> None:
    resolved = run({"a/two.py": b"x\n", "b/two.py": b"x\n"}, block("x\n", "y\n", path), root="/w/p")
    assert [refusal.code for refusal in resolved.refusals] == [code] and not resolved.changes


def test_a_move_is_two_changes_and_neither_without_the_other() -> None:
    reply = "*** Begin Patch\n*** Update File: a.py\n*** Move to: b.py\n@@\n-{}\n+import sys\n*** End Patch"
    resolved = run({"a.py": PY.encode()}, reply.format("import os"))
    assert {change.path: change.after is None for change in resolved.changes} == {"a.py": True, "b.py": False}
    assert not run({"a.py": PY.encode()}, reply.format("import nothing")).changes


def test_whole_files_that_leave_lines_out_are_filled_in_or_refused() -> None:
    lines = "import os\n# ... existing code ...\n        return path\n"
    assert run({"a.py": PY.encode()}, f"```python a.py\n{lines}```").changes == ()
    filled = after(
        PY, "```python a.py\nimport sys\nimport os\n\n\nclass Store:\n# ... rest unchanged ...\n```"
    )
    assert filled == "import sys\n" + PY
    code, message = refusal(PY * 3, "```python a.py\nimport os\n```")
    assert code == "malformed" and "stub" in message


def test_a_search_of_nothing_makes_a_new_file_only() -> None:
    resolved = run({}, block("", "x\n", "new.py"))
    assert [(change.path, change.after) for change in resolved.changes] == [("new.py", b"x\n")]
    assert refusal(PY, block("", "x\n"))[0] == "malformed"


def test_a_deletion_that_can_be_told_in_two_ways_is_refused_where_the_file_has_more_between() -> None:
    text = "first = {\n    a\n},\nsecond = {\n    a\n},\nend\n"
    search = "first = {\n    a\nsecond = {\n    a\n},\nend\n"
    assert refusal(text, block(search, "first = {\n    a\n},\nend\n"))[0] == "conflict"
