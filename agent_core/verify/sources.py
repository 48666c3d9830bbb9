"""The text of the lines that findings are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agent_core.files import read_bounded
from agent_core.text import one_line, shorten
from agent_core.verify.api import Finding

_LIMIT = 4 * 1024 * 1024
_MOST_FILES = 200


def with_sources(findings: Sequence[Finding], root: Path) -> tuple[Finding, ...]:
    """The findings with `source` filled in, as the files are now."""
    by_path: defaultdict[str, set[int]] = defaultdict(set)
    for each in findings:
        if each.path and each.line and (each.path in by_path or len(by_path) < _MOST_FILES):
            by_path[each.path].add(each.line)
    texts = {path: _lines(root / path, wanted) for path, wanted in by_path.items()}
    return tuple(
        msgspec.structs.replace(each, source=texts.get(each.path, {}).get(each.line, "")) for each in findings
    )


def _lines(path: Path, wanted: set[int]) -> dict[int, str]:
    try:
        content = read_bounded(path, _LIMIT)
    except (OSError, ValueError):
        return {}
    lines = content.split(b"\n")
    return {
        number: shorten(one_line(lines[number - 1].decode("utf-8", "replace")), 300)
        for number in wanted
        if number <= len(lines)
    }
