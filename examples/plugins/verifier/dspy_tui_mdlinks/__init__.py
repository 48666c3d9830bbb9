"""A check for `lint`: links between the Markdown files of a project that lead nowhere."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import ClassVar

from agent_core.plugins.ports import Parsed, Project, Raw, Verifier, finding

_LINE = re.compile(r"^(.+?):(\d+): ([a-z-]+): (.*)$", re.M)


class MarkdownLinks:
    """There where there is a README, or a folder docs."""

    port_version = 1
    summary: ClassVar[str] = "links between Markdown files that lead nowhere"

    def find(self, project: Project) -> Iterator[Verifier]:
        """One check, which runs no code of the project."""
        if project.has("README.md") or "docs" in project.names:
            argv = (sys.executable, "-m", "dspy_tui_mdlinks.check", ".")
            yield Verifier(name="mdlinks", kind="lint", argv=argv)

    def read(self, raw: Raw) -> Parsed:
        """`PATH:LINE: RULE: MESSAGE`, as `check` prints it."""
        found = [
            finding(raw.places.relative(path), int(line), message, code=rule)
            for path, line, rule, message in _LINE.findall(raw.output)
        ]
        return Parsed(tuple(found), failed=len(found))
