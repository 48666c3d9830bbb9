"""Which files of a workspace are ignored: `.gitignore` semantics, with pathspec translating the patterns.

Sources, later ones winning: `.git/info/exclude`, the `.gitignore` of the repository's top folder and of
every folder down to the file, and in each folder `.ignore` after `.gitignore` (as ripgrep has it). As in
git, nothing inside an ignored folder can be taken back. `.git`, `.dspy_tui` and the files of what was learnt
are always ignored.

pathspec matches one path against all patterns of a file in turn; a tree of 100,000 files would take
seconds. So its regular expressions are sorted here once per ignore file: plain names into sets, the others
into one alternation per run of patterns, each anchored to exactly one path because folders are judged on
the way down.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from agent_core.files import read_bounded

_ALWAYS = frozenset({".git", ".dspy_tui"})
_LEARNT = (".dspy_rl_", "..dspy_rl_")
"""How the names of state and events begin, and those of their unfinished copies."""
_NAMES = (".gitignore", ".ignore")
_LIMIT = 1 << 20
_MOST_ANY_DEPTH = 3
_CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z",
    "xdigit": "0-9a-fA-F", "blank": " \t", "space": " \t\r\v\f",
}  # fmt: skip
_CLASS = re.compile(rf"\[:({'|'.join(_CLASSES)}):\]")
_INNER = re.compile(r"(?<!\\)(\[\^?)\[")
_SPECIAL = re.compile(r"(?<!\\)[.^$*+?{}\[\]|()]|\\[a-zA-Z0-9]")


def is_own(name: str) -> bool:
    """Whether an entry is no part of the project: it is git's, or this program keeps it beside the files."""
    return name in _ALWAYS or name.startswith(_LEARNT)


class _Run:
    """Consecutive patterns of one sign, sorted by how they can be matched fastest."""

    def __init__(self, include: bool) -> None:
        self.include = include
        self.names: set[str] = set()
        self.folders: set[str] = set()
        self._by_name: list[str] = []
        self._by_path: list[str] = []
        self.name_regex: re.Pattern[str] | None = None
        self.path_regex: re.Pattern[str] | None = None

    def add(self, regex: str) -> None:
        """Take in one of pathspec's expressions."""
        body, folder_only = _anchor(regex)
        prefix = "^(?:.+/)?"
        rest = body.removeprefix(prefix)
        if rest == body or "/" in rest.replace("[^/]", ""):
            self._by_path.append(_bounded(body) + ("/" if folder_only else "/?"))
        elif _SPECIAL.search(rest) is None:
            (self.folders if folder_only else self.names).add(re.sub(r"\\(.)", r"\1", rest))
        else:
            self._by_name.append(_bounded(rest) + ("/" if folder_only else "/?"))

    def compile(self) -> None:
        """Call once after the last `add`."""
        if self._by_name:
            self.name_regex = re.compile(f"(?:{'|'.join(self._by_name)})\\Z", re.DOTALL)
        if self._by_path:
            self.path_regex = re.compile(f"(?:{'|'.join(self._by_path)})\\Z", re.DOTALL)

    def matches(self, name: str, path: str, is_dir: bool) -> bool:
        if name in self.names or (is_dir and name in self.folders):
            return True
        mark = "/" if is_dir else ""
        if self.name_regex is not None and self.name_regex.match(name + mark):
            return True
        return self.path_regex is not None and self.path_regex.match(path + mark) is not None


def _anchor(regex: str) -> tuple[str, bool]:
    """Make an expression of pathspec match exactly one path, not what lies under it.

    Returns the expression without its end, and whether it is for folders only.
    """
    for end, folder_only in ((r"(?:(?P<ps_d>/)|$)", False), (r"(?P<ps_d>/)", True)):
        if regex.endswith(end):
            return regex[: -len(end)] or "^.*", folder_only
    if regex == "/":  # "*/**": whatever lies in a folder
        return "^.+/[^/]+", False
    if regex.endswith("/"):  # "name/**": what is inside, not the folder itself
        return regex + ".+", False
    return "^.*", False


def _bounded(regex: str) -> str:
    """The same expression without runaway backtracking: within a segment only its last `*` may give back."""
    if regex.count("[^/]*") < 3:
        return regex
    first, *pieces = regex.split("[^/]*")
    out = [first]
    for index, piece in enumerate(pieces):
        ends_segment = index == len(pieces) - 1 or "/" in piece.replace("[^/]", "")
        out.append(f"[^/]*{piece}" if ends_segment else f"(?>[^/]*?{piece})")
    return "".join(out)


