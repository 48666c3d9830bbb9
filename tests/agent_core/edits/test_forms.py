"""Each form that models write is read, with what the models that write it do wrong."""

from __future__ import annotations

import pytest

from agent_core.edits.model import Delete, Move, Parsed, Replace, Write
from agent_core.edits.parse import parse_edits

FILES = {"src/app.py", "src/lib.go", "Makefile", "docs/guide.md"}


def parsed(reply: str, default: str = "") -> Parsed:
    return parse_edits(reply, known=FILES.__contains__, default=default)


def one(reply: str) -> Replace:
    result = parsed(reply)
    assert not result.faults
    (edit,) = result.edits
    assert isinstance(edit, Replace)
    return edit


BLOCK = "<<<<<<< SEARCH\nold line\n=======\nnew line\n>>>>>>> REPLACE"


@pytest.mark.parametrize(
    "reply",
    [
        f"src/app.py\n{BLOCK}",
        f"src/app.py\n```python\n{BLOCK}\n```",
        f"```python\nsrc/app.py\n{BLOCK}\n```",
        f"```python\n# src/app.py\n{BLOCK}\n```",
        f"```python src/app.py\n{BLOCK}\n```",
        f"```python:src/app.py\n{BLOCK}\n```",
        f'```python title="src/app.py"\n{BLOCK}\n```',
        f"### `src/app.py`\n\n```\n{BLOCK}\n```",
        f"**src/app.py**:\n```\n{BLOCK}\n```",
        f"File: src/app.py\n{BLOCK}",
        f"1. Update `src/app.py`:\n{BLOCK}",
        f"src/app.py (modified)\n{BLOCK}",
        f"<think>\nperhaps\n{BLOCK}\n</think>\nsrc/app.py\n{BLOCK}",
        f"I would say {BLOCK!r}\n</think>\n\nsrc/app.py\n{BLOCK}\nThat is it.",
        "src/app.py\n<<<< ORIGINAL\nold line\n====\nnew line\n>>>> UPDATED",
        "src/app.py\n<<<<<<<<< SEARCH\nold line\n=========\nnew line\n>>>>>>>> REPLACE",
        "src/app.py\n<<<<<<<\nold line\n=======\nnew line\n>>>>>>>",
        "<<<<<<< SEARCH src/app.py\nold line\n=======\nnew line\n>>>>>>> REPLACE",
        "src/app.py\n```\n<<<<<<< SEARCH\nold line\n=======\nnew line\n```\nNo end mark.",
        f"src/app.py\r\n{BLOCK}".replace("\n", "\r\n"),
        "src/app.py\n  <<<<<<< SEARCH\n  old line\n  =======\n  new line\n  >>>>>>> REPLACE",
    ],
)
def test_a_block_is_read_wherever_its_file_is_named(reply: str) -> None:
    edit = one(reply)
    assert (edit.path, edit.search, edit.replace) == ("src/app.py", ("old line",), ("new line",))


def test_a_second_block_means_the_file_of_the_first() -> None:
    result = parsed(f"src/app.py\n{BLOCK}\n\n{BLOCK}\n\nsrc/lib.go\n{BLOCK}")
    assert [edit.path for edit in result.edits] == ["src/app.py", "src/app.py", "src/lib.go"]


def test_line_numbers_that_were_copied_along_are_taken_off() -> None:
    edit = one("src/app.py\n<<<<<<< SEARCH\n 41 | def f():\n 42 |     x\n=======\ny\n>>>>>>> REPLACE")
    assert (edit.search, edit.near) == (("def f():", "    x"), 41)


@pytest.mark.parametrize(
    "reply",
    [
        f"{BLOCK}",
        "src/app.py\n<<<<<<< SEARCH\nold\n=======\nhalf of the new",
        "src/app.py\n<<<<<<< SEARCH\nold\n>>>>>>> REPLACE",
        "src/app.py\n<<<<<<< SEARCH\nTitle\n=======\nold\n=======\nnew\n>>>>>>> REPLACE",
        "```python\n# src/app.py\nprint(1)\nprint(",
        "*** Begin Patch\n*** Update File: src/app.py\n-old\n+new",
        "```diff\n--- a/src/app.py\n+++ b/src/app.py\n@@ -1 +1 @@\n-old\n+ne",
        '```json\n{"path": "src/app.py", "search": "old", "replace": "ne',
    ],
)
def test_what_is_cut_off_or_broken_is_a_fault_and_no_edit(reply: str) -> None:
    result = parsed(reply)
    assert not result.edits
    assert result.faults and all(fault.message and fault.line for fault in result.faults)


def test_a_default_file_is_for_edits_that_name_none() -> None:
    assert parsed(BLOCK, default="src/app.py").edits[0].path == "src/app.py"


@pytest.mark.parametrize(
    "reply",
    [
        "```python src/new.py\nprint(1)\n```",
        "### src/new.py\n```python\nprint(1)\n```",
        "`src/new.py`:\n\n```python\nprint(1)\n```",
        "path: src/new.py\n```\nprint(1)\n```",
        '```json\n{"path": "src/new.py", "content": "print(1)\\n"}\n```',
        "*** Begin Patch\n*** Add File: src/new.py\n+print(1)\n*** End Patch",
        "```diff\n--- /dev/null\n+++ b/src/new.py\n@@ -0,0 +1 @@\n+print(1)\n```",
        "diff --git a/src/new.py b/src/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/src/new.py\n"
        "@@ -0,0 +1 @@\n+print(1)\n",
    ],
)
def test_whole_files(reply: str) -> None:
    (edit,) = parsed(reply).edits
    assert isinstance(edit, Write)
    assert (edit.path, edit.lines) == ("src/new.py", ("print(1)",))


