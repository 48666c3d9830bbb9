"""What a bug report needs, in one archive, without secrets."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from agent_core import __version__
from agent_core.config import Config, rows
from agent_core.doctor.check import Check
from agent_core.files import NotRegularError, read_bounded
from agent_core.log import log_files
from agent_core.masking import masker
from agent_core.workspace import Workspace

_LIBRARIES = ("textual", "rich", "msgspec", "dspy", "ollama", "openai", "watchfiles", "pathspec", "lancedb")
_LOG_LIMIT = 2 * 1024 * 1024


def write_bundle(
    *,
    config: Config,
    checks: Iterable[Check],
    workspace: Workspace | None,
    folder: Path,
    env: Mapping[str, str] | None = None,
) -> Path:
    """Pack versions, checks, settings and the own log into `folder` and return the archive.

    No source text and no values of environment variables; what looks like a secret is masked, and the home
    folder's name too. It imports and reads for a while: call it from a thread. Raises OSError.
    """
    import zipfile

    mask = masker(config.settings)
    home = str(Path.home())

    def clean(text: str) -> str:
        text = mask(text)
        return text.replace(home, "~") if len(home) > 1 else text

    files = {
        "about.json": _json(_about(workspace, os.environ if env is None else env)),
        "checks.json": _json([msgspec.to_builtins(check) for check in checks]),
        "settings.json": _json({"settings": rows(config), "warnings": config.warnings}),
    }
    for path in log_files(workspace) if workspace else []:
        with suppress(NotRegularError, FileNotFoundError):
            content = read_bounded(path, _LOG_LIMIT, follow=False)
            files[f"logs/{path.name}"] = content.decode("utf-8", "replace")
    target = folder / f"dspy-tui-report-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.zip"
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, clean(text))
    return target


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _about(workspace: Workspace | None, env: Mapping[str, str]) -> dict[str, Any]:
    return {
        "version": __version__,
        "python": sys.version,
        "platform": platform.platform(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "workspace": str(workspace.root) if workspace else None,
        "environment": sorted(name for name in env if name.isidentifier()),
        "terminal": {name: env.get(name, "") for name in ("TERM", "COLORTERM", "LANG", "LC_ALL", "NO_COLOR")},
    }


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
