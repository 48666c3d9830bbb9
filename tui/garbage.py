"""Keep the garbage collector out of the way of the keys.

A full collection walks every object the process holds: with Textual and a language-model library loaded that
is 30 to 200 ms in which no key is answered, every few seconds while an answer streams in. What was loaded
once never becomes garbage, so it is set aside, and collections walk only what has come since.
"""

from __future__ import annotations

import gc


def set_aside() -> None:
    """Exempt every object alive now from collections; costs next to nothing.

    To be called after the first paint, and again after libraries were imported.
    """
    gc.freeze()


def tidy() -> None:
    """Collect what came since the last time, then set the rest aside; a few milliseconds.

    To be called where a short pause is not noticed: when a turn begins, before anything streams in.
    """
    if gc.get_freeze_count():
        gc.collect()
    gc.freeze()
