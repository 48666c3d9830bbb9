"""The environment that checks run in: as the user's own, and quiet."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

_QUIET = {
    "TERM": "dumb",
    "NO_COLOR": "1",
    "CARGO_TERM_COLOR": "never",
    "PY_COLORS": "0",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "PYTHONUNBUFFERED": "1",
    "NPM_CONFIG_UPDATE_NOTIFIER": "false",
    "NPM_CONFIG_FUND": "false",
    "NPM_CONFIG_AUDIT": "false",
    "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
    "LC_MESSAGES": "C",
    "LANGUAGE": "",
}
_LOUD = (
    "FORCE_COLOR",
    "CLICOLOR_FORCE",
    "CLICOLOR",
    "COLORTERM",
    "PYTEST_ADDOPTS",
    "PYTEST_CURRENT_TEST",
    "MAKEFLAGS",
    "MAKELEVEL",
    "MFLAGS",
)
_SECRET = re.compile(
    r"(?i)(?:^|_)(?:TOKEN|SECRETS?|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEY|ACCESS_KEY(?:_ID)?|PRIVATE_KEY|AUTH)(?:_|$)"
    r"|^(?:SSH_AUTH_SOCK|SSH_AGENT_PID|GPG_AGENT_INFO|DBUS_SESSION_BUS_ADDRESS|DOCKER_HOST|KUBECONFIG|XAUTHORITY"
    r"|XDG_RUNTIME_DIR|AWS_\w+|AZURE_\w+|GOOGLE_\w+|GITHUB_\w+|GITLAB_\w+|CI_JOB_\w+|DATABASE_URL)$"
)


def check_environment(
    env: Mapping[str, str], *, argv: tuple[str, ...], folder: Path, ecosystem: str, in_copy: bool
) -> dict[str, str]:
    """The environment of a check.

    Without colours, prompts and pagers. The programs of the environment that the check's own program lies in
    come first on PATH, as if that were active. Tools of node take `CI` as a word not to wait for changes of
    files; others change their output by it, so that they don't get it. In a copy Python keeps no compiled
    files: their time stamps cannot tell two versions of one second apart.
    """
    made = {name: value for name, value in env.items() if name not in _LOUD} | _QUIET
    program = Path(argv[0])
    if os.sep in argv[0] and program.name != argv[0]:
        own = (program if program.is_absolute() else folder / program).parent
        own = Path(os.path.normpath(own))
        made["PATH"] = f"{own}{os.pathsep}{made.get('PATH', os.defpath)}"
        if own.name in ("bin", "Scripts") and (own.parent / "pyvenv.cfg").is_file():
            made["VIRTUAL_ENV"] = str(own.parent)
    if ecosystem == "node":
        made["CI"] = "true"
    if in_copy:
        made["PYTHONDONTWRITEBYTECODE"] = "1"
        made.pop("PYTHONPYCACHEPREFIX", None)
    return made


def own_variables(own: Iterable[tuple[str, str]], of_copy: Mapping[str, str]) -> dict[str, str]:
    """What a check's own call sets; what leads Python to the copy comes after the places that it names."""
    env = dict(own)
    if "PYTHONPATH" in env and "PYTHONPATH" in of_copy:
        env["PYTHONPATH"] += os.pathsep + of_copy["PYTHONPATH"]
    return env


def without_own_secrets(env: Mapping[str, str]) -> dict[str, str]:
    """The environment without the variables that hold this program's own keys and passwords."""
    from agent_core.config_sources import fields

    own = {field.env for field in fields().values() if field.secret}
    return {name: value for name, value in env.items() if name not in own}


def without_secrets(env: Mapping[str, str]) -> dict[str, str]:
    """The environment without what names a secret, or the way to one (agents, sockets, cloud accounts)."""
    return {name: value for name, value in env.items() if _SECRET.search(name) is None}
