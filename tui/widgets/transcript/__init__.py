"""The conversation as one line-API widget."""

from __future__ import annotations

from tui.widgets.transcript.widget import Transcript, import_parsers

__all__ = ["Transcript", "import_parsers"]
