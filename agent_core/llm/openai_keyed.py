"""The client of an endpoint with its key, which is asked for again where the endpoint takes it no more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agent_core.config import Settings
from agent_core.credentials.finding import key_for
from agent_core.credentials.key import Key
from agent_core.llm.hosts import is_local

if TYPE_CHECKING:
    from agent_core.llm.openai_client import Client

_ASKED = ("command", "keyring", "none")
"""Where there may be another key by now; a setting is read once."""


def load_client(url: str, key: str) -> Client:
    """A client of the endpoint at `url`; it imports for half a second: call it in a thread."""
    from agent_core.llm.warm import loading

    with loading():
        from agent_core.llm.openai_client import Client

    return Client(url=url, key=key, local=is_local(url))


class KeyedClient:
    """Opened when it is first wanted.

    Args:
        settings: They say where the key comes from.
        url: The endpoint.
        key: The key, where it is known; "" for none. Else it is found.
    """

    def __init__(self, *, settings: Settings, url: str, key: str | None = None) -> None:
        self._settings, self._url = settings, url
        self._key = Key(key, "setting") if key is not None else None
        self._client: Client | None = None
        self._replaced: list[Client] = []
        self._lock = asyncio.Lock()

    @property
    def key(self) -> str:
        """The key as far as it is known, to be masked."""
        return self._key.value if self._key else ""

    async def open(self) -> Client:
        """The client; raises `KeyFault` where the key cannot be had."""
        async with self._lock:
            if self._client is None:
                self._key = self._key or await key_for(self._settings, self._url)
                self._client = await asyncio.to_thread(load_client, self._url, self._key.value)
            return self._client

    async def renewed(self, refused: Client) -> bool:
        """Whether there is another key than that of the client whose requests the endpoint refused: keys run
        out, and a program or the keyring gives the next one. Raises `KeyFault`."""
        async with self._lock:
            if self._client is not refused:
                return self._client is not None  # somebody else's request was refused, too
            if self._key is None or self._key.origin not in _ASKED:
                return False
            found = await key_for(self._settings, self._url)
            if found.value == self._key.value:
                return False
            self._replaced.append(refused)  # other requests may be under way
            self._key = found
            self._client = await asyncio.to_thread(load_client, self._url, found.value)
            return True

    async def aclose(self) -> None:
        """Close every connection."""
        clients = [*self._replaced, *([self._client] if self._client else [])]
        self._replaced, self._client = [], None
        for client in clients:
            await client.aclose()
