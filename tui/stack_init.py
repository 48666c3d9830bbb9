"""`stack init` on the command line: what changes is shown, and asked about where somebody can answer."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from agent_core.batch_formats import to_json
from agent_core.config import Settings, refuse_in_doubt
from agent_core.errors import AgentError, PermissionRefused
from agent_core.permissions import Permissions
from agent_core.workspace import Workspace
from stack.compose import telling
from stack.compose.options import InstallSource
from stack.compose.settling import Typed, settle
from stack.compose.writing import Plan, plan, write
from tui.arguments import config_of, root_of
from tui.cli import interruptible, show

if TYPE_CHECKING:
    from tui.options import Parsed


def stack_init(parsed: Parsed) -> int:
    """Write the stack's files; new ones as they were asked for, changes of those that are there when allowed.

    Raises:
        AgentError: As `settle`, `plan` and `write`; `PermissionRefused` where nobody allows a change.
    """
    interruptible()
    as_json = parsed.one("format") == "json"
    try:
        planned = _planned(parsed)
    except AgentError as error:
        if as_json:
            _document({"error": msgspec.to_builtins(error.info)})
        raise
    if as_json:
        _document(telling.data(planned))
    else:
        show(telling.told(planned))
    return 0


def _planned(parsed: Parsed) -> Plan:
    """What was written."""
    workspace = Workspace.open(root_of(parsed))
    config = config_of(parsed, workspace.root)
    refuse_in_doubt(config)
    settings = config.settings
    typed = _typed(parsed, out_dir=settings.stack_dir)
    planned = plan(settle(typed, here=Path.cwd(), configured=settings.index_uri))
    if not planned.empty:
        _ask(planned, parsed, settings)
        write(planned)
    return planned


def _document(data: dict[str, Any]) -> None:
    document = {"schema": "dspy-tui.stack-init/1", **data}
    show(msgspec.json.format(to_json(document), indent=2).decode())


def _typed(parsed: Parsed, *, out_dir: str) -> Typed:
    source = parsed.one("install-source")
    return Typed(
        workspace=parsed.one("workspace"),
        logs=parsed.one("logs"),
        out_dir=parsed.one("out-dir") or out_dir,
        install_source=cast(InstallSource, source) if source else None,
        pip_spec=parsed.one("pip-spec"),
        db=parsed.one("db"),
        wheelhouse=parsed.one("wheelhouse"),
        gpu=parsed.has("gpu"),
    )


def _ask(planned: Plan, parsed: Parsed, settings: Settings) -> None:
    """Return when it may be written; raises `PermissionRefused`."""
    rules = Permissions(
        workspace=planned.options.workspace,
        allow=(*settings.allow, *parsed.all("allow")),
        deny=settings.deny,
    )
    verdict = rules.decide("write", planned.subject)
    if verdict == "deny":
        raise PermissionRefused(
            f"A rule denies write {planned.subject!r}", hint="See `dspy-tui config show`."
        )
    if not planned.changed:
        return
    sys.stderr.write(planned.diff)
    if verdict == "allow":
        return
    if not (os.isatty(0) and os.isatty(2)):
        raise PermissionRefused(
            f"{', '.join(planned.changed)} would change, and nobody can be asked here",
            hint="Grant it with --allow write. Nothing was written.",
        )
    sys.stderr.write(f"Change {', '.join(planned.changed)}? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise PermissionRefused("You refused the change", hint="Nothing was written.")
