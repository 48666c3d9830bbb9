"""From the path of a frame, as a container or a build has it, to the workspace's file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from agent_core.logs.traces.library import library_of

_SCHEME = re.compile(
    r"^(?:file://(?:localhost)?|webpack(?:-internal)?://[^/]{0,80}/|[a-z][a-z+.-]{1,20}://[^/]{1,200})"
)
_DRIVE = re.compile(r"^[A-Za-z]:/")
_QUERY = re.compile(r"[?#].{0,400}$")
_PACKAGE = re.compile(r"^package:[\w]{1,80}/")
_EVERYWHERE = frozenset(
    ("__init__.py", "__main__.py", "index.js", "index.ts", "index.tsx", "index.jsx", "index.mjs", "index.php",
     "main.go", "main.rs", "mod.rs", "lib.rs", "main.py", "main.c", "main.cpp", "utils.py", "setup.py")
)  # fmt: skip
"""Names that so many projects have that a name alone, in another folder, says nothing."""
_COMMON_FOLDERS = """
    app apps application usr local src src-gen source sources srv code codes workspace workspaces build
    builds built home opt var www html public task function go work project projects repo repos
    repository site sites tmp deploy deployed deployments release releases current dist out output target
    lib libs bin data mnt runner vsts ci agent jenkins users user documents dev git main test tests java
    kotlin scala php node python web server api service backend frontend internal pkg cmd util utils
    common core helpers models client packages modules inc include
"""
_COMMON = frozenset(_COMMON_FOLDERS.split())
"""Names of folders that so many machines and projects have that they say nothing."""
_OWNED = frozenset(("home", "users", "vsts", "repo", "repos"))
"""Folders in which one has somebody's name."""
_PACKAGED = (".java", ".kt", ".kts", ".scala", ".groovy", ".clj")
_ROOTS = frozenset(("java", "kotlin", "scala", "groovy", "clojure", "src", "main", "test", "app", "shared"))
"""Files that a frame names by their package, and folders in which packages begin."""
_MAX_PARTS = 60


class Paths:
    """Finds the workspace's file that a path in a trace means.

    A path under the prefix of a given map, or under the workspace's root, is mapped by it. Any other names
    the file with which it has the longest end in common, in whole folders, if no second file has as long a
    one, and if that end says enough: two names that few others have, or one where all else is what machines
    call their folders. What lies in a library is no file of the workspace unless a map says so. Rather no
    file than another project's.
    """

    def __init__(self, files: Iterable[str], *, maps: Sequence[str] = (), root: str = "") -> None:
        """Take in the workspace's files.

        Args:
            files: Paths from the root, posix.
            root: The workspace's root, as an absolute path; "" if unknown.
            maps: Pairs `PREFIX=WORKSPACE PREFIX`, such as `/srv/app=services/api`; an empty right side, or
                `.`, is the root. The longest prefix that fits is taken.
        """
        self._files = frozenset(files)
        self._by_name: dict[str, list[str]] = {}
        for path in self._files:
            self._by_name.setdefault(path[path.rfind("/") + 1 :], []).append(path)
        pairs = (pair.partition("=")[::2] for pair in maps if "=" in pair)
        cleaned = [(_clean(left).rstrip("/"), _folder(_clean(right))) for left, right in pairs]
        self._maps = sorted(cleaned, key=lambda pair: -len(pair[0]))
        self._root = _clean(root).rstrip("/")
        self._known: dict[str, str | None] = {}

    def find(self, path: str) -> str | None:
        """The workspace's file for the path of a frame, None where it is none of it, or not certainly one."""
        if path not in self._known:
            if len(self._known) > 50_000:
                self._known.clear()
            self._known[path] = self._find(path)
        return self._known[path]

    def _find(self, path: str) -> str | None:
        if not path or len(path) > 1000:
            return None
        cleaned = _clean(path)
        for prefix, target in self._maps:
            if cleaned == prefix or cleaned.startswith(f"{prefix}/"):
                mapped = "/".join(part for part in (target, cleaned[len(prefix) :].strip("/")) if part)
                return mapped if mapped in self._files else None
        if library_of(path) or library_of(cleaned):
            return None
        if self._root and cleaned.startswith(f"{self._root}/"):
            inside = cleaned[len(self._root) + 1 :]
            return inside if inside in self._files else None
        return cleaned if cleaned in self._files else self._by_end(cleaned)

    def _by_end(self, path: str) -> str | None:
        parts = [part for part in path.split("/") if part][-_MAX_PARTS:]
        if not parts or ".." in parts:
            return None
        best, longest, equal = "", 0, 0
        for candidate in self._by_name.get(parts[-1], ()):
            common = _common(parts, candidate.split("/"))
            if common > longest:
                best, longest, equal = candidate, common, 1
            else:
                equal += common == longest
        if equal != 1 or not self._says_enough(parts, best.split("/"), longest):
            return None
        return best

    def _says_enough(self, parts: Sequence[str], found: Sequence[str], common: int) -> bool:
        """Whether the end that a path has in common with a file tells that it means this one."""
        rest = _folders(parts, common)
        foreign = not all(map(self._is_common, rest))
        packaged = parts[-1].endswith(_PACKAGED) and common < len(parts)
        if foreign and packaged and not _starts_package(found, common):
            return False
        if common == 1 and parts[-1] in _EVERYWHERE and len(found) > 1:
            return False
        telling = parts[-1] not in _EVERYWHERE
        telling += sum(not self._is_common(part) for part in parts[len(parts) - common : -1])
        if telling >= 2:
            return True
        return not foreign or (telling == 1 and 1 < common == len(found))

    def _is_common(self, part: str) -> bool:
        """Whether the name of a folder says nothing: machines call theirs so, or it is the workspace's."""
        short = len(part) == 1 or part.isdigit()
        return short or part.lower() in _COMMON or part == self._root[self._root.rfind("/") + 1 :]


def _starts_package(found: Sequence[str], common: int) -> bool:
    """Whether a file's folders up to the end in common are those in which packages begin."""
    return common == len(found) or found[-common - 1] in _ROOTS


def _folders(parts: Sequence[str], common: int) -> list[str]:
    """The folders of a path before its end, but for those that have somebody's name."""
    before = ["", *parts[: len(parts) - common]]
    return [part for last, part in pairwise(before) if last.lower() not in _OWNED]


def _common(parts: Sequence[str], others: Sequence[str]) -> int:
    """How many folders, with the file's name, two paths have in common at their ends."""
    count = 0
    for one, other in zip(reversed(parts), reversed(others), strict=False):
        if one != other:
            break
        count += 1
    return count


def _folder(path: str) -> str:
    """A folder of the workspace as its files' paths begin; "" for the root."""
    path = path.strip("/")
    return "" if path == "." else path.removeprefix("./")


def _clean(path: str) -> str:
    """The path with forward slashes, without scheme, host, drive, query, and steps that lead nowhere."""
    path = _PACKAGE.sub("lib/", path.strip().replace("\\", "/"))
    path = _QUERY.sub("", _SCHEME.sub("", path)) if ":" in path or "?" in path else path
    path = _DRIVE.sub("/", path)
    while path.startswith("./"):
        path = path[2:]
    return path.replace("/./", "/")
