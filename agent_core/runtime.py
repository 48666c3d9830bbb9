"""Wiring: everything that one workspace needs, from its root and what was typed to start."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import msgspec

from agent_core.bus import Bus
from agent_core.checkpoints.checkpoints import Checkpoints
from agent_core.config import Config, default_user_file, load, refuse_in_doubt
from agent_core.cooldowns import Cooldowns, seconds_of
from agent_core.events import BusChanged
from agent_core.hooks.hooks import Hooks
from agent_core.index.api import Index
from agent_core.index.client import WorkerIndex
from agent_core.llm.select import Models
from agent_core.log import OwnLog, open_log
from agent_core.logs.api import Logs
from agent_core.logs.client import WorkerLogs
from agent_core.lsp.servers import LanguageServers
from agent_core.masking import masker
from agent_core.mcp.client import Servers
from agent_core.mcp.client_consent import Consent
from agent_core.permissions import Permissions
from agent_core.plugins.installed import plugins_of
from agent_core.rl.beside import Beside
from agent_core.rl.learning import Learned
from agent_core.rl.offline.logs_now import LogsNow
from agent_core.rl.sharing import Sharing, learning_sink
from agent_core.session.calls import Write
from agent_core.session.gate import Gate
from agent_core.session.saved.conversation import Conversation
from agent_core.session.saved.saving import Saving
from agent_core.session.saved.store import SavedSessions
from agent_core.session.session import Session
from agent_core.streaming.link import BusLink
from agent_core.tools.auth import AuthTool
from agent_core.tools.base import AnyTool
from agent_core.tools.bus import BusTool
from agent_core.tools.codectx import CodectxTool
from agent_core.tools.commit import CommitTool
from agent_core.tools.compact import CompactTool
from agent_core.tools.config import ConfigTool
from agent_core.tools.ctx import CtxTool
from agent_core.tools.dispatch import DispatchTool
from agent_core.tools.edit import EditTool
from agent_core.tools.emb_index import EmbIndexTool
from agent_core.tools.esearch import EsearchTool
from agent_core.tools.export import ExportTool
from agent_core.tools.fork import ForkTool
from agent_core.tools.help import HelpTool
from agent_core.tools.hooks import HooksTool
from agent_core.tools.index import IndexTool
from agent_core.tools.intel import IntelTool
from agent_core.tools.logs import LogsTool
from agent_core.tools.lsp import LspTool
from agent_core.tools.mcp import McpTool
from agent_core.tools.model import ModelTool
from agent_core.tools.permissions import PermissionsTool
from agent_core.tools.plan import PlanTool
from agent_core.tools.plugins import PluginsTool
from agent_core.tools.redo import RedoTool
from agent_core.tools.registry import Registry, builtin_tools
from agent_core.tools.resume import ResumeTool
from agent_core.tools.rl import RlTool
from agent_core.tools.rl_training import Tutor
from agent_core.tools.sessions import SessionsTool
from agent_core.tools.skills import SkillsTool
from agent_core.tools.undo import UndoTool
from agent_core.tools.verifiers import BuildTool, LintTool, RunTestsTool
from agent_core.tools.vretr import VretrTool
from agent_core.tools.window import WindowTool
from agent_core.workspace import Workspace


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """What was wired. `aclose` ends it."""

    workspace: Workspace
    config: Config
    reread: Callable[[], Config]
    """Reads the settings from all their origins again; what runs keeps those that it was begun with."""
    registry: Registry
    models: Models
    index: Index
    logs: Logs
    logs_now: LogsNow
    training: Beside
    cooldowns: Cooldowns
    checkpoints: Checkpoints
    permissions: Permissions
    learning: Learned
    language_servers: LanguageServers
    servers: Servers
    hooks: Hooks
    sharing: Sharing
    link: BusLink
    session: Session
    bus: Bus
    log: OwnLog

    def warnings(self) -> tuple[str, ...]:
        """What is told when it begins: of the settings, and of the remembered rules."""
        return (*self.config.warnings, *filter(None, (self.permissions.checked(),)))

    async def aclose(self) -> None:
        """End the session, index, logs and what is on the bus, every reader of events, and the own log."""
        try:
            await self.training.aclose()
            await self.session.aclose()
            await self.learning.aclose()
        finally:
            try:
                await self.link.aclose()
                await self.logs_now.aclose()
                self.checkpoints.close()
                others = self.index, self.logs, self.sharing, self.servers, self.language_servers
                await asyncio.gather(*(each.aclose() for each in others))
            finally:
                self.bus.close()
                self.log.close()


def open_runtime(
    root: Path | str,
    *,
    flags: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    interactive: bool,
    proposes: bool = False,
    allow: tuple[str, ...] = (),
    debug: bool = False,
    write: Write | None = None,
    given: int | None = None,
    tools: Iterable[AnyTool] = (),
) -> Runtime:
    """Open the workspace at `root`; quick, and nothing is written.

    Args:
        root: The folder.
        flags: Settings given on the command line, as typed.
        env: The environment; this process's by default.
        interactive: Whether somebody can answer questions.
        proposes: Whether changes are worked out and told although nobody can allow them; see `Gate`.
        allow: Rules granted on the command line, on top of the settings'.
        debug: Log debugging messages.
        write: Takes the whole result of a typed command as it is found.
        given: The descriptor of standard input, where commands may read it.
        tools: Further tools, which the rooms above this one bring.

    Raises:
        WorkspaceError: The folder cannot be used.
        ConfigError: A flag or a rule is wrong; where nobody can be asked, also a file that may deny things.
    """
    workspace = Workspace.open(root)
    reread = partial(load, root=workspace.root, flags=flags or {}, env=os.environ if env is None else env)
    config = reread()
    settings = config.settings
    if not interactive:
        refuse_in_doubt(config)
    permissions = Permissions(
        workspace=workspace.root,
        allow=(*settings.allow, *allow),
        deny=settings.deny,
        doubtful=bool(config.doubts),
    )
    bus = Bus()
    gate = Gate(permissions=permissions, interactive=interactive, proposes=proposes)
    models = Models(settings=settings, publish=bus.publish, approve_host=gate.approve_host)
    index = WorkerIndex(
        workspace=workspace, settings=settings, publish=bus.publish, approve_host=gate.approve_host
    )
    logs = WorkerLogs(workspace=workspace, settings=settings, given=given)
    language_servers = LanguageServers(
        workspace=workspace,
        settings=settings,
        publish=bus.publish,
        allows=lambda line: permissions.decide("run", line) == "allow",
    )
    cooldowns = Cooldowns(workspace=workspace, seconds=seconds_of(settings), publish=bus.publish)
    checkpoints = Checkpoints(workspace=workspace, limit_bytes=settings.undo_limit_mb << 20)
    mask = masker(settings)
    store = SavedSessions(workspace)
    conversation = Conversation(store=store, saving=Saving(store=store, mask=mask, enabled=interactive))
    hooks = Hooks(workspace=workspace, settings=settings, gate=gate)
    registry = Registry(
        builtin_tools(checkpoints=checkpoints, watched=interactive and not settings.plain),
        plugins=plugins_of(settings),
    )
    for tool in (
        EsearchTool(index=index),
        IntelTool(index=index, logs=logs, servers=language_servers),
        VretrTool(index=index),
        CodectxTool(index=index, models=models),
        CtxTool(logs=logs, models=models),
        IndexTool(index=index, cooldowns=cooldowns),
        EmbIndexTool(index=index, cooldowns=cooldowns),
        HelpTool(registry=registry),
        ModelTool(models=models, publish=bus.publish),
        PermissionsTool(permissions=permissions),
        AuthTool(config=config),
        ConfigTool(reread=reread),
        PluginsTool(registry=registry),
        HooksTool(hooks=hooks, permissions=permissions),
        LspTool(servers=language_servers),
        RunTestsTool(),
        LintTool(),
        BuildTool(),
        SessionsTool(conversation=conversation, models=models),
        ResumeTool(conversation=conversation),
        ForkTool(conversation=conversation),
        ExportTool(conversation=conversation),
        SkillsTool(),
        CompactTool(models=models),
        WindowTool(conversation=conversation, models=models, registry=registry),
        CommitTool(checkpoints=checkpoints, models=models),
        PlanTool(models=models),
        EditTool(),
        UndoTool(checkpoints=checkpoints),
        RedoTool(checkpoints=checkpoints),
        *tools,
    ):
        registry.add(tool)
    servers = Servers(
        workspace=workspace,
        settings=settings,
        registry=registry,
        consent=Consent(workspace=workspace.root, permissions=permissions),
        put=gate.put,
        fill=gate.fill,
        publish=bus.publish,
        user_file=default_user_file(env),
        env=os.environ if env is None else env,
        unseen=not interactive,
    )
    registry.add(McpTool(servers=servers))
    learning = Learned(workspace=workspace, bus=bus, registry=registry, cooldowns=cooldowns, index=index)
    logs_now = LogsNow(logs=logs, settings=settings)
    tutor = Tutor(models=models, registry=registry, logs=logs, logs_now=logs_now)
    training = Beside(publish=bus.publish)
    beside = training if interactive else None
    registry.add(RlTool(learning=learning, tutor=tutor, beside=beside))
    sharing = Sharing(workspace=workspace, open_sink=partial(learning_sink, settings, workspace))
    learning.listen(sharing.take)

    def stands(event: BusChanged) -> None:
        bus.publish(event)
        sharing.hear(event)

    link = BusLink(settings=settings, publish=stands)
    if not proposes:  # a worker hands nothing on
        registry.add(DispatchTool(link=link))
        registry.add(BusTool(link=link))
        registry.add(LogsTool(given=given))
    log = open_log(workspace, mask=mask, debug=debug)
    session = Session(
        workspace=workspace,
        settings=settings,
        registry=registry,
        models=models,
        index=index,
        gate=gate,
        bus=bus,
        conversation=conversation,
        log_path=log.path,
        write=write,
        cooldowns=cooldowns,
        checkpoints=checkpoints,
        suggest=learning.suggest,
        servers=servers,
        seen_in_logs=logs_now.soon,
        hooks=hooks,
        language_servers=language_servers,
    )
    return Runtime(
        workspace=workspace,
        config=config,
        reread=reread,
        registry=registry,
        models=models,
        index=index,
        logs=logs,
        logs_now=logs_now,
        training=training,
        cooldowns=cooldowns,
        checkpoints=checkpoints,
        permissions=permissions,
        learning=learning,
        language_servers=language_servers,
        servers=servers,
        hooks=hooks,
        sharing=sharing,
        link=link,
        session=session,
        bus=bus,
        log=log,
    )
