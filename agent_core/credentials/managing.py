"""What `auth` does, for the command line, the prompt and the screen: keep, list, try and remove keys."""

from __future__ import annotations

import asyncio

import msgspec

from agent_core.config import Config
from agent_core.credentials.finding import endpoint_of, key_for, origin_of
from agent_core.credentials.key import usable
from agent_core.credentials.known import forget_endpoint, known_endpoints, note_endpoint
from agent_core.credentials.vault import read_key, remove_key, store_key
from agent_core.llm.errors import KeyFault, ModelAuth
from agent_core.llm.hosts import host_of, is_local, openai_url
from agent_core.masking import learn_secret
from agent_core.text import one_line


class Stored(msgspec.Struct, frozen=True):
    """A key that was kept: for whom (`url` is the address), where, and what else has to be known."""

    host: str
    url: str
    keyring: str
    notes: tuple[str, ...] = ()


class Standing(msgspec.Struct, frozen=True):
    """Where an endpoint's key comes from, "" for nowhere. `used`: the settings name this endpoint.

    `stored`: the keyring has one, whether it is used or not; `trouble`: why that cannot be told.
    """

    host: str
    url: str
    origin: str
    used: bool
    stored: bool
    trouble: str = ""


class Tried(msgspec.Struct, frozen=True):
    """An endpoint that took its key; `origin` is where that came from."""

    host: str
    origin: str
    detail: str


async def login(config: Config, endpoint: str, text: str) -> Stored:
    """Keep a key in the keyring.

    Args:
        config: The effective settings; they name the endpoint where `endpoint` does not.
        endpoint: A host or a URL.
        text: The key as it was typed or read.

    Raises:
        ConfigError: The endpoint is none.
        KeyFault: The key is none, or the keyring does not keep it.
    """
    url, host = await asyncio.to_thread(endpoint_of, config.settings, endpoint)
    value = usable(text, said_by="what was typed")
    learn_secret(value)
    keyring = await store_key(host, value)
    try:
        warning = await asyncio.to_thread(note_endpoint, host, url)
    except OSError as error:
        raise KeyFault(
            f"the key is in the keyring, and that it is cannot be noted: {error.strerror}",
            hint="Make the folder of your configuration writable, and do it again.",
        ) from None
    warned = (one_line(warning),) if warning else ()
    return Stored(host, url, one_line(keyring), (*_notes(config, url, host), *warned))


def _notes(config: Config, url: str, host: str) -> tuple[str, ...]:
    settings = config.settings
    notes: list[str] = []
    if settings.openai_api_key or settings.api_key_command:
        notes.append(f"{origin_of(config, host)} comes first; this one is used once that is gone.")
    if host != host_of(openai_url(settings.openai_base_url)):
        notes.append(f"To use it: OPENAI_BASE_URL={url}, and MODEL_NAME.")
    elif not settings.openai_model:
        notes.append("Name its model: MODEL_NAME, or `model use NAME`.")
    if url.startswith("http:") and not is_local(url):
        notes.append("This endpoint has no TLS: whoever is in between reads the key.")
    return tuple(notes)


async def standings(config: Config) -> list[Standing]:
    """Every endpoint that is known, the one of the settings first. The keyring is asked about its own."""
    stored = await asyncio.to_thread(known_endpoints)
    url, host = await asyncio.to_thread(endpoint_of, config.settings)
    return list(
        await asyncio.gather(
            *(
                _standing(config, name, address, used=name == host, noted=name in stored)
                for name, address in {host: url, **stored}.items()
            )
        )
    )


async def _standing(config: Config, host: str, url: str, *, used: bool, noted: bool) -> Standing:
    origin = await asyncio.to_thread(origin_of, config, host)
    if not noted:
        return Standing(host, url, origin, used, stored=False)
    try:
        value, keyring = await read_key(host)
    except KeyFault as error:
        return Standing(host, url, origin, used, stored=False, trouble=error.message)
    if not value:
        return Standing(host, url, origin, used, stored=False, trouble="the keyring has no key for it")
    named = f"the keyring ({one_line(keyring)})" if origin == "the keyring" else origin
    return Standing(host, url, named, used, stored=True)


async def remove(config: Config, endpoint: str) -> tuple[str, bool]:
    """Remove a key from the keyring: the host, and whether there was one.

    Raises `ConfigError`, `KeyFault`, OSError.
    """
    _, host = await asyncio.to_thread(endpoint_of, config.settings, endpoint)
    was = await remove_key(host)
    await asyncio.to_thread(forget_endpoint, host)
    return host, was


async def try_key(config: Config, endpoint: str) -> Tried:
    """Ask the endpoint for its models with the key that it would get.

    Raises:
        ConfigError: The endpoint is none.
        KeyFault: The key cannot be had.
        ModelAuth: The endpoint does not take it, or does not answer as one.
    """
    from agent_core.doctor.services import ask_endpoint

    settings = config.settings
    url, host = await asyncio.to_thread(endpoint_of, settings, endpoint)
    key = await key_for(settings, url)
    check = await ask_endpoint(url, key.value, model="", missing="fail")
    if check.verdict != "ok":
        raise ModelAuth(check.detail, hint=check.next_step)
    origin = await asyncio.to_thread(origin_of, config, host) or "no key"
    return Tried(host, f"{origin} ({key.detail})" if key.origin == "keyring" else origin, check.detail)
