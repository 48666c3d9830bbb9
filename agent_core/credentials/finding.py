"""Which key an endpoint gets: the first that there is of a setting, a command and the keyring.

1. `openai_api_key`: the variable OPENAI_API_KEY, else the user's own file;
2. `api_key_command`, of the user's own file;
3. the system's keyring, where `dspy-tui auth login` stored one for this host, and for no other.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from agent_core.credentials.key import Key
from agent_core.credentials.known import known_endpoints
from agent_core.errors import ConfigError
from agent_core.llm.hosts import host_of, openai_url
from agent_core.masking import learn_secret
from agent_core.text import one_line

if TYPE_CHECKING:
    from agent_core.config import Config, Settings


async def key_for(settings: Settings, url: str) -> Key:
    """The key of the endpoint at `url`; one of origin "none" where there is none.

    It is masked in everything that this process shows, logs and sends from then on.

    Raises:
        KeyFault: It should come from the command or the keyring, and cannot be had there.
    """
    key = await _find(settings, host_of(url))
    learn_secret(key.value)
    return key


async def _find(settings: Settings, host: str) -> Key:
    if settings.openai_api_key:
        return Key(settings.openai_api_key, "setting", "openai_api_key")
    if settings.api_key_command:
        from agent_core.credentials.command import key_by_command, words_of

        value = await key_by_command(settings.api_key_command, host=host)
        return Key(value, "command", words_of(settings.api_key_command)[0])
    if host in await asyncio.to_thread(known_endpoints):
        from agent_core.credentials.vault import read_key

        value, backend = await read_key(host)
        if value:
            return Key(value, "keyring", backend)
    return Key()


def has_key(settings: Settings) -> bool:
    """Whether there is one for the settings' endpoint, as far as that can be said without asking anybody.
    Reads a small file."""
    if settings.openai_api_key or settings.api_key_command:
        return True
    return host_of(openai_url(settings.openai_base_url)) in known_endpoints()


def endpoint_of(settings: Settings, text: str = "") -> tuple[str, str]:
    """Base URL and host of an endpoint as people write it: a URL, a host, or nothing for the one of the
    settings. Raises `ConfigError`, which does not show what looks like a key."""
    from agent_core.masking import mask_secrets

    if mask_secrets(text) != text or (text and not re.search(r"[.:]|^localhost$", text)):
        raise ConfigError(
            "an endpoint is wanted, such as models.example.com; a key is never an argument: all can read it",
            hint="`dspy-tui auth login` asks for the key, or reads it from standard input.",
        )
    own = openai_url(settings.openai_base_url)
    if not text or text == host_of(own):
        return own, host_of(own)
    url = openai_url(text if "://" in text else known_endpoints().get(text) or f"https://{text}/v1")
    return url, host_of(url)


def origin_of(config: Config, host: str) -> str:
    """Where the key of a host would come from, in words, without asking command or keyring; "" for nowhere.
    Reads a file."""
    settings = config.settings
    if settings.openai_api_key:
        origin = config.origins["openai_api_key"]
        return f"{origin.kind} {one_line(origin.detail)}".strip()
    if settings.api_key_command:
        from agent_core.credentials.command import words_of

        return f"api_key_command ({one_line(words_of(settings.api_key_command)[0])})"
    return "the keyring" if host in known_endpoints() else ""
