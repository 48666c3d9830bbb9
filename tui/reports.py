"""`config show` and `doctor`, as text and as JSON."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from agent_core.batch_formats import to_json
from agent_core.config import Config, rows
from agent_core.config_said import lines_of
from agent_core.errors import UsageError
from agent_core.workspace import Workspace
from tui.arguments import config_of, root_of
from tui.cli import interruptible, show, show_text

if TYPE_CHECKING:
    from agent_core.doctor import Check
    from tui.options import Parsed


def config_show(parsed: Parsed) -> int:
    """Print every setting and where it came from."""
    _, config = _opened(parsed)
    data: dict[str, Any] = {"settings": rows(config), "warnings": config.warnings}
    if parsed.one("format") == "json":
        _show_json({"schema": "dspy-tui.config/1", **data})
        return 0
    show_text("config", "\n".join(lines_of(config)), data)
    return 0


def doctor(parsed: Parsed) -> int:
    """Print each check's verdict and next step; 1 when one failed."""
    from agent_core.doctor import write_bundle
    from agent_core.doctor.saying import lines_of as checks_in_lines

    interruptible()
    workspace, config = _opened(parsed)
    checks = asyncio.run(_checks(config, workspace))
    bundle = ""
    if parsed.has("bundle"):
        folder = Path(parsed.one("bundle") or ".")
        try:
            bundle = str(write_bundle(config=config, checks=checks, workspace=workspace, folder=folder))
        except OSError as error:
            raise UsageError(f"the bundle cannot be written: {error.strerror}: {folder}") from None
    if parsed.one("format") == "json":
        document: dict[str, Any] = {
            "schema": "dspy-tui.doctor/1",
            "checks": [msgspec.to_builtins(check) for check in checks],
        }
        _show_json(document | ({"bundle": bundle} if bundle else {}))
    else:
        show_text("doctor", "\n".join(checks_in_lines(checks)))
        if bundle:
            show(f"\nwritten: {bundle}")
    return 1 if any(check.verdict == "fail" for check in checks) else 0


async def _checks(config: Config, workspace: Workspace) -> list[Check]:
    """What the program itself needs, then what the stack would, in the words of its own doctor."""
    from agent_core.doctor import run_checks
    from stack.doctor.engine import check_machine

    own, machine = await asyncio.gather(run_checks(config, workspace=workspace), check_machine())
    return [*own, *machine]


def _opened(parsed: Parsed) -> tuple[Workspace, Config]:
    workspace = Workspace.open(root_of(parsed))
    return workspace, config_of(parsed, workspace.root)


def _show_json(document: dict[str, Any]) -> None:
    show(msgspec.json.format(to_json(document), indent=2).decode())
