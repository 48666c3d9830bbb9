"""Levels from words, letters, numbers and signs, many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent_core.logs.formats.text import pack
from agent_core.logs.levels import BY_PRIORITY, LETTERS, WORDS, Level

_PACKED = sorted({pack(word): int(level) for word, level in {**WORDS, **LETTERS}.items()}.items())
_KEYS = np.array([key for key, _ in _PACKED], dtype=np.uint64)
_VALUES = np.array([level for _, level in _PACKED], dtype=np.int8)
_PRIORITIES = np.array(BY_PRIORITY, dtype=np.int8)


def of_words(words: NDArray[np.uint64]) -> NDArray[np.int8]:
    """The levels of words, letters or signs as `Text.words` gives them; UNKNOWN for others."""
    at = np.searchsorted(_KEYS, words)
    at[at == len(_KEYS)] = 0
    return np.where(_KEYS[at] == words, _VALUES[at], 0).astype(np.int8)


def of_priorities(priority: NDArray[np.int64]) -> NDArray[np.int8]:
    """The levels of syslog priorities, whose lowest three bits are the severity."""
    return _PRIORITIES[priority & 7]


def of_status(status: NDArray[np.int64]) -> NDArray[np.int8]:
    """The levels of HTTP status codes: 5xx is the server's error, 4xx a client's, and so a warning."""
    return np.select([status >= 500, status >= 400], [Level.ERROR, Level.WARN], Level.INFO).astype(np.int8)
