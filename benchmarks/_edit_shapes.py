"""What models do to the form of an edit: numbers, marks, fences, paths, line ends, several edits, whole
files.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from benchmarks._edit_base import (
    FORMS,
    Base,
    Source,
    bases,
    block,
    diff,
    json_edit,
    mutated,
    patch,
    places,
    written,
)
from benchmarks._edit_made import PROSE, ROOT, Case, Make, good, in_a_form, lines_text
from benchmarks._edit_twins import another

# -- diffs


def numbers_off(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    number = max(1, base.start + 1 + chance.choice((-40, -7, -1, 1, 3, 25, 300)))
    size, new_size = len(base.search) + chance.randrange(3), len(base.replace) + chance.randrange(-1, 3)
    header = f"@@ -{number},{size} +{number},{new_size} @@"
    text = diff(base.source.path, base.search, base.replace, number, header=header)
    return good(base, chance.choice((f"```diff\n{text}```\n", text + "\nThat is all.\n")))


def numbers_missing(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    header = chance.choice(("@@ @@", "@@", "@@ ... @@", "@@ -,+ @@"))
    text = diff(base.source.path, base.search, base.replace, 1, header=header)
    return good(base, f"```diff\n{text}```\n")


def blanks_unmarked(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    text = diff(base.source.path, base.search, base.replace, base.start + 1)
    bare = "\n".join(line if line.strip() else "" for line in text.split("\n"))
    if bare == text:
        return None
    return good(base, chance.choice((f"```diff\n{bare}```\n", bare)))


def renamed(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    path = base.source.path
    folder, slash, name = path.rpartition("/")
    to = f"{folder}{slash}moved_{name}"
    if chance.random() < 0.5:
        hunk = diff(path, base.search, base.replace, base.start + 1).split("\n", 2)[2]
        heads = (f"rename from {path}", f"rename to {to}", f"--- a/{path}", f"+++ b/{to}")
        reply = "\n".join([f"diff --git a/{path} b/{to}", "similarity index 96%", *heads, hunk])
    else:
        body = patch(path, base.search, base.replace)
        reply = body.replace(f"*** Update File: {path}\n", f"*** Update File: {path}\n*** Move to: {to}\n")
    return good(base, reply, expected={path: None, to: lines_text(base.expected)})


# -- bytes of the file


def _other_ends(base: Base, chance: random.Random, change: Callable[[str], str]) -> Case:
    path = base.source.path
    reply = in_a_form(base, base.search, base.replace, chance)
    files = {path: change(lines_text(base.source.lines))}
    return good(base, reply, files=files, expected={path: change(lines_text(base.expected))})


def crlf_file(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    return _other_ends(base, chance, lambda text: text.replace("\n", "\r\n"))


def crlf_reply(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    reply = in_a_form(base, base.search, base.replace, chance, ("block", "diff", "patch"))
    return good(base, reply.replace("\n", "\r\n"))


def byte_order_mark(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    return _other_ends(base, chance, lambda text: "\ufeff" + text)


def no_last_end(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    return _other_ends(base, chance, lambda text: text.removesuffix("\n"))


def mixed_ends(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """Lines that end in both ways; a changed line keeps its own."""
    if len(base.new) != base.last - base.first:
        return None
    path = base.source.path
    ends = [chance.choice(("\n", "\r\n")) for _ in base.source.lines]
    text = "".join(line + end for line, end in zip(base.source.lines, ends, strict=True))
    after = "".join(line + end for line, end in zip(base.expected, ends, strict=True))
    reply = in_a_form(base, base.search, base.replace, chance)
    return good(base, reply, files={path: text}, expected={path: after})


# -- marks, fences, paths


def marks(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    opening, divider, closing = chance.choice(
        (
            ("<<<< ORIGINAL", "====", ">>>> UPDATED"),
            ("<<<<<<<< SEARCH", "=======", ">>>>>>>> REPLACE"),
            ("<<<<<< SEARCH", "======", ">>>>>> REPLACE"),
            ("<<<<<<< HEAD", "=======", ">>>>>>> updated"),
            ("<<<<<<<", "=======", ">>>>>>>"),
            ("<<<<<<< search", "=======", ">>>>>>> replace"),
            ("<<<<<<< SEARCH", "=======", ""),
        )
    )
    body = "\n".join([opening, *base.search, divider, *base.replace, *([closing] if closing else [])])
    return good(base, f"{base.source.path}\n```\n{body}\n```\n")


def fences(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    path = base.source.path
    body = "\n".join(["<<<<<<< SEARCH", *base.search, "=======", *base.replace, ">>>>>>> REPLACE"])
    comment = base.source.comment
    reply = chance.choice(
        (
            f"{path}\n~~~\n{body}\n~~~\n",
            f"````python\n{comment} {path}\n{body}\n````\n",
            f"1. `{path}`:\n\n" + "\n".join("   " + line for line in f"```\n{body}\n```".split("\n")) + "\n",
            f"Change `x` first.\n\n```python\nsample()\n```\n\n{path}\n```\n{body}\n```\n",
            f"```\n{path}\n{body}\n",
            f'```python title="{path}"\n{body}\n```\n',
        )
    )
    return good(base, reply)


def paths(base: Base, found: Sequence[Source], chance: random.Random) -> Case | None:
    path = base.source.path
    name = path.rpartition("/")[2]
    if "/" not in path:
        return None
    other = another(base, found, chance)
    shown = chance.choice(
        (
            f"./{path}",
            f"a/{path}",
            f"{ROOT}/{path}",
            path.replace("/", "\\"),
            f"project/{path}",
            name,
            f"work/src/{path}",
        )
    )
    reply = written(chance.choice(("block", "patch", "json")), shown, base.search, base.replace, 1, chance)
    files = {path: lines_text(base.source.lines), "other/" + other.path: lines_text(other.lines)}
    return good(base, reply, files=files) if other.path.rpartition("/")[2] != name else None


# -- several edits, whole files


def several_files(base: Base, found: Sequence[Source], chance: random.Random) -> Case | None:
    second = next(bases(found, chance))
    if second.source.path == base.source.path:
        return None
    texts = [
        written(chance.choice(FORMS), one.source.path, one.search, one.replace, one.start + 1, chance)
        for one in (base, second)
    ]
    both = (base, second)
    return good(
        base,
        chance.choice(PROSE).format("\n".join(texts)),
        files={one.source.path: lines_text(one.source.lines) for one in both},
        expected={one.source.path: lines_text(one.expected) for one in both},
    )


def edit_of_edit(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """A second edit of lines that the first one made."""
    if not base.new:
        return None
    again = mutated(base.new[0], chance)
    search = base.replace
    number = base.first - base.start
    new = [*search[:number], again, *search[number + 1 :]]
    if again == base.new[0]:
        return None
    path = base.source.path
    reply = block(path, base.search, base.replace, chance) + "\n" + block(path, search, new, chance)
    lines = base.expected
    lines[base.first] = again
    return good(base, reply, expected={path: lines_text(lines)})


def already(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """The file is so already: nothing is to change."""
    path = base.source.path
    if not base.new or len(places(base.expected, base.replace, len(base.replace))) != 1:
        return None
    if places(base.expected, base.search, len(base.search)):
        return None
    reply = in_a_form(base, base.search, base.replace, chance)
    return good(base, reply, files={path: lines_text(base.expected)}, expected={})


def whole_file(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    path, text = base.source.path, lines_text(base.expected)
    if "```" in text or not _blank_free_ends(base):
        return None
    comment = base.source.comment
    reply = chance.choice(
        (
            f"```python {path}\n{text}```\n",
            f"### `{path}`\n\n```\n{text}```\n",
            f"path: {path}\n```\n{text}```\n",
            f"```\n{comment} {path}\n{text}```\n",
        )
    )
    return good(base, chance.choice(PROSE).format(reply))


def _blank_free_ends(base: Base) -> bool:
    return bool(base.source.lines[0].strip() and base.source.lines[-1].strip())


def whole_file_elided(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """A whole file whose unchanged beginning and end are left out."""
    lines = base.source.lines
    if len(places(lines, [lines[base.start]], 1)) != 1 or len(places(lines, [lines[base.end - 1]], 1)) != 1:
        return None
    comment = base.source.comment
    dots = chance.choice((f"{comment} ... existing code ...", f"{comment} ... rest unchanged ..."))
    text = lines_text([dots, *base.replace, dots])
    return good(base, f"```python {base.source.path}\n{text}```\n")


def new_file(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    path = f"added/new_{chance.randrange(100)}.py"
    content = base.search
    if "```" in "".join(content) or not content[0].strip() or not content[-1].strip():
        return None
    text = lines_text(content)
    plus = "\n".join("+" + line for line in content)
    reply = chance.choice(
        (
            f"```python {path}\n{text}```\n",
            f"```diff\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{len(content)} @@\n{plus}\n```\n",
            f"*** Begin Patch\n*** Add File: {path}\n{plus}\n*** End Patch\n",
            f"{path}\n<<<<<<< SEARCH\n=======\n{text}>>>>>>> REPLACE\n",
        )
    )
    return good(base, reply, expected={path: text})


def part_of_line(base: Base, _: Sequence[Source], chance: random.Random) -> Case | None:
    """JSON objects that quote a part of a line."""
    if base.last != base.first + 1 or len(base.new) != 1:
        return None
    old, new = base.source.lines[base.first].strip(), base.new[0].strip()
    start = next((at for at in range(len(old)) if old[at] == " "), 0)
    part, wanted = old[start:].strip(), new[start:].strip()
    text = lines_text(base.source.lines)
    if text.count(part) != 1 or len(part) < 8 or part == wanted or old[: start + 1] != new[: start + 1]:
        return None
    return good(base, json_edit(base.source.path, [part], [wanted], chance))


OPERATORS: tuple[Make, ...] = (
    numbers_off, numbers_missing, blanks_unmarked, renamed, crlf_file, crlf_reply, byte_order_mark,
    no_last_end, mixed_ends, marks, fences, paths, several_files, edit_of_edit, already, whole_file,
    whole_file_elided, new_file, part_of_line,
)  # fmt: skip
