"""What each server is set up with: nothing is fetched, nothing is written into the workspace."""

from __future__ import annotations

import os
from typing import Any

from agent_core.lsp.api import ServerSpec
from agent_core.verify.interpreters import interpreters
from agent_core.verify.project import Project
from agent_core.workspace import Workspace

_ANALYSIS = {"diagnosticMode": "openFilesOnly", "autoSearchPaths": True, "useLibraryCodeForTypes": True}


def options_of(spec: ServerSpec, workspace: Workspace) -> dict[str, Any]:
    """The options of the first request."""
    if spec.name == "typescript-language-server":
        return {"disableAutomaticTypingAcquisition": True, "tsserver": {"useSyntaxServer": "never"}}
    if spec.language == "rust":
        return {"checkOnSave": False, "cachePriming": {"enable": False}}
    return {}


def configuration_of(spec: ServerSpec, workspace: Workspace) -> dict[str, Any]:
    """By section, what it is told when it asks for settings. Looks at the disk."""
    if spec.language == "rust":
        return {"rust-analyzer": options_of(spec, workspace)}
    if spec.language != "python":
        return {}
    python: dict[str, Any] = {"analysis": _ANALYSIS}
    project = Project(workspace.root, ".", path=os.environ.get("PATH", os.defpath))
    own = next((each for each in interpreters(project, os.environ) if each.prefix is not None), None)
    if own is not None:
        python["pythonPath"] = str(workspace.root / own.word)
    return {"python": python, "python.analysis": _ANALYSIS, "basedpyright.analysis": _ANALYSIS}
