"""Having Python import the copy where a project is installed as editable.

Such an install leads to the workspace by its absolute path: in a `.pth` file, or in a finder with a table of
packages. In a sandbox the copy lies at that path. Without one, a `sitecustomize` module, which Python imports
when all of these are set up, leads them to the copy instead: so the order of imports stays as it was, which
entries in front (PYTHONPATH) would change.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_MODULE = '''\
"""Leads installs that point into one folder to its copy."""

import os
import sys

_FROM = os.environ.get("DSPY_TUI_COPY_OF", "")
_TO = os.environ.get("DSPY_TUI_COPY", "")


def _moved(path):
    inside = isinstance(path, str) and _FROM and (path == _FROM or path.startswith(_FROM + os.sep))
    if not inside or "site-packages" in path or "dist-packages" in path:
        return path
    return _TO + path[len(_FROM):]


def _move_in(value, depth=0):
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    else:
        return
    for key, item in list(pairs):
        if isinstance(item, str):
            if _moved(item) != item:
                value[key] = _moved(item)
        elif depth < 3:
            _move_in(item, depth + 1)


def _move_finders():
    for finder in list(sys.meta_path):
        home = str(getattr(finder, "__module__", ""))
        module = sys.modules.get(home)
        is_editable = "editable" in ("%s %s %r" % (home, type(finder).__name__, finder)).lower()
        for owner in (finder, type(finder), module):
            if is_editable and hasattr(owner, "__dict__"):
                for value in list(vars(owner).values()):
                    _move_in(value)


def _run_the_next():
    """The sitecustomize that this one hides."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if _FROM and _TO:
    sys.path[:] = [_moved(path) for path in sys.path]
    _move_finders()
    sys.path_importer_cache.clear()
_run_the_next()
'''


def lead_to_copy(shim: Path, *, workspace: Path, copy: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Write the module into the folder `shim` (which is made); returns the variables that make it work."""
    shim.mkdir()
    (shim / "sitecustomize.py").write_text(_MODULE, encoding="utf-8")
    own = [part for part in env.get("PYTHONPATH", "").split(os.pathsep) if part]
    led = [_led(part, workspace, copy) for part in own]
    return {
        "PYTHONPATH": os.pathsep.join([str(shim), *led]),
        "DSPY_TUI_COPY_OF": str(workspace),
        "DSPY_TUI_COPY": str(copy),
    }


def _led(part: str, workspace: Path, copy: Path) -> str:
    path = Path(part)
    return str(copy / path.relative_to(workspace)) if path.is_relative_to(workspace) else part