class PatternFile:
    """The compiled patterns of one ignore file."""

    def __init__(self, lines: Iterable[str]) -> None:
        from pathspec.patterns.gitignore.base import GitIgnorePatternError
        from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

        self._runs: list[_Run] = []
        for line in lines:
            if line.count("**") > _MOST_ANY_DEPTH:
                continue  # such a pattern could take for ever to match
            line = line.rstrip("\r")
            if line.endswith("/**/"):
                line += "*/"  # any folder inside; pathspec would take the outer one too
            line = _CLASS.sub(lambda match: _CLASSES[match[1]], line)  # pathspec knows none
            try:
                regex, include = GitIgnoreSpecPattern.pattern_to_regex(line)
            except GitIgnorePatternError:
                continue
            if regex is None or include is None:
                continue
            if not self._runs or self._runs[-1].include is not include:
                self._runs.append(_Run(include))
            self._runs[-1].add(_INNER.sub(r"\1\\[", regex))  # a bracket in brackets is one
        for run in self._runs:
            run.compile()
        self._runs.reverse()

    def verdict(self, name: str, path: str, is_dir: bool) -> bool | None:
        """True: ignored. False: taken back. None: not mentioned. `path` is relative to the file's folder."""
        for run in self._runs:
            if run.matches(name, path, is_dir):
                return run.include
        return None


@lru_cache(maxsize=512)
def _compiled(content: bytes) -> PatternFile:
    return PatternFile(content.decode("utf-8", "surrogateescape").removeprefix("\ufeff").split("\n"))


def _load(path: str) -> PatternFile | None:
    try:
        content = read_bounded(path, _LIMIT, follow=False)
    except (OSError, ValueError):
        return None
    return _compiled(content) if content.strip() else None


class FolderRules:
    """The rules that hold for the entries of one folder."""

    __slots__ = ("_chain", "folder")

    def __init__(self, folder: str, chain: tuple[tuple[str, PatternFile], ...]) -> None:
        self.folder = folder
        self._chain = chain
        """(path of the entry's folder seen from the ignore file's, its patterns), most important first."""

    def ignored(self, name: str, is_dir: bool) -> bool:
        """Whether the entry of this name is ignored."""
        if is_own(name):
            return True
        for prefix, patterns in self._chain:
            verdict = patterns.verdict(name, prefix + name, is_dir)
            if verdict is not None:
                return verdict
        return False

    def enter(self, name: str, present: Iterable[str] | None = None) -> FolderRules:
        """The rules inside the subfolder `name`; `present` are the names in it, if known."""
        folder = f"{self.folder}/{name}"
        chain = tuple((f"{prefix}{name}/", patterns) for prefix, patterns in self._chain)
        own = _own(folder, present)
        return FolderRules(folder, own + chain)


def _own(folder: str, present: Iterable[str] | None) -> tuple[tuple[str, PatternFile], ...]:
    names = _NAMES if present is None else tuple(name for name in _NAMES if name in present)
    loaded = (_load(f"{folder}/{name}") for name in reversed(names))
    return tuple(("", patterns) for patterns in loaded if patterns is not None)


class IgnoreRules:
    """The rules of one workspace as they are on disk now; make a new one to see later changes."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self._folders: dict[str, tuple[FolderRules, bool]] = {}

    def for_folder(self, path: str = ".") -> tuple[FolderRules, bool]:
        """The rules for a folder's entries, and whether that is ignored. `path` as in `ignored`."""
        known = self._folders.get(path)
        if known is None:
            if path in ("", "."):
                known = self._top(), False
            else:
                parent, _, name = path.rpartition("/")
                rules, ignored = self.for_folder(parent or ".")
                known = rules.enter(name), ignored or rules.ignored(name, True)
            self._folders[path] = known
        return known

    def ignored(self, path: str, is_dir: bool = False) -> bool:
        """Whether a path (relative to the root, posix) is ignored, or lies in a folder that is."""
        if path in ("", "."):
            return False
        parent, _, name = path.rpartition("/")
        rules, inside_ignored = self.for_folder(parent or ".")
        return inside_ignored or rules.ignored(name, is_dir)

    def _top(self) -> FolderRules:
        repository = repository_root(Path(self.root))
        if repository is None:
            return FolderRules(self.root, _own(self.root, None))
        top = str(repository)
        exclude = _load(f"{git_folder(repository)}/info/exclude")
        base = () if exclude is None else (("", exclude),)
        rules = FolderRules(top, _own(top, None) + base)
        for name in Path(self.root).relative_to(repository).parts:
            rules = rules.enter(name)
        return rules


def repository_root(folder: Path) -> Path | None:
    """The folder itself or the nearest one above it that holds a `.git`."""
    for candidate in (folder, *folder.parents):
        if os.path.lexists(candidate / ".git"):
            return candidate
    return None


def git_folder(repository: Path) -> Path:
    """Where a repository keeps what its work trees share; follows the `.git` file of work trees."""
    folder = repository / ".git"
    if folder.is_dir():
        return folder
    target = _first_line(folder)
    if not target.startswith("gitdir:"):
        return folder
    folder = repository / target.removeprefix("gitdir:").strip()
    return folder / _first_line(folder / "commondir")


def _first_line(path: Path) -> str:
    try:
        return os.fsdecode(read_bounded(path, 4096)).partition("\n")[0].strip()
    except (OSError, ValueError):
        return ""
