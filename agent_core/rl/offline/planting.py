"""Changes to learn from: bugs planted into the workspace's own sources, one each."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import blake2b

import msgspec

from agent_core.changes.model import FileChange
from agent_core.code.roles import role
from agent_core.files import read_bounded
from agent_core.rl.offline.changes import Changed
from agent_core.rl.offline.mutations import KINDS, Mutation, MutationKind, mutated, mutations_of
from agent_core.workspace import Workspace

_LARGEST = 512 * 1024
_MOST_FILES = 2_000
_BUILD = frozenset(("setup.py", "noxfile.py", "conf.py", "tasks.py"))
_ASIDE = frozenset(("docs", "doc", "examples", "example", "samples", "demo"))
_MOST_OF_A_KIND = 60
"""So many edits of one kind of a file are drawn from."""


class Bug(msgspec.Struct, frozen=True, kw_only=True):
    """A bug in one file: the text as it is, and the edit. `id` is the same wherever both are."""

    path: str
    source: str
    mutation: Mutation
    id: str

    @property
    def changed(self) -> Changed:
        """The file before and after."""
        return Changed(self.path, self.source, mutated(self.source, self.mutation))

    @property
    def change(self) -> FileChange:
        """The same as an edit is written."""
        after = mutated(self.source, self.mutation).encode()
        return FileChange(path=self.path, before=self.source.encode(), after=after)


def plant(workspace: Workspace, count: int, *, seed: int = 0) -> tuple[Bug, ...]:
    """Bugs for a workspace, the same for the same sources and seed.

    They are spread over the kinds of mutations and, within a kind, over the files; what is asked for more
    comes after what is asked for less, so that a longer training sees what a shorter one saw. Tests are left
    alone, and so is what no linter and no test can be blamed for: text that differs in nothing that runs.

    Args:
        workspace: Whose sources.
        count: How many at most.
        seed: Of the draw.
    """
    drawn = random.Random(seed)
    by_kind: dict[MutationKind, list[Iterator[Bug]]] = defaultdict(list)
    for path, source in sources(workspace):
        found: dict[MutationKind, list[Mutation]] = defaultdict(list)
        for mutation in mutations_of(source):
            found[mutation.kind].append(mutation)
        for kind, mutations in found.items():
            some = drawn.sample(mutations, min(len(mutations), _MOST_OF_A_KIND))
            by_kind[kind].append(_bugs(path, source, some))
    for files in by_kind.values():
        drawn.shuffle(files)
    kinds = [_in_turn(by_kind[kind]) for kind in KINDS if by_kind[kind]]
    bugs = _in_turn(kinds)
    return tuple(bug for bug, _ in zip(bugs, range(count), strict=False))


def sources(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """The Python sources that are no tests and not ignored, by path."""
    paths = sorted(path for path in workspace.walk() if path.endswith(".py") and role(path) == "source")
    for path in list(filter(_is_run, paths))[:_MOST_FILES]:
        try:
            content = read_bounded(workspace.root / path, _LARGEST + 1, follow=False)
            if len(content) <= _LARGEST:
                yield path, content.decode()
        except (OSError, ValueError):  # gone, a link, or not UTF-8
            continue


def _is_run(path: str) -> bool:
    """Whether it belongs to the program itself: no check runs what builds it, or shows how it is used."""
    return path.rpartition("/")[2] not in _BUILD and _ASIDE.isdisjoint(path.split("/")[:-1])


def _bugs(path: str, source: str, mutations: Sequence[Mutation]) -> Iterator[Bug]:
    for mutation in mutations:
        bug = Bug(path=path, source=source, mutation=mutation, id="")
        after = bug.changed.after or ""
        digest = blake2b(f"{path}\0{source}\0{after}".encode(), digest_size=10).hexdigest()
        yield msgspec.structs.replace(bug, id=digest)


def _in_turn(several: Sequence[Iterator[Bug]]) -> Iterator[Bug]:
    """One of each as long as there are any."""
    waiting = list(several)
    while waiting:
        left: list[Iterator[Bug]] = []
        for each in waiting:
            if (bug := next(each, None)) is not None:
                yield bug
                left.append(each)
        waiting = left
