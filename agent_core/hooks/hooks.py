"""The hooks of a session: who is asked when, whether a workspace's may run, and what of it is told.

The user's hooks run first, with the user's rights. Those of a workspace are programs that somebody else may
have written: they are asked about once for each content, by the rules for `run` (so that "always" is kept
outside of the workspace, and listed and revoked by `permissions`), and run in the sandbox where there is one.
Where nobody can be asked they do not run, which is told once, with what allows them.
"""

from __future__ import annotations

import asyncio
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from agent_core.config import Settings
from agent_core.errors import HookRefused, PermissionRefused
from agent_core.events import HookRunning, Notice
from agent_core.folders import lies_in_workspace
from agent_core.hooks.model import Hook, HookEvent, HookInput, HookResult, HookTool, HookTurn, Said
from agent_core.hooks.reading import HookFile, read_user, read_workspace, user_file, workspace_file
from agent_core.masking import masker
from agent_core.session.gate import Asker, Gate, Request
from agent_core.text import one_line, shorten
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.index.api import Index
    from agent_core.verify.sandbox import Sandbox

_TELL_S = 1.0
_FREE = ("read", "heavy")
"""Classes that go on although a file of hooks cannot be read."""


class Hooked(Asker, Protocol):
    """The turn, or the call from outside, around which hooks are asked."""

    @property
    def text(self) -> str:
        """What was typed to begin it; "" where nothing was."""
        ...

    @property
    def index(self) -> Index:
        """Is told that files may have changed."""
        ...

    async def keep_state(self) -> None:
        """Called before a hook runs, which may change files."""
        ...


class Hooks:
    """Asks the hooks that are set; the files are read anew each time, so that a change holds at once.

    Args:
        workspace: Whose.
        settings: Whose secrets are masked.
        gate: Decides whether a workspace's hooks may run.
    """

    def __init__(self, *, workspace: Workspace, settings: Settings, gate: Gate) -> None:
        self._workspace, self._gate = workspace, gate
        self._mask = masker(settings)
        self._decided: dict[str, bool] = {}
        """Answers of this session, by what was asked about."""
        self._told: set[str] = set()
        self._asking = asyncio.Lock()

    @property
    def workspace_file(self) -> Path:
        """Where the workspace's hooks are set."""
        return workspace_file(self._workspace)

    @property
    def are_set(self) -> bool:
        """Whether there is a file of hooks at all."""
        return user_file().exists() or workspace_file(self._workspace).exists()

    async def before(self, turn: Hooked, call_id: str, tool: HookTool) -> tuple[str, ...]:
        """Ask the hooks before a tool; returns their notes. Raises `HookRefused`."""
        return await self._run(turn, call_id, "before_tool", tool=tool)

    async def after(self, turn: Hooked, call_id: str, tool: HookTool, result: HookResult) -> tuple[str, ...]:
        """Ask the hooks after a tool; returns their notes. Raises `HookRefused`."""
        return await self._run(turn, call_id, "after_tool", tool=tool, result=result)

    async def at_end(self, turn: Hooked, ended: HookTurn) -> tuple[str, ...]:
        """Ask the hooks at the end of a turn; returns their notes. Raises `HookRefused`."""
        return await self._run(turn, "", "turn_end", ended=ended)

    async def files(self) -> tuple[HookFile, ...]:
        """The files of hooks that there are, the user's first."""
        return await asyncio.to_thread(self._files)

    def _files(self) -> tuple[HookFile, ...]:
        own, workspace = user_file(), self._workspace
        users = read_workspace(workspace, own) if lies_in_workspace(own, workspace.root) else read_user()
        return tuple(filter(None, (users, read_workspace(workspace))))

    async def _run(
        self,
        turn: Hooked,
        call_id: str,
        event: HookEvent,
        *,
        tool: HookTool | None = None,
        result: HookResult | None = None,
        ended: HookTurn | None = None,
    ) -> tuple[str, ...]:
        notes: list[str] = []
        for hook, sandbox in await self._chosen(turn, event, tool):
            given = HookInput(
                event=event,
                hook=hook.name,
                workspace=str(self._workspace.root),
                turn_id=turn.turn_id,
                prompt=turn.text,
                tool=tool,
                result=result,
                turn=ended,
            )
            said = await self._ask(turn, call_id, hook, given, sandbox)
            if said.note:
                notes.append(f"hook {hook.name}: {said.note}")
            if said.decision == "refuse":
                raise _refused(hook, said, tool)
        return tuple(notes)

    async def _chosen(
        self, turn: Hooked, event: HookEvent, tool: HookTool | None
    ) -> list[tuple[Hook, Sandbox | None]]:
        """The hooks that are asked now, and where each runs. Raises `HookRefused`."""
        chosen: list[tuple[Hook, Sandbox | None]] = []
        for file in await self.files():
            if file.trouble:
                if event == "before_tool" and tool and tool.action not in _FREE and self._guards(file):
                    raise _unread(file, tool)
                self._tell_once(
                    turn, f"{file.path} is not used: {file.trouble}", "Mend it; `hooks` checks it."
                )
                continue
            name = tool.name if tool else ""
            hooks = [hook for hook in file.hooks if hook.on == event and _concerns(hook, name)]
            if not hooks:
                continue
            if hooks[0].trusted:
                chosen += [(hook, None) for hook in hooks]
                continue
            from agent_core.verify.sandbox import find_sandbox

            sandbox, why_not = await find_sandbox()
            if await self._allowed(turn, file, why_not):
                chosen += [(hook, sandbox) for hook in hooks]
        return chosen

    def _guards(self, file: HookFile) -> bool:
        """Whether hooks of a file that cannot be used would have been asked: the user's own, and those of the
        workspace where the rules allow its hooks, or allowed an earlier content."""
        if file.trusted or any(self._decided.values()):
            return True
        permissions = self._gate.permissions
        if permissions.decide("run", subject_of(file)) == "allow":
            return True
        earlier = f"run:hooks {file.path} "
        return any(row.verdict == "allow" and row.rule.startswith(earlier) for row in permissions.list())

    async def _allowed(self, turn: Hooked, file: HookFile, why_not: str) -> bool:
        """Whether the workspace's hooks may run, which is asked once for each content."""
        subject = subject_of(file)
        async with self._asking:
            if subject not in self._decided:
                where = f"with your rights ({why_not})" if why_not else "without network (bubblewrap)"
                request = Request(
                    turn_id=turn.turn_id,
                    call_id=turn.next_call_id(),
                    action="run",
                    subjects=(subject,),
                    command="\n".join(shown(hook) for hook in file.hooks),
                    reason=f"The workspace sets these programs as hooks ({file.path}). They run {where}.",
                )
                try:
                    await self._gate.check(request, turn.publish)
                    self._decided[subject] = True
                except PermissionRefused as refused:
                    self._decided[subject] = False
                    self._tell_once(
                        turn, f"The hooks of {file.path} are not run: {refused.message}", refused.hint
                    )
        return self._decided[subject]

    async def _ask(
        self, turn: Hooked, call_id: str, hook: Hook, given: HookInput, sandbox: Sandbox | None
    ) -> Said:
        """Run one; while it takes long that is told. What it changes can be undone."""
        from agent_core.hooks.running import run_hook

        await turn.keep_state()
        telling = asyncio.create_task(_tell_time(turn, call_id, hook))
        try:
            said = await run_hook(hook, given, root=self._workspace.root, sandbox=sandbox, mask=self._mask)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            turn.index.stirred()
        if said.failure and said.decision == "allow":
            turn.publish(_notice(turn, "warning", f"The hook {hook.name} failed: {said.failure}"))
        if said.note:
            turn.publish(_notice(turn, "info", f"Hook {hook.name}: {one_line(said.note)}"))
        return said

    def _tell_once(self, turn: Hooked, message: str, hint: str) -> None:
        if message not in self._told:
            self._told.add(message)
            turn.publish(Notice(level="warning", message=message, hint=hint, turn_id=turn.turn_id))


