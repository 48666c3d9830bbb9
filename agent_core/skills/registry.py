"""Every skill under its name: the built-in ones, and those of plugins.

A skill is a `dspy.Module` that can be made without arguments. A plugin is a distribution with an entry point
in the group `dspy_tui.skills`, whose value is such a class; one that is named as a built-in skill takes its
place, if it has the same predictors. Prompts that were optimised for a workspace lie in `NAME.json` of the
workspace's folder of skills (`saved.py`) and are laid over either. Nothing of dspy is imported before a skill
is loaded.
"""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false
from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from agent_core.errors import ToolError
from agent_core.plugins.installed import IMPORT_S, Plugins
from agent_core.plugins.limits import reason, within
from agent_core.skills.saved import described, load_into, path_of, read_saved
from agent_core.text import one_line, shorten
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

KIND = "skills"
BUILT_IN = {
    "ask": ("agent_core.skills.ask:Ask", "answer questions about the repository"),
    "plan": ("agent_core.skills.plan:Plan", "plan a change: steps, commands, risks, assumptions"),
    "codectx": ("agent_core.skills.codectx:Describe", "say what a file, folder or repository is"),
    "locate": ("agent_core.skills.locate:Locate", "name the files that a change is about"),
    "edit": ("agent_core.skills.edit:Edit", "write a change as search/replace blocks"),
    "review": ("agent_core.skills.review:Review", "verify a change before it is made"),
    "logs": ("agent_core.skills.logs:ExplainLogs", "say what key events of logs mean"),
    "session": ("agent_core.skills.session_summary:SessionSummary", "say what a session came to"),
    "compact": ("agent_core.skills.compact:Compact", "sum up what was said before"),
    "commit": ("agent_core.skills.commit:CommitMessage", "write the message of a commit"),
}
"""Where each built-in skill is, and what it does."""


class SkillRow(msgspec.Struct, frozen=True, kw_only=True):
    """A skill as it is listed.

    `source` is built in, or the distribution that brings it; `saved` the file of its optimised prompts, ""
    without one; `optimised` says in a line which of them are in use, "" where none are; `trouble` what is
    wrong with the file.
    """

    name: str
    purpose: str
    source: str = "built in"
    saved: str = ""
    optimised: str = ""
    trouble: str = ""


FOLDER = "skills"


def skills_folder(workspace: Workspace) -> Path:
    """Where a workspace keeps optimised prompts; it need not exist."""
    return workspace.own.state_dir / FOLDER


def load_skill(name: str, folder: Path | None = None, *, plugins: Plugins | None = None) -> tuple[Any, str]:
    """A new instance of a skill; imports dspy.

    Args:
        name: Its name.
        folder: Where optimised prompts lie; None for none.
        plugins: Which may bring it; all that are installed by default.

    Returns:
        The module, and a warning, "" when all is well: whatever cannot be used is left out and named.

    Raises:
        ToolError: There is no such skill.
    """
    skill, warning = _made(name, plugins or Plugins())
    saved = load_into(skill, name, folder) if folder is not None else ""
    return skill, "; ".join(filter(None, (warning, saved)))


def skill_rows(folder: Path, *, plugins: Plugins | None = None) -> list[SkillRow]:
    """Every skill, the built-in ones first; nothing is imported."""
    found = (plugins or Plugins()).points(KIND)
    names = [*BUILT_IN, *(name for name in sorted(found) if name not in BUILT_IN)]
    return [_row(name, found.get(name), folder) for name in names]


def _row(name: str, plugin: EntryPoint | None, folder: Path) -> SkillRow:
    path = path_of(folder, name)
    saved, trouble = read_saved(folder, name)
    return SkillRow(
        name=name,
        purpose=BUILT_IN[name][1] if name in BUILT_IN else "brought by a plugin",
        source=_source(plugin) if plugin else "built in",
        saved=str(path) if saved is not None else "",
        optimised=described(saved) if saved is not None and saved.current else "",
        trouble=trouble,
    )


def _made(name: str, plugins: Plugins) -> tuple[Any, str]:
    plugin = plugins.points(KIND).get(name)
    built_in = _built_in(name) if name in BUILT_IN else None
    if plugin is None:
        if built_in is None:
            raise ToolError(f"There is no skill {one_line(name)!r}", hint="`skills` lists them.")
        return built_in, ""
    try:
        return _from_plugin(plugins.load(KIND, name), built_in), ""
    except Exception as error:  # the edge: somebody else's class may do anything
        why = plugins.why_not(KIND, name) or reason(error, IMPORT_S)
        if not plugins.why_not(KIND, name):
            plugins.fail(KIND, name, why)
        message = f"The skill {name} of {_source(plugin)} cannot be used ({shorten(why, 200)})"
        if built_in is None:
            raise ToolError(message, hint="Mend or uninstall it.") from error
        return built_in, message


def _built_in(name: str) -> Any:
    module, _, kind = BUILT_IN[name][0].partition(":")
    return getattr(import_module(module), kind)()


def _from_plugin(kind: Any, built_in: Any) -> Any:
    import dspy

    made: Any = within(IMPORT_S, kind, name="skill")
    if not isinstance(made, dspy.Module):
        raise TypeError(f"{type(made).__name__} is not a dspy.Module")
    missing = _predictors(built_in) - _predictors(made) if built_in is not None else set[str]()
    if missing:
        raise TypeError(f"it has no predictor {', '.join(sorted(missing))}")
    return made


def _predictors(skill: Any) -> set[str]:
    return {name for name, _ in skill.named_predictors()}


def _source(plugin: EntryPoint) -> str:
    return plugin.dist.name if plugin.dist is not None else plugin.value
