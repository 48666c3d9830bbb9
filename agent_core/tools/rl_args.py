"""The arguments of `rl`, as they are typed."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from agent_core.rl.config import CONFIG_FILE

What = Literal[
    "status",
    "evaluate",
    "freeze",
    "thaw",
    "reset",
    "export",
    "train",
    "stop",
    "config",
    "promote",
    "rollback",
]


class RlArgs(msgspec.Struct, frozen=True):
    """Arguments of `rl`."""

    what: Annotated[
        What,
        msgspec.Meta(
            description="Show what was learnt, estimate what it is worth against simple rules, stop learning,"
            " go on, forget it all (a backup is kept), copy the recorded events; train offline, stop the"
            " training, write the configuration (`config init`), use a trained policy, or the one before."
        ),
    ] = "status"
    path: Annotated[
        str,
        msgspec.Meta(
            description="The file that `export` writes; `init` after `config`; the policy to `promote`.",
            extra={"path": True},
        ),
    ] = ""
    force: Annotated[bool, msgspec.Meta(description="Let a file be replaced that is there.")] = False
    out: Annotated[
        str,
        msgspec.Meta(
            description="The file that `config init` writes.", extra={"flag": "--out", "metavar": "F"}
        ),
    ] = CONFIG_FILE
    steps: Annotated[
        int, msgspec.Meta(description="Train for so many steps.", extra={"flag": "--steps", "metavar": "N"})
    ] = 300
    n_envs: Annotated[
        int,
        msgspec.Meta(
            description="Step so many environments side by side; else as configured.",
            extra={"flag": "--n-envs", "metavar": "N"},
        ),
    ] = 0
    lr: Annotated[
        float, msgspec.Meta(description="The learning rate.", extra={"flag": "--lr", "metavar": "X"})
    ] = 5e-4
    entropy: Annotated[
        float,
        msgspec.Meta(description="The weight of the entropy.", extra={"flag": "--entropy", "metavar": "X"}),
    ] = 0.02
    seed: Annotated[
        int, msgspec.Meta(description="Of all that is drawn.", extra={"flag": "--seed", "metavar": "N"})
    ] = 0
    changes: Annotated[
        int,
        msgspec.Meta(
            description="Record so many planted bugs; 0: as many as fit the steps.",
            extra={"flag": "--changes", "metavar": "N"},
        ),
    ] = 0
    skip_gepa: Annotated[
        bool,
        msgspec.Meta(
            description="Leave the skills' prompts alone, and call no model.", extra={"flag": "--skip-gepa"}
        ),
    ] = False
    resume: Annotated[
        bool,
        msgspec.Meta(description="Go on with the training that was interrupted.", extra={"flag": "--resume"}),
    ] = False
