"""Learning which tool to suggest: what the rest of the program knows of it.

A *decision* is an ordered list of suggestions that was made in a situation. What people do with it becomes
*parts* of a reward, and once nothing more is to be expected the decision is *scored*, exactly once. The
policy learns from scores; it only ever orders suggestions and never runs anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, Protocol

import msgspec

SAFE_TOOLS = (
    "ctx",
    "codectx",
    "grep",
    "esearch",
    "plan",
    "tree",
    "ls",
    "index",
    "emb-index",
    "intel",
    "vretr",
)
"""The tools that may be suggested, in the order of the static rules: the order without any evidence."""

NO_EVIDENCE = "no evidence yet"
"""What a list rests on before anything was scored."""

Surface = Literal["pane", "turn"]
"""Where a decision is shown: in the list of what could be next, or as a line before the agent acts."""

Part = Literal["accepted", "used", "opened", "cited", "verified", "dismissed"]
"""What somebody did with a suggestion.

accepted: it was run from the list; used: a person ran the same tool without taking it from the list; opened:
a place that it had found was opened; cited: an answer cited such a place; verified: a change of such a file
passed its checks; dismissed: it was taken off the list.
"""

Status = Literal["accepted", "used", "dismissed", "ignored"]
"""What became of a decision: one of its suggestions was accepted; one was of use without that; one was
dismissed and none of use; nothing of it was."""

PARTS: Mapping[Part, float] = {
    "accepted": 0.2,
    "used": 0.1,
    "opened": 0.3,
    "cited": 0.3,
    "verified": 0.4,
    "dismissed": -0.3,
}
"""What each part adds to the reward of a suggestion; the sum is kept within `LOWEST` and `HIGHEST`."""
LOWEST, HIGHEST = -0.3, 1.0


def reward(parts: Mapping[Part, float]) -> float:
    """The reward of one suggestion: the weighted sum of its parts, each counted once, within the bounds."""
    total = sum(PARTS[part] * min(1.0, times) for part, times in parts.items())
    return min(HIGHEST, max(LOWEST, total))


class Reason(msgspec.Struct, frozen=True):
    """A feature that spoke for (or, below 0, against) a suggestion: its name, its words, its share of the
    expected reward."""

    feature: str
    text: str
    weight: float


class Suggestion(msgspec.Struct, frozen=True):
    """A proposed command.

    `probability` is that of being put first in this situation; `value` the expected reward; `reasons` the
    features behind it, the weightiest first. All three are empty while nothing was learnt. `trial` says that
    it stands first to learn more of it: others are more likely to.
    """

    tool: str
    command: str
    why: str
    probability: float | None = None
    value: float | None = None
    reasons: tuple[Reason, ...] = ()
    trial: bool = False


class Waiting(msgspec.Struct, frozen=True):
    """A heavy tool that is not proposed until its cooldown is over."""

    tool: str
    seconds: float


class ToolRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one tool: how often it was first, observed, and each part; its mean reward."""

    tool: str
    first: int = 0
    observed: int = 0
    mean: float | None = None
    parts: dict[Part, int] = {}


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that was scored: when (seconds since 1970), what was first with which propensity and what
    became of it; `reward` is that of the first."""

    id: str
    at: float
    surface: Surface
    policy: str
    first: str
    propensity: float
    status: Status
    reward: float
    parts: dict[str, dict[Part, float]] = {}
    """By tool."""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """How learning stands in this workspace.

    `decisions` were shown, `scores` scored; `broken` lines of the event log could not be read, `duplicates`
    came twice and were left out. `trouble` says why nothing is kept, "" when all is well. `recent` are the
    last decisions, newest first; `rewards` the rewards of the first suggestions over time, oldest first, as
    (seconds since 1970, reward).
    """

    policy: str
    frozen: bool = False
    decisions: int = 0
    scores: int = 0
    resets: int = 0
    broken: int = 0
    duplicates: int = 0
    trouble: str = ""
    state_file: str = ""
    events_file: str = ""
    tools: tuple[ToolRecord, ...] = ()
    recent: tuple[Scored, ...] = ()
    rewards: tuple[tuple[float, float], ...] = ()


Method = Literal["snips", "dr", "mean"]
"""How a value is estimated: by self-normalised weights, doubly robust, or the mean of what was got."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """The value of a policy (mean reward of its first suggestion), estimated from the log.

    `low` and `high` bound the 95 % interval; `ess` is the effective sample size of its weights. Where
    `enough` is False, value and interval are None: not enough evidence.
    """

    policy: str
    method: Method
    ess: float
    enough: bool
    value: float | None = None
    low: float | None = None
    high: float | None = None


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """The policy against its baselines on the decisions of the log.

    `left_out` counts scores that are broken or came twice. `estimates` hold, for the learned policy and for
    each baseline (most used, rules, uniform), one by each method, and what the lists got as they were shown.
    `verdict` says in words what that comes to. `beats` names the baselines that the learned policy is better
    than, with the interval of the difference above 0; `beaten_by` those that are better, with it below 0.
    """

    decisions: int
    left_out: int = 0
    since: float | None = None
    until: float | None = None
    estimates: tuple[Estimate, ...] = ()
    beats: tuple[str, ...] = ()
    beaten_by: tuple[str, ...] = ()
    verdict: str = ""


class Learning(Protocol):
    """What the screen, the commands and a headless run ask for. Everything belongs to one event loop."""

    def propose(self) -> None:
        """Rank anew for the situation as it is; publishes `SuggestionsRanked`."""
        ...

    def shown(self, decision: str) -> None:
        """The list of this decision is on the screen: only then can it be ignored."""
        ...

    def hidden(self) -> None:
        """No list is on the screen any more."""
        ...

    def accept(self, decision: str, position: int) -> str | None:
        """The n-th suggestion (from 1) was taken: the command to run; None when it is not there any more."""
        ...

    def dismiss(self, decision: str, position: int) -> None:
        """The n-th suggestion is not wanted now; the rest is shown without it."""
        ...

    async def overview(self) -> Overview:
        """How learning stands."""
        ...

    async def evaluate(self) -> Evaluation:
        """Estimate the value of the policy and its baselines from the log."""
        ...

    async def freeze(self, frozen: bool) -> None:
        """Stop learning, or go on. What happens meanwhile is recorded and never learnt."""
        ...

    async def reset(self) -> Path:
        """Forget what was learnt; returns the backup of the state."""
        ...

    def listen(self, take: Callable[[bytes], None]) -> None:
        """Have every record of this program's own handed over as its line, once it is written."""
        ...

    async def export(self, path: str, *, replace: bool = False) -> Path:
        """Write the recorded events of all files, oldest first, as JSON lines to a path in the workspace.

        A file that is there is refused unless it may be replaced.
        """
        ...
