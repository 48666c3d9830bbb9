"""What LanceDB's failures mean: worth another try, the surroundings, or damage."""

from __future__ import annotations

import re

from agent_core.errors import IndexFault
from agent_core.text import one_line, shorten

_FAILURES = (RuntimeError, ValueError, OSError)
"""What LanceDB raises; it has no errors of its own and tells everything in the text."""
_PANICS = "pyo3_async_runtimes"
"""Where the error comes from that stands for a crash inside LanceDB; damaged files can cause one."""

_PASSING = re.compile(
    r"conflict|not found|concurrent|too many|timed out|try again|os error 24\b", re.IGNORECASE
)
_FULL = re.compile(r"os error (28|27|122)\b|no space left|quota exceeded|file too large", re.IGNORECASE)
_REFUSED = re.compile(
    r"os error (13|30|1)\b|permission denied|read-only|access ?denied|forbidden", re.IGNORECASE
)
_BUSY = re.compile(
    r"conflict|concurrent|too many|timed out|try again|os error (5|12|24)\b|resources exhausted",
    re.IGNORECASE,
)
_NOISE = re.compile(r",? /\S+\.rs:\d+:\d+|(?:lance error: |LanceError\(\w+\): |Invalid input, )+")
_SCHEME = re.compile(r"no object store provider found", re.IGNORECASE)
_CREDENTIALS = re.compile(
    r"credential|token|unauthori[sz]ed|api_key|permission denied|access ?denied|forbidden", re.IGNORECASE
)
_SETTING = "index_uri (DSPY_TUI_DB_URI)"
_PLACES = "a folder, or an s3://, gs:// or az:// address"
_LONGEST = 200
"""Characters of what LanceDB says; it can quote whole requests."""
_USERINFO = re.compile(r"//[^/@]*@")


class translated:  # noqa: N801 - reads as the statement it is
    """Turn what LanceDB raises about a place into an `IndexFault` that says what cannot be done there."""

    def __init__(self, uri: str, doing: str) -> None:
        self._uri = uri
        self._doing = doing

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, Exception) and from_lance(error):
            raise fault(self._uri, self._doing, error) from error


def from_lance(error: Exception) -> bool:
    """Whether LanceDB raised it, as far as that can be told."""
    return isinstance(error, _FAILURES) or type(error).__module__ == _PANICS


def passing(error: Exception) -> bool:
    """Whether trying again may help: somebody else wrote, or tidied up under a reader."""
    return _PASSING.search(str(error)) is not None


def fault(uri: str, doing: str, error: Exception) -> IndexFault:
    """An error of LanceDB as ours.

    Args:
        uri: Where the index lies.
        doing: What cannot be done: "cannot be read".
        error: What LanceDB raised. It is taken for damage only on this machine, and only where nothing else
            explains it.
    """
    what = f"the tables at {shown(uri)} {doing}"
    text = shorten(one_line(_USERINFO.sub("//", _NOISE.sub("", str(error)))), _LONGEST)
    if _FULL.search(text):
        return IndexFault(f"{what}: the disk is full", hint="Free some space, then run `index` again.")
    if not is_local(uri):
        return _elsewhere(what, text)
    if _REFUSED.search(text):
        return IndexFault(f"{what}: permission denied", hint="Check who owns it and its permissions.")
    if _BUSY.search(text):
        return IndexFault(f"{what}: another process keeps it busy ({text})", hint="Try again.")
    if isinstance(error, OSError):
        return IndexFault(f"{what} ({text})", hint="Check that the place exists and can be reached.")
    return IndexFault(f"{what} ({text})", hint="Run `index` to build it anew.", broken=True)


def _elsewhere(what: str, text: str) -> IndexFault:
    """What went wrong at a place that is not on this machine; what lies there is never taken for damaged."""
    if _SCHEME.search(text):
        return IndexFault(f"{what}: there is no such kind of place", hint=f"{_SETTING} takes {_PLACES}.")
    if _CREDENTIALS.search(text):
        return IndexFault(
            f"{what}: no valid credentials ({text})",
            hint=f"Put them into the environment, or set {_SETTING} to another place.",
        )
    return IndexFault(
        f"{what} ({text})", hint=f"Check that it exists and can be reached; {_SETTING} names it."
    )


def shown(uri: str) -> str:
    """A URI for people: on one line, and without credentials."""
    return one_line(_USERINFO.sub("//", uri))


def is_local(uri: str) -> bool:
    """Whether a URI names a folder of this machine."""
    return uri.startswith("file://") or "://" not in uri