def subject_of(file: HookFile) -> str:
    """What the rules look at: the file, and its content."""
    return f"hooks {file.path} {file.digest}"


def shown(hook: Hook) -> str:
    """A hook in a line."""
    import shlex

    tools = f" {','.join(hook.tools)}" if hook.on != "turn_end" else ""
    return one_line(f"{hook.on}{tools}: {shlex.join(hook.argv)}")


def _concerns(hook: Hook, tool: str) -> bool:
    return hook.on == "turn_end" or any(fnmatchcase(tool, pattern) for pattern in hook.tools)


def _refused(hook: Hook, said: Said, tool: HookTool | None) -> HookRefused:
    what = one_line(shorten(tool.command, 80)) if tool else "the end of the turn"
    verb = "refuses the result of" if hook.on == "after_tool" else "refuses"
    return HookRefused(
        f"The hook {hook.name} {verb} {what}: {said.reason or 'it does not say why'}",
        hint=f"It is set in {hook.source}; `hooks` lists them.",
    )


def _unread(file: HookFile, tool: HookTool) -> HookRefused:
    """A guard that cannot be read has not said yes."""
    return HookRefused(
        f"{one_line(shorten(tool.command, 80))} is refused: the hooks of {one_line(file.path)} cannot be used"
        f" ({file.trouble})",
        hint="Mend or remove that file; `hooks` checks it.",
    )


def _notice(turn: Hooked, level: str, message: str) -> Notice:
    return Notice(level="warning" if level == "warning" else "info", message=message, turn_id=turn.turn_id)


async def _tell_time(turn: Hooked, call_id: str, hook: Hook) -> None:
    """Say that it runs, once a second has passed, and then every second."""
    seconds = 0.0
    while True:
        await asyncio.sleep(_TELL_S)
        seconds += _TELL_S
        turn.publish(
            HookRunning(turn_id=turn.turn_id, call_id=call_id, name=hook.name, on=hook.on, seconds=seconds)
        )
