"""The subcommands `auth …` of the command line."""

from __future__ import annotations

from tui.option import COMMON, FORMAT, Command

AUTH_COMMANDS = (
    Command(
        ("auth", "login"),
        "keep an endpoint's key in the system's keyring; it is asked for, or read from standard input",
        (FORMAT, *COMMON),
        positional="ENDPOINT",
        optional=True,
    ),
    Command(("auth", "list"), "where the key of each endpoint comes from", (FORMAT, *COMMON)),
    Command(
        ("auth", "test"),
        "ask the endpoint for its models with the key that it would get",
        (FORMAT, *COMMON),
        positional="ENDPOINT",
        optional=True,
    ),
    Command(
        ("auth", "remove"),
        "remove an endpoint's key from the keyring",
        (FORMAT, *COMMON),
        positional="ENDPOINT",
        optional=True,
    ),
)
