"""Asking the engine something: one command, its whole answer, or the reason why there is none."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_core.capture import capture
from agent_core.errors import StackFault
from stack.engine.faults import fault_of
from stack.engine.values import Program

_ASK_S = 20.0
_MEMORY = 1024 * 1024 * 1024
"""Compose takes a twentieth of it; one that reads a file without an end would take all that there is."""
ASK_DOCTOR = "`stack doctor` checks the engine."


async def answer(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], patience: float = _ASK_S) -> str:
    """What a command of the engine's says; raises `StackFault` when it fails or takes too long (seconds)."""
    shown = shlex.join(argv)
    try:
        said = await capture(argv, cwd=cwd, env=env, timeout=patience, memory=_MEMORY)
    except TimeoutError:
        raise StackFault(f"`{shown}` did not answer within {patience:.0f} s", hint=ASK_DOCTOR) from None
    except OSError as error:
        raise cannot_run(argv[0], error) from None
    if said.code != 0:
        raise fault_of(said.err, shown)
    return said.out.decode("utf-8", "replace")


def cannot_run(program: str, error: OSError) -> StackFault:
    """The error for a program that cannot be started."""
    return StackFault(f"{program} cannot be run here ({error.strerror or error})", hint=ASK_DOCTOR)


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine beside its compose: `docker` or `podman`.

    Args:
        program: How compose is called.
        folder: Where commands run.
        env: Their environment.
    """

    program: Program
    folder: Path
    env: Mapping[str, str]

    @property
    def name(self) -> str:
        """The engine's own program."""
        return self.program.argv[0].removesuffix("-compose")

    def line(self, *words: str) -> str:
        """The command line, to be shown before it runs."""
        return shlex.join((self.name, *words))

    async def ask(self, *words: str, patience: float = _ASK_S) -> str:
        """What the command says; raises `StackFault`."""
        return await answer((self.name, *words), cwd=self.folder, env=self.env, patience=patience)
