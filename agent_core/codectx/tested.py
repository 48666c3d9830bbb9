"""Which tests belong to a file, by their names and by what they use."""

from __future__ import annotations

import re
from collections.abc import Iterable

from agent_core.code.roles import role

_AFFIXES = re.compile(r"^tests?[_-]|[_.-](?:tests?|spec|it)$|(?<=[a-z0-9])(?:Tests?|TestCase|Spec|IT)$")


def subject_of(path: str) -> str:
    """What the tests in a file are about by its name: `tests/test_retry.py` is about `retry`."""
    stem = path.rpartition("/")[2].partition(".")[0]
    suffix = path.rpartition("/")[2][len(stem) :].split(".")
    if len(suffix) > 2 and suffix[1] in ("test", "tests", "spec"):
        return stem.lower()
    return _AFFIXES.sub("", stem).lower()


class OwnTests:
    """The tests of a workspace.

    Args:
        paths: Its files.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_subject: dict[str, list[str]] = {}
        for path in paths:
            if role(path) == "test":
                self._by_subject.setdefault(subject_of(path), []).append(path)

    def __bool__(self) -> bool:
        return bool(self._by_subject)

    def of(self, path: str, users: Iterable[str] = ()) -> list[str]:
        """The tests of a file: those that bear its name, then those among its users."""
        stem = path.rpartition("/")[2].partition(".")[0].lower().strip("_")
        folder = path.rpartition("/")[0].rpartition("/")[2].lower()
        named = self._by_subject.get(stem, []) if stem not in _NAMELESS else self._by_subject.get(folder, [])
        using = [user for user in users if role(user) == "test"]
        return [test for test in dict.fromkeys((*named, *using)) if test != path]


_NAMELESS = frozenset(("init", "index", "main", "mod", "lib"))
"""Names that say nothing; the folder's does."""
