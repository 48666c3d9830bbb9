"""Keep the garbage collector out of the way of the keys.

A full collection walks every object the process holds: with Textual and a language-model library loaded that
is 30 to 200 ms in which no key is answered, every few seconds while an answer streams in. What was loaded
once never becomes garbage, so it is set aside, and collections walk only what has come since.

What is drawn makes garbage all the time, as strips keep themselves in caches of their own. It is collected
little and often: 4,000 objects that go take 1 ms, and so do 3,000 that stay.
"""

from __future__ import annotations

import gc

_FULL = (700, 10, 1)
"""New objects for a first collection, of these for a second, of these for a full one."""
_MANY = 20_000
"""Where more objects outlive a full collection they are set aside, too: libraries are loaded later."""
_OVERDUE = 150_000
"""So many set aside since what was loaded, and all are walked once: some have become garbage in cycles."""


class _Aside:
    """How many objects were set aside when everything was loaded."""

    loaded = 0


def set_aside() -> None:
    """Exempt every object alive now from collections; costs next to nothing.

    To be called after the first paint, and again after libraries were imported. What is alive for a while
    only must not be among them: in a cycle, it would stay for ever.
    """
    gc.freeze()
    gc.collect()  # of nothing: what is alive is counted anew, or a full one would wait for a quarter of it
    gc.set_threshold(*_FULL)
    _Aside.loaded = gc.get_freeze_count()
    if _outlived not in gc.callbacks:
        gc.callbacks.append(_outlived)


def _outlived(phase: str, info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == 2 and len(gc.get_objects(2)) > _MANY:
        gc.freeze()


def tidy() -> None:
    """Collect what came since the last time; some milliseconds, in a long while once a tenth of a second.

    To be called where a short pause is not noticed: when a turn begins, before anything streams in.
    """
    if not gc.get_freeze_count():
        set_aside()
    elif gc.get_freeze_count() - _Aside.loaded > _OVERDUE:
        gc.unfreeze()
        gc.collect()
        set_aside()
    else:
        gc.collect()
