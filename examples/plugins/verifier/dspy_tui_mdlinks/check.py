"""`python -m dspy_tui_mdlinks.check FOLDER`: prints links that lead nowhere; exit code 1 if any."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

_LINK = re.compile(r"\[[^\]\n]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_SKIPPED = {".git", ".hg", "node_modules", ".venv", "venv", ".dspy_tui", "site-packages"}


def files(root: Path) -> Iterator[Path]:
    """The Markdown files below a folder, without those of others."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - _SKIPPED)
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".md"))


def broken(path: Path) -> Iterator[tuple[int, str]]:
    """Line and target of each link to a file that is not there."""
    fenced = False
    for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
        if _FENCE.match(line):
            fenced = not fenced
        for target in () if fenced else _LINK.findall(line):
            place = unquote(target.partition("#")[0])
            elsewhere = not place or "://" in place or place.startswith(("mailto:", "/"))
            if not elsewhere and not (path.parent / place).exists():
                yield number, target


def main() -> int:
    """Look, and say what there is."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    count = 0
    for path in files(root):
        for number, target in broken(path):
            sys.stdout.write(f"{path.relative_to(root)}:{number}: broken-link: {target} is not there\n")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
