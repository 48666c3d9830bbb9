"""What a server tells without being asked: diagnostics, what it is busy with, what it can do since."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from agent_core.lsp.api import Said
from agent_core.lsp.connection import NoSuchMethod

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_FILES, _MOST_TOKENS = 5_000, 100
_QUIET_S, _QUIET_UNNUMBERED_S, _SILENT_S = 0.3, 1.0, 3.0
"""Seconds without news after which it has told all: with versions, without, and where there was none."""

_STALE_S = 20.0
"""Seconds after which what it is busy with counts no more: not all that is begun is said to have ended."""

Read = Callable[[Any], "tuple[Said, ...]"]


class Hearing:
    """Keeps what a server tells, bounded.

    Args:
        read: Makes diagnostics of what was sent as such.
        configuration: By section, what the server is told when it asks for settings.
        waits_for_quiet: It says itself when it has read the project; until then it is busy.
    """

    def __init__(
        self, *, read: Read, configuration: Mapping[str, Any], waits_for_quiet: bool = False
    ) -> None:
        self._read, self._configuration = read, configuration
        self._said: dict[str, tuple[Said, ...]] = {}
        self._versions: dict[str, int] = {}
        self._when: dict[str, float] = {}
        self._tokens: dict[str, float] = {}
        self._quiet = not waits_for_quiet
        self._last = 0.0
        self.news = asyncio.Event()
        self.numbers = False
        """Whether it says to which version of a text its diagnostics belong."""
        self._pulling: set[str] = set()

    @property
    def pulls(self) -> bool:
        """Whether it asked to be asked for diagnostics."""
        return bool(self._pulling)

    @property
    def busy(self) -> bool:
        """Whether it is still reading the project, by its own word."""
        return self.reading or time.monotonic() - max(self._tokens.values(), default=0.0) < _STALE_S

    @property
    def reading(self) -> bool:
        """Whether it says that its answers mean nothing yet."""
        return not self._quiet

    @property
    def said(self) -> dict[str, tuple[Said, ...]]:
        """The diagnostics that it told last, by address."""
        return dict(self._said)

    def forget(self, uris: Iterable[str]) -> None:
        """These texts are not open any more."""
        for uri in uris:
            self._versions.pop(uri, None)
            self._when.pop(uri, None)

    def settled(self, sent: Mapping[str, tuple[int, float]], asked: float) -> bool:
        """Whether it has told what it has to tell of the texts, by version and time of sending.

        `asked` is when it answered a question that was put after them.
        """
        now = time.monotonic()
        if self.busy:
            return False
        if all(self._told(uri, version, at) for uri, (version, at) in sent.items()):
            return now - self._last > (_QUIET_S if self.numbers else _QUIET_UNNUMBERED_S)
        return not self.numbers and now - max(asked, self._last) > _SILENT_S

    def _told(self, uri: str, version: int, at: float) -> bool:
        if self.numbers:
            return self._versions.get(uri, -1) >= version
        return self._when.get(uri, 0.0) > at

    def notified(self, method: str, params: Any) -> None:
        """Take a notification in; what is none that is known is left out."""
        table = _table(params)
        if method == "textDocument/publishDiagnostics":
            self._published(table)
        elif method == "$/progress":
            self._progressed(str(table.get("token"))[:200], _table(table.get("value")).get("kind"))
        elif method == "experimental/serverStatus":
            self._quiet = bool(table.get("quiescent", True))
        else:
            return
        self.news.set()

    def asked(self, method: str, params: Any) -> Any:
        """Answer a request; nothing is done that it asks for (edits, documents to show)."""
        table = _table(params)
        if method == "workspace/configuration":
            return [self._section(_table(each).get("section")) for each in _items(table.get("items"))]
        if method in ("client/registerCapability", "client/unregisterCapability"):
            self._registered(_items(table.get("registrations")), _items(table.get("unregisterations")))
            return None
        if method == "workspace/applyEdit":
            return {"applied": False}
        if method in (
            "window/workDoneProgress/create",
            "window/showMessageRequest",
            "workspace/workspaceFolders",
        ):
            return None
        if method.startswith("workspace/") and method.endswith("/refresh"):
            return None
        raise NoSuchMethod(method)

    def _registered(self, new: Sequence[Any], gone: Sequence[Any]) -> None:
        """It may register the same ability twice, and take the first one back."""
        ids = {
            str(each.get("id"))[:200]
            for each in map(_table, new)
            if each.get("method") == "textDocument/diagnostic"
        }
        self._pulling = (self._pulling | ids if len(self._pulling) < _MOST_TOKENS else self._pulling) - {
            str(_table(each).get("id"))[:200] for each in gone
        }
        self.news.set()

    def _section(self, name: Any) -> Any:
        return self._configuration.get(name, {}) if isinstance(name, str) else {}

    def _published(self, table: dict[str, Any]) -> None:
        uri, version = table.get("uri"), table.get("version")
        if not isinstance(uri, str) or (uri not in self._said and len(self._said) >= _MOST_FILES):
            return
        now = time.monotonic()
        if isinstance(version, int):
            self.numbers = True
            self._versions[uri] = version
        self._said[uri] = self._read(table.get("diagnostics"))
        self._when[uri] = self._last = now

    def _progressed(self, token: str, kind: Any) -> None:
        if kind == "end":
            self._tokens.pop(token, None)
        elif token in self._tokens or (kind == "begin" and len(self._tokens) < _MOST_TOKENS):
            self._tokens[token] = time.monotonic()


def _table(raw: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}


def _items(raw: Any) -> Sequence[Any]:
    return cast("list[Any]", raw)[:100] if isinstance(raw, list) else []
