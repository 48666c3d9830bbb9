"""What a plugin implements, and everything that it may import of this program.

A plugin is an entry point of an installed distribution. Its group names the kind, its name is what people
type or set, its value a class (made without arguments) or an object:

    dspy_tui.tools          `Tool`        a command, for people, the agent and `--batch`
    dspy_tui.skills         `Skill`       what a model is asked, in place of the built-in skill of its name
    dspy_tui.verifiers      `Checks`      checks of a project: found, run, and read into places
    dspy_tui.embedders      `Embedder`    vectors for the index; `embedder = "plugin:NAME"` uses it
    dspy_tui.log_sources    `Logs`        logs from elsewhere; `NAME` or `NAME:LOG` reads them

Each may say `port_version`, the version of its port that it was written for; one that says nothing was
written for version 1. A port's version (`VERSIONS`) goes up when what worked with it does not any more. A
plugin is imported once it is needed, in ten seconds at most: import what is heavy when it is used.
Whatever it raises is told, and nothing else of the program ends with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from agent_core.errors import ErrorInfo, ToolError, UsageError
from agent_core.events import ActionClass, Hit
from agent_core.plugins.kinds import VERSIONS
from agent_core.plugins.log_port import LogPart, Logs
from agent_core.tools.base import Tool, ToolContext, ToolResult
from agent_core.verify.api import Finding, Verifier
from agent_core.verify.findings.model import Parsed, Raw, finding
from agent_core.verify.project import Project
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "VERSIONS",
    "ActionClass",
    "Checks",
    "Embedder",
    "ErrorInfo",
    "Finding",
    "Hit",
    "LogPart",
    "Logs",
    "Parsed",
    "Project",
    "Raw",
    "ReadsOutput",
    "Skill",
    "Tool",
    "ToolContext",
    "ToolError",
    "ToolResult",
    "UsageError",
    "Verifier",
    "Workspace",
    "finding",
]


class Skill(Protocol):
    """A `dspy.Module`; the entry point names its class, and its name the skill that it takes the place of.

    It must have the predictors of that one, by name, each with the same fields.
    """

    def named_predictors(self) -> Iterable[tuple[str, Any]]:
        """The predictors, as `dspy.Module` has them."""
        ...


class Checks(Protocol):
    """Checks that a project has."""

    summary: ClassVar[str]
    """What they are, in a line."""

    def find(self, project: Project) -> Iterable[Verifier]:
        """The checks of the workspace, as far as its files say; quick, runs nothing.

        What each runs asks as the built-in checks do, and runs where they run: when a model wrote some of it,
        in a copy, and without network where there is a sandbox. `ecosystem`, `origin`, `tool` are filled in.
        """
        ...


@runtime_checkable
class ReadsOutput(Protocol):
    """Checks whose output is not lines such as `PATH:LINE: MESSAGE`, which are read without this."""

    def read(self, raw: Raw) -> Parsed:
        """What a run found; `raw.places` makes paths of the workspace of those that a program names."""
        ...


class Embedder(Protocol):
    """Turns texts into vectors. It runs in a process of its own, which ends when nothing is asked of it."""

    summary: ClassVar[str]
    id: ClassVar[str]
    """Model and revision: vectors of two that differ in this are never compared."""
    dims: ClassVar[int]
    """The length of its vectors, from 1 to 8192."""
    recipient: ClassVar[str]
    """The host that texts are sent to, which is asked about; "" where none leaves this machine."""

    def embed(
        self, texts: Sequence[str], purpose: Literal["document", "query"]
    ) -> NDArray[np.float32] | Sequence[Sequence[float]]:
        """A vector for each text; they are brought to length 1. Up to 256 texts at a time, in 60 s."""
        ...


Ports = Mapping[str, type]
"""Ports by kind."""
PORTS: Ports = {
    "tools": Tool,
    "skills": Skill,
    "verifiers": Checks,
    "embedders": Embedder,
    "log_sources": Logs,
}
