"""The targets of a Makefile that check something."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from agent_core.verify.api import Kind, Verifier
from agent_core.verify.project import Project

_FILES = ("GNUmakefile", "makefile", "Makefile")
_RULE = re.compile(r"^([A-Za-z0-9_][\w. -]{0,200}?)\s*::?(?![=:])", re.M)
_INCLUDE = re.compile(r"^-?include\s+(.{1,300})$", re.M)


def find(project: Project, _env: Mapping[str, str]) -> Iterator[Verifier]:
    """The targets test, check, lint, build and all, as far as there are such.

    `check` stands for the tests where there is no `test`, else for the linter where there is no `lint`; `all`
    for the build where there is no `build`.
    """
    name = project.has(*_FILES)
    if not name:
        return
    targets = _targets(project, name)
    kinds: list[tuple[str, Kind]] = []
    if "test" in targets:
        kinds.append(("test", "run_tests"))
    if "lint" in targets:
        kinds.append(("lint", "lint"))
    if "check" in targets and len(kinds) < 2:
        kind: Kind = "lint" if "test" in targets else "run_tests"
        kinds.append(("check", kind))
    builds = [target for target in ("build", "all") if target in targets]
    if builds:
        kinds.append((builds[0], "build"))
    for target, kind in kinds:
        yield Verifier(
            name=f"make-{target}",
            kind=kind,
            argv=("make", target),
            cwd=project.folder,
            origin=f"{name}, target {target}",
            ecosystem="make",
            found=bool(project.program("make")),
        )


def _targets(project: Project, name: str) -> set[str]:
    text = project.text(name)
    for match in _INCLUDE.finditer(text):
        for included in match[1].split()[:10]:
            if "$" not in included and "/../" not in f"/{included}" and not included.startswith("/"):
                text += "\n" + project.text(included)
    return {target for match in _RULE.finditer(text) for target in match[1].split()}
