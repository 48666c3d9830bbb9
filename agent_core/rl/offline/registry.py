"""The trained policies of a workspace, on disk: versions, which one is in use, and the way back.

.dspy_tui/rl/policies/3/policy.npz      weights, as plain arrays
.dspy_tui/rl/policies/3/about.json      how they came about, and what they are worth
.dspy_tui/rl/policies/in-use.json       the version in use, and those before it
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent_core.errors import LearningFault, UsageError
from agent_core.files import load_state, read_bounded, update_state, write_atomic
from agent_core.migrations import Format, NewerState
from agent_core.rl.offline.comparing import LEAST, Comparison
from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.options import Options
from agent_core.rl.offline.progress import Point

if TYPE_CHECKING:
    from agent_core.rl.offline.network import Network

_POLICY, _ABOUT, _IN_USE = "policy.npz", "about.json", "in-use.json"
_MOST = 20
"""So many versions are kept, and the one in use."""
_MOST_BEFORE = 50


class About(msgspec.Struct, frozen=True, kw_only=True):
    """How a policy came about.

    Args:
        version: From 1.
        at: When it was trained, in seconds since 1970.
        actions: What it orders.
        config: How it was trained.
        options: How long, and how else.
        data: The fingerprint of what it was trained on, and how.
        project: The fingerprint of the workspace's content then.
        changes: How many changes were recorded.
        seconds: What training took, without recording.
        curve: The points at which it was looked.
        comparison: What it is worth on changes that it did not see.
        usual: The seconds that each action usually took.
        rates: How often each told something of the changes that it was trained on, as the policy sees it.
        logs: What the logs said when it began, by feature.
        logs_seen: The least and the most that they said meanwhile: all that it was trained to see of them.
        schema: The version of the file.
    """

    version: int
    at: float
    actions: tuple[str, ...]
    config: TrainingConfig
    options: Options
    data: str
    project: str
    changes: int
    seconds: float
    curve: tuple[Point, ...]
    comparison: Comparison
    usual: tuple[float, ...]
    rates: tuple[float, ...]
    logs: dict[str, float] = {}
    logs_seen: dict[str, tuple[float, float]] = {}
    schema: int = 1


_FORMAT = Format(About)


class _InUse(msgspec.Struct, frozen=True, kw_only=True):
    schema: int = 1
    version: int = 0
    before: tuple[int, ...] = ()


class Registry:
    """The policies of a workspace.

    Args:
        folder: Where they lie; it is made when the first comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> tuple[About, ...]:
        """Those that can be read, the newest first."""
        found = (self._about(number) for number in self._numbers())
        return tuple(each for each in found if each is not None)

    def add(self, policy: Path, about: About) -> About:
        """Keep a policy as the next version; the oldest go. Raises `OSError`."""
        numbers = self._numbers()
        number = max(numbers, default=0) + 1
        place = self._folder / str(number)
        place.mkdir(parents=True)
        shutil.copyfile(policy, place / _POLICY)
        about = msgspec.structs.replace(about, version=number)
        write_atomic(place / _ABOUT, msgspec.json.encode(about))
        used = self.in_use
        for old in numbers[_MOST - 1 :]:
            if used is None or old != used.version:
                shutil.rmtree(self._folder / str(old), ignore_errors=True)
        return about

    @property
    def in_use(self) -> About | None:
        """The policy in use; None without."""
        kept, _ = load_state(self._folder / _IN_USE, _InUse)
        return self._about(kept.version) if kept else None

    def promote(self, version: int) -> About:
        """Use a version from now on.

        Raises:
            UsageError: There is no such version.
            LearningFault: It did not prove to be better than the best fixed order.
        """
        about = self._about(version)
        if about is None:
            known = ", ".join(map(str, self._numbers())) or "none yet"
            raise UsageError(f"There is no policy {version}", hint=f"There are: {known}.")
        if about.comparison.verdict != "better":
            raise _refused(about)
        self._choose(lambda now: _now(now, version))
        return about

    def roll_back(self) -> int:
        """Use the last version before that is still there; the number, 0 for none.

        Raises:
            LearningFault: None is in use.
        """
        if not self.in_use:
            raise LearningFault("No trained policy is in use", hint="`rl status` shows what there is.")
        return self._choose(self._before).version

    def load(self, about: About) -> Network:
        """A policy; raises `LearningFault` where it cannot be read."""
        from agent_core.rl.offline.network import Network
        from agent_core.rl.offline.replay import observed

        path = self._folder / str(about.version) / _POLICY
        return Network.load(path, observed=observed(about.actions), actions=about.actions)

    def _before(self, now: _InUse) -> _InUse:
        there = [number for number in now.before if self._about(number) is not None]
        return _InUse(version=there[-1], before=tuple(there[:-1])) if there else _InUse()

    def _choose(self, change: Callable[[_InUse], _InUse]) -> _InUse:
        self._folder.mkdir(parents=True, exist_ok=True)
        chosen, _ = update_state(self._folder / _IN_USE, _InUse, lambda now: change(now or _InUse()))
        return chosen

    def _numbers(self) -> list[int]:
        try:
            names = [path.name for path in self._folder.iterdir()]
        except OSError:  # there is none yet, or what lies there is no folder that can be read
            return []
        return sorted((int(name) for name in names if name.isascii() and name.isdigit()), reverse=True)

    def _about(self, number: int) -> About | None:
        try:
            about = _FORMAT.decode(read_bounded(self._folder / str(number) / _ABOUT), name=_ABOUT)
        except (OSError, ValueError, RecursionError, NewerState):
            return None
        return msgspec.structs.replace(about, version=number)  # the folder's name is what is gone by


def _refused(about: About) -> LearningFault:
    said = f"Policy {about.version} is not used:"
    if about.comparison.verdict == "no better":
        return LearningFault(
            f"{said} it is no better than the best fixed order",
            hint="`rl status` shows the figures; `rl train` with more --steps makes another one.",
        )
    return LearningFault(
        f"{said} there is not enough evidence that it is of use",
        hint=f"`rl train` with more --changes records more bugs; {LEAST} are needed to compare by.",
    )


def _now(now: _InUse, version: int) -> _InUse:
    if now.version == version:
        return now
    before = (*now.before, now.version)[-_MOST_BEFORE:] if now.version else now.before
    return _InUse(version=version, before=before)
