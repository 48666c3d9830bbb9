"""What the words of a message say: that something broke, or that something is not as it was.

General language, no message in particular: weak hints, which only tell rare messages apart.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from agent_core.logs.events.proportions import out_of_proportion

CAUSE = 0.8
"""From this on `broken` has found words that name a cause."""
_FAULT = 0.6
_REMEMBERED = 8192
_WORD = re.compile(r"[a-z](?:[a-z]|['-](?=[a-z]))*")


def _stems(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _pairs(text: str) -> frozenset[str]:
    return frozenset(pair.strip() for pair in re.split(r"[/\n]", text))


_CAUSES = _stems(
    """exhaust starv overflow underflow deadlock livelock corrupt truncat inconsisten mismatch checksum
    panic segfault segmentation killed sigkill sigsegv sigabrt sigbus crash hung stuck expire revoke
    untrusted unauthori forbid denied refuse reject certificate handshake readonly read-only quorum
    lost duplicate unreachable unavailable unresponsive unhealthy back-off evict throttl degrad
    failover violat illegal tamper leak wraparound orphan zombie stale missing exceed oom split-brain"""
)
_CAUSE_PAIRS = _pairs(
    """out of/no space/too many/disk full/is full/queue full/split brain/data loss/core dump/core dumped
    not responding/not reachable/not available/not ready/not primary/not found/circuit breaker
    fail fast/failing fast/limit reached/limit hit/threshold reached/quota reached/bad block
    bad sector/bad magic/double free/read only/back off"""
)
_FAULTS = _stems(
    """error fail fatal critical severe emergency exception abort unable cannot can't couldn't won't
    invalid unexpected unknown warn timeout disconnect closed reset down alarm alert broken bad"""
)
_FAULT_PAIRS = frozenset(("timed out", "time out", "could not", "did not", "does not", "can not", "will not"))
_MOVES = frozenset(
    _stems("""changed changes switched switching moved moving migrated migrating scaled resized renamed
    rerouted promoted demoted downgraded upgraded went fell rose grew shrank dropped jumped stepped raised
    lowered increased decreased reduced set rotated rotating points""")
)
_WAYS = frozenset(_stems("from to by into over below above"))
_CHANGES = _stems(
    """became becoming elected election leader follower standby takeover failback fallback rollback
    rolled revert overrid disabl deactivat suspend paus skipp ignor abandon postpon restart respawn
    reload remount resync rebuild exited cordon drain preempt gone joined maintenance backward drift
    skew clock outdated lag backlog previous empty stall blocked waiting held wait"""
)
_CHANGE_PAIRS = _pairs(
    """turned on/turned off/switched on/switched off
    no longer/instead of/used to/is now/are now/now at/falling back/fell back/rolled back/rolling back
    gave up/giving up/still active/still running/safe mode/left the/not expected/handed over
    taken over/taking over"""
)


@lru_cache(maxsize=_REMEMBERED)
def broken(text: str) -> float:
    """How much a message speaks of a fault: 0, .6 for its general words, to 1 for words that name a cause."""
    words = _WORD.findall(text.lower())
    pairs = {f"{one} {two}" for one, two in pairwise(words)}
    causes = len({word for word in words if word.startswith(_CAUSES)}) + len(pairs & _CAUSE_PAIRS)
    if causes:
        return min(1.0, CAUSE + 0.1 * (causes - 1))
    general = any(word.startswith(_FAULTS) for word in words) or not pairs.isdisjoint(_FAULT_PAIRS)
    return _FAULT if general else 0.0


@lru_cache(maxsize=_REMEMBERED)
def changed(text: str) -> float:
    """How much a message speaks of a change of state, or of a number that is out of proportion; 0 to 1."""
    words = _WORD.findall(text.lower())
    pairs = {f"{one} {two}" for one, two in pairwise(words)}
    hints = len({word for word in words if word.startswith(_CHANGES)}) + len(pairs & _CHANGE_PAIRS)
    hints += _tells_a_move(words) + ("->" in text or "=>" in text or "(was " in text)
    return min(1.0, min(0.7, 0.35 * hints) + 0.5 * out_of_proportion(text))


def _tells_a_move(words: list[str]) -> bool:
    """Whether it says that something went from somewhere, or to somewhere else."""
    at = next((place for place, word in enumerate(words) if word in _MOVES), -1)
    return at >= 0 and not _WAYS.isdisjoint(words[at + 1 : at + 8])
