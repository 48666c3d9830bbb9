"""The part of the command line's table that is about learning."""

from __future__ import annotations

from tui.option import COMMON, FORMAT, HELP, Command, Option

SHOWN = (FORMAT, *COMMON)
"""How it is shown, and where; the rest of the options are the command's own."""
RL_COMMANDS = (
    Command(("rl", "install"), "install what offline learning needs", (HELP,)),
    Command(
        ("rl", "config"),
        "write the configuration of learning, with every key and its default (rl config init)",
        (
            Option(("--out",), "the file (.dspy_rl.json)", "FILE", complete="file"),
            Option(("--force",), "replace a file that is there"),
            *SHOWN,
        ),
        positional="WORD",
        choices=("init",),
    ),
    Command(
        ("rl", "train"),
        "train an order of the checks on bugs planted into a copy, and improve the skills' prompts; typing it"
        " is the permission to run the checks, and to call the model for the prompts (at most 600 times, with"
        " 2,000,000 tokens)",
        (
            Option(("--steps",), "train for so many steps (300)", "N"),
            Option(("--n-envs",), "environments side by side (else as configured)", "N"),
            Option(("--lr",), "the learning rate (5e-4)", "X"),
            Option(("--entropy",), "the weight of the entropy (0.02)", "X"),
            Option(("--seed",), "of all that is drawn (0)", "N"),
            Option(("--changes",), "record so many planted bugs (else as many as fit the steps)", "N"),
            Option(("--skip-gepa",), "leave the skills' prompts alone, and call no model"),
            Option(("--resume",), "go on with the training that was interrupted"),
            *SHOWN,
        ),
    ),
    Command(("rl", "status"), "what was learnt and trained, and what is in use", SHOWN),
    Command(
        ("rl", "evaluate"), "what suggestions, and the trained policy, are worth against simple rules", SHOWN
    ),
    Command(("rl", "freeze"), "stop learning which tool to suggest; what happens is still recorded", SHOWN),
    Command(("rl", "thaw"), "go on learning", SHOWN),
    Command(("rl", "reset"), "forget what suggestions learnt; a backup is kept", SHOWN),
    Command(
        ("rl", "export"),
        "copy the recorded events into a file",
        (Option(("--force",), "replace a file that is there"), *SHOWN),
        positional="FILE",
        complete="file",
    ),
    Command(("rl", "promote"), "use a trained policy", SHOWN, positional="NUMBER"),
    Command(("rl", "rollback"), "use the policy before, or the usual order", SHOWN),
)
