"""A plugin that cannot be imported."""

from __future__ import annotations

raise RuntimeError("this plugin was written for another version\x1b[31m")
