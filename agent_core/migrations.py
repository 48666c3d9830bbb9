"""Versions of what is kept on disk: how an older file becomes one of this version, and what a newer one gets.

A JSON file of state says its version in `schema`; one that says none is of version 1, as files were before
they said it. An older one is taken over in memory, and replaced when the program next writes it, with a copy
of what it was beside it. A newer one is left as it is: nothing is taken from it or written in its place.
`docs/state.md` lists the kinds, and what becomes of each; `tests/fixtures/state/` has files of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from agent_core.errors import AgentError

T = TypeVar("T")
UPDATE = "Update dspy-tui, or move the file away to begin anew."


class NewerState(AgentError):
    """A file was written by a newer version of the program."""

    code = "newer-state"

    def __init__(self, name: str, version: int) -> None:
        super().__init__(
            f"{name} was written by a newer version of dspy-tui (schema {version}); it is left alone",
            hint=UPDATE,
        )


class Format(Generic[T]):
    """A kind of JSON state file.

    Args:
        kind: What the file of this version holds; its `schema` is what it is written with.
        version: Which one that is.
        steps: By version, what makes a file of the next one of it, as plain values.
    """

    def __init__(
        self, kind: type[T], *, version: int = 1, steps: Mapping[int, Callable[[Any], Any]] | None = None
    ) -> None:
        self.kind, self.version, self.steps = kind, version, steps or {}

    def decode(self, content: bytes, *, name: str) -> T:
        """The value of a file.

        Args:
            content: What it holds.
            name: What it is called.

        Raises:
            NewerState: It is of a newer version.
            ValueError: It is broken.
        """
        found = self.check(content, name=name)
        if found == self.version:
            return msgspec.json.decode(content, type=self.kind)
        plain: Any = msgspec.json.decode(content)
        try:
            for version in range(found, self.version):
                plain = self.steps[version](plain)
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"it is not of version {found}, as it says ({error!r})") from error
        return msgspec.json.decode(msgspec.json.encode(plain), type=self.kind)

    def check(self, content: bytes, *, name: str) -> int:
        """The version of a file; raises `NewerState`."""
        found = version_of(content)
        if found > self.version:
            raise NewerState(name, found)
        return found


def version_of(content: bytes) -> int:
    """What a JSON object says of its version; 1 where it says nothing, or is none."""
    try:
        version = _said.decode(content).schema
    except (ValueError, RecursionError):
        return 1
    return version if isinstance(version, int) and not isinstance(version, bool) and version > 0 else 1


class _Said(msgspec.Struct):
    schema: Any = 1


_said = msgspec.json.Decoder(_Said)
