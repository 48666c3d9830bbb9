"""Topics as people name them: by their names, and by patterns such as `logs.raw.*`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate

from agent_core.errors import NoTopic, UsageError
from agent_core.text import one_line, shorten

_FITTING = re.compile(r"[a-zA-Z0-9._*?\[\]!-]{1,249}")
_SHOWN = 20


class Topics:
    """Those that were asked for; all but the bus's own where none was named.

    Args:
        named: Names and patterns.

    Raises:
        UsageError: One of them can be no topic's.
    """

    def __init__(self, named: Sequence[str]) -> None:
        for each in named:
            if not _FITTING.fullmatch(each):
                raise UsageError(
                    f"{shorten(one_line(each), 60)!r} can be no topic",
                    hint="Topics have letters, digits, dots, - and _; * and ? stand for others.",
                )
        self.exact = frozenset(each for each in named if not re.search(r"[*?\[]", each))
        self._patterns = [re.compile(translate(each)) for each in named if each not in self.exact]
        self._all = not named

    def __contains__(self, name: str) -> bool:
        own = name.startswith("__")
        if name in self.exact:
            return True
        return (self._all and not own) or any(
            pattern.match(name) and own == pattern.pattern.startswith("(?s:__") for pattern in self._patterns
        )

    @property
    def patterns(self) -> list[str]:
        """Regular expressions of what was named."""
        return [
            *(re.escape(name) + r"\Z" for name in sorted(self.exact)),
            *(each.pattern for each in self._patterns),
        ]

    def of(self, there: Iterable[str]) -> list[str]:
        """Those that are there, sorted; raises `NoTopic` where one that was named is not."""
        names = sorted(there)
        if missing := sorted(self.exact - set(names)):
            others = ", ".join(name for name in names[:_SHOWN] if not name.startswith("__"))
            raise NoTopic(
                f"There is no topic {missing[0]}",
                hint=f"There are {others}." if others else "There is none yet.",
            )
        return [name for name in names if name in self]
