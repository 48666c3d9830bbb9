"""What running an action on a change came to, kept by content: what was run before is not run again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from agent_core.code.roles import role
from agent_core.files import append_line, keep_aside, load_state, read_bounded, write_atomic
from agent_core.logs.discover import families
from agent_core.rl.offline.actions import Action
from agent_core.verify.api import Report
from agent_core.verify.layout import layout_of
from agent_core.workspace import Workspace

OUTCOMES_FILE = "outcomes.jsonl"
_MOST_USUAL = 16
_LIMIT = 64 * 1024 * 1024
_BLOCK = 1 << 20
_CACHE = ".mypy_cache"
"""It comes along into copies, but only saves time."""
_OWN = ".dspy_rl"
"""What training itself writes at the root changes nothing of the project."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended.

    `found` says that it told something new and true of the change; `seconds` is what it took; `state` are how
    its checks ended, worst first. `passed` and `failed` count tests, `findings` what was new. `logs` is what
    the logs said when it was run, by feature; None where nobody asked them. `failing` are the tests that
    told it, where nothing else did.
    """

    key: str
    found: bool
    seconds: float
    state: str = ""
    passed: int = 0
    failed: int = 0
    findings: int = 0
    logs: dict[str, float] | None = None
    failing: tuple[str, ...] = ()


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """What an action says and takes without any change: `action` with those of its checks that can be used,
    and what they said. `unsteady` are the tests that passed and failed without any change; `faults` say why
    other checks cannot be used."""

    action: Action
    reports: tuple[Report, ...]
    seconds: float
    unsteady: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether all its checks can be used. What is not says nothing of later: the missing may be
        installed then."""
        return not self.faults and bool(self.action.verifiers)


class Outcomes:
    """Outcomes of a workspace, in a file to which lines are added.

    A line that was being written when the program died is left out; a file that has become too large is
    kept aside.

    Args:
        folder: Where the file lies.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / OUTCOMES_FILE
        self._known = {outcome.key: outcome for outcome in self._read()}

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def __getitem__(self, key: str) -> Outcome:
        return self._known[key]

    def put(self, outcome: Outcome) -> None:
        """Keep one; raises `OSError`."""
        self._known[outcome.key] = outcome
        append_line(self._path, msgspec.json.encode(outcome))

    def usual(self, key: str) -> Usual | None:
        """What was kept of an action on the unchanged workspace; None where a check could not be used."""
        kept, _ = load_state(self._path.with_name(f"usual-{key}.json"), Usual)
        return kept if kept is not None and kept.whole else None

    def put_usual(self, key: str, usual: Usual) -> None:
        """Keep it where it is whole, and let the oldest go; raises `OSError`."""
        if not usual.whole:
            return
        folder = self._path.parent
        write_atomic(folder / f"usual-{key}.json", msgspec.json.encode(usual))
        kept = sorted(folder.glob("usual-*.json"), key=lambda path: path.stat().st_mtime_ns)
        for path in kept[:-_MOST_USUAL]:
            path.unlink(missing_ok=True)

    def _read(self) -> Iterator[Outcome]:
        try:
            content = read_bounded(self._path, _LIMIT + 1)
        except FileNotFoundError:
            return
        if len(content) > _LIMIT:
            keep_aside(self._path)
        for line in content.split(b"\n"):
            try:
                yield msgspec.json.decode(line, type=Outcome)
            except (ValueError, RecursionError):
                continue


def fingerprint_of(workspace: Workspace) -> str:
    """What stands for the content of a workspace's files, but for its logs and caches; for a thread.

    A log grows while the program runs, and no check reads it, unless it lies among the tests.
    """
    digest = hashlib.blake2b(digest_size=16)
    logs = {log.path for family in families(workspace) for log in family.files if role(log.path) != "test"}
    for path, _ in sorted(layout_of(workspace).files, key=lambda each: each[0]):
        if path.startswith(_OWN) or path in logs or _CACHE in path.split("/"):
            continue
        digest.update(f"{path}\0".encode("utf-8", "surrogateescape"))
        try:
            with (workspace.root / path).open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
        except OSError:
            digest.update(b"unreadable")
        digest.update(b"\0")
    return digest.hexdigest()


def key_of(project: str, change: str, action: Action, *, timeout: float, as_edits: bool = False) -> str:
    """What an outcome hangs on: the project's content, the change ("" for none), what is run, and how."""
    how = ("as edits",) if as_edits else ()
    ran = msgspec.json.encode((project, change, action, timeout, *how))
    return hashlib.blake2b(ran, digest_size=16).hexdigest()