@pytest.mark.parametrize(
    "reply",
    [
        "No edit here, only `src/app.py` is named.\n```python\nprint(1)\n```",
        "Run this on `src/app.py`:\n```bash\npytest\n```",
        '```json\n{"a": 1}\n```',
        "Use >>> replace(1) and <<< here.",
        "",
    ],
)
def test_prose_and_samples_are_no_edits(reply: str) -> None:
    assert parsed(reply) == Parsed()


def test_a_markdown_file_keeps_its_own_fences() -> None:
    (edit,) = parsed("docs/guide.md\n```markdown\n# Guide\n```sh\nmake\n```\nEnd\n```\n").edits
    assert isinstance(edit, Write) and edit.lines[-1] == "End"


def test_a_git_diff_of_several_files_bare_between_prose() -> None:
    result = parsed(
        "This does it:\n\ndiff --git a/src/app.py b/src/app.py\nindex 1..2 100644\n--- a/src/app.py\n"
        "+++ b/src/app.py\n@@ -3,3 +3,3 @@ def f():\n a\n\n-b\n+c\n@@\n-x\n+y\n"
        "diff --git a/old.py b/old.py\ndeleted file mode 100644\n--- a/old.py\n+++ /dev/null\n"
        "@@ -1 +0,0 @@\n-z\n"
        "diff --git a/x.py b/y.py\nsimilarity index 90%\nrename from x.py\nrename to y.py\n"
        "--- a/x.py\n+++ b/y.py\n@@ -1 +1 @@\n-p\n+q\n\nAnd that is all.\n- a list\n"
    )
    first, second, third, fourth, fifth = result.edits
    assert isinstance(first, Replace) and isinstance(second, Replace) and isinstance(fifth, Replace)
    assert (first.search, first.replace) == (("a", "", "b"), ("a", "", "c"))
    assert (first.near, first.within) == (3, ("def f():",))
    assert (second.near, second.search, second.group) == (0, ("x",), first.group)
    assert third == Delete(path="old.py", form="diff", line=third.line)
    assert fourth == Move(path="x.py", to="y.py", form="diff", line=fourth.line)
    assert (fifth.path, fifth.search, fifth.replace) == ("y.py", ("p",), ("q",))
    assert not result.faults


def test_a_plain_diff_with_a_time_stamp_and_no_last_line_end() -> None:
    edit = one(
        "```\n--- src/app.py\t2026-01-01 10:00:00\n+++ src/app.py\t2026-01-01 10:00:01\n@@ -1 +1 @@\n-a\n"
        "\\ No newline at end of file\n+b\n```"
    )
    assert (edit.path, edit.search, edit.replace, edit.final) == ("src/app.py", ("a",), ("b",), True)


def test_the_patch_form_with_headings_a_move_and_a_deletion() -> None:
    result = parsed(
        "```\n*** Begin Patch\n*** Update File: src/app.py\n*** Move to: src/main.py\n@@ class A\n@@ def f\n"
        " a\n-b\n+c\n@@\n-d\n*** Delete File: src/lib.go\n*** End Patch\n```\n"
    )
    move, first, second, delete = result.edits
    assert isinstance(move, Move) and isinstance(delete, Delete)
    assert isinstance(first, Replace) and isinstance(second, Replace)
    assert (first.path, first.within, first.search) == ("src/main.py", ("class A", "def f"), ("a", "b"))
    assert (second.within, second.search, second.replace) == ((), ("d",), ())


@pytest.mark.parametrize(
    "reply",
    [
        '{"path": "src/app.py", "search": "a\\nb", "replace": "c"}',
        '```json\n[{"file_path": "src/app.py", "old_string": "a\\nb", "new_string": "c"}]\n```',
        '{"file": "src/app.py", "edits": [{"search": "a\\nb", "replace": "c"}]}',
        '{"name": "edit", "arguments": {"path": "src/app.py", "old_str": "a\\nb", "new_str": "c"}}',
        '{"name": "edit", "arguments": "{\\"path\\": \\"src/app.py\\",'
        ' \\"old\\": \\"a\\\\nb\\", \\"new\\": \\"c\\"}"}',
    ],
)
def test_json_objects(reply: str) -> None:
    edit = one(reply)
    assert (edit.path, edit.search, edit.replace) == ("src/app.py", ("a", "b"), ("c",))


def test_all_forms_in_one_reply_keep_their_order() -> None:
    result = parsed(
        f"src/app.py\n{BLOCK}\n\n```diff\n--- a/src/lib.go\n+++ b/src/lib.go\n@@ -1 +1 @@\n-a\n+b\n```\n"
        'Then\n{"path": "Makefile", "search": "x", "replace": "y"}\n\n`docs/guide.md`\n```md\n# Guide\n```\n'
    )
    assert [(edit.path, edit.form) for edit in result.edits] == [
        ("src/app.py", "block"), ("src/lib.go", "diff"), ("Makefile", "json"), ("docs/guide.md", "file"),
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["docker/Makefile", "Dockerfile", "LICENSE"])
def test_a_new_file_whose_name_has_no_ending(path: str) -> None:
    reply = f"{path}\n```\n<<<<<<< SEARCH\n=======\nall:\n>>>>>>> REPLACE\n```\n"
    (edit,) = parsed(reply).edits
    assert edit.path == path
