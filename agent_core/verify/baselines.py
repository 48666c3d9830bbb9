"""What checks said of unchanged workspaces, so that none is asked twice about the same state."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from pathlib import Path

from agent_core.verify.api import Report, Verifier
from agent_core.verify.layout import Layout, stamps

_MOST = 64


class Baselines:
    """Reports by state of the workspace and check; the last ones used are kept."""

    def __init__(self) -> None:
        self._reports: OrderedDict[tuple[str, Verifier], Report] = OrderedDict()

    def get(self, state: str, verifier: Verifier) -> Report | None:
        """The report, if there is one."""
        found = self._reports.get((state, verifier))
        if found is not None:
            self._reports.move_to_end((state, verifier))
        return found

    def put(self, state: str, verifier: Verifier, report: Report) -> None:
        """Keep a report."""
        self._reports[state, verifier] = report
        while len(self._reports) > _MOST:
            self._reports.popitem(last=False)


def fingerprint(root: Path, layout: Layout, *, sandboxed: bool) -> str:
    """What stands for the state of a workspace: size, time and number of each file, and of what it shares."""
    digest = hashlib.sha256(f"{root}\0{sandboxed}\0".encode("utf-8", "surrogateescape"))
    for stamp in stamps(layout):
        digest.update(f"{stamp}\n".encode("utf-8", "surrogateescape"))
    for path in layout.shared:
        try:
            digest.update(f"{os.stat(root / path).st_mtime_ns}\n".encode())  # noqa: PTH116 - the number alone
        except OSError:
            continue
    return digest.hexdigest()
