"""Checks of what is reached over the network: model endpoints and the broker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import msgspec

from agent_core.config import Settings
from agent_core.credentials.finding import has_key, key_for
from agent_core.doctor.check import Check, CheckVerdict
from agent_core.doctor.net import HttpAnswer, NotHttpError, http_get, is_kafka
from agent_core.errors import BusFault, ConfigError
from agent_core.llm.errors import KeyFault
from agent_core.llm.hosts import host_of, ollama_url, openai_url
from agent_core.streaming.access import access_of
from agent_core.text import one_line

_ANSWER = 3.0
_KEY = 8.0
"""Seconds for a command or a keyring to say a key."""
T = TypeVar("T")


class _Version(msgspec.Struct):
    version: str


class _Model(msgspec.Struct):
    name: str = ""
    id: str = ""


class _Models(msgspec.Struct):
    """Ollama's list, and OpenAI's; Ollama writes null for an empty one."""

    models: list[_Model] | None = None
    data: list[_Model] | None = None


async def check_ollama(settings: Settings) -> Check:
    """An Ollama server answers and has the configured model."""
    missing: CheckVerdict = "fail" if settings.provider == "ollama" else "warn"
    try:
        base = ollama_url(settings.ollama_host)
    except ConfigError as error:
        return Check("ollama", missing, error.message, error.hint)
    where = host_of(base)
    answer = await _got(f"{base}/api/version")
    start = "Start it with `ollama serve` (https://ollama.com), or set OLLAMA_HOST."
    if isinstance(answer, str):
        return Check("ollama", missing, f"{where}: {answer}", start)
    version = _decoded(answer.body, _Version)
    if answer.status != 200 or version is None:
        return Check("ollama", missing, f"{where} answers {answer.status}, but not as Ollama does", start)
    detail = f"{one_line(version.version)[:40]} at {where}"
    listed = await _got(f"{base}/api/tags")
    models = _decoded(listed.body, _Models) if isinstance(listed, HttpAnswer) else None
    wanted = settings.ollama_model
    if models is None:
        return Check("ollama", missing, f"{detail}, which does not list its models", start)
    if wanted not in {
        name for model in models.models or () for name in (model.name, model.name.removesuffix(":latest"))
    }:
        return Check(
            "ollama", missing, f"{detail}, without {wanted}", f"Pull it with `ollama pull {wanted}`."
        )
    return Check("ollama", "ok", f"{detail}, {wanted} is there")


async def check_openai(settings: Settings) -> Check:
    """The OpenAI-compatible endpoint answers, takes the key and has the configured model."""
    chosen = settings.provider == "openai"
    missing: CheckVerdict = "fail" if chosen else "warn"
    try:
        base = openai_url(settings.openai_base_url)
        if not settings.openai_base_url and not await asyncio.to_thread(has_key, settings):
            step = "Set OPENAI_BASE_URL and MODEL_NAME; `dspy-tui auth login` keeps a key." if chosen else ""
            return Check("openai", "fail" if chosen else "ok", "not configured", step)
        async with asyncio.timeout(_KEY):
            key = await key_for(settings, base)
    except TimeoutError:
        message = f"the key did not come within {_KEY:.0f} s"
        return Check("openai", missing, message, "Unlock the keyring, or see api_key_command.")
    except (ConfigError, KeyFault) as error:
        return Check("openai", missing, error.message, error.hint)
    return await ask_endpoint(base, key.value, model=settings.openai_model, missing=missing)


async def ask_endpoint(base: str, key: str, *, model: str, missing: CheckVerdict) -> Check:
    """Whether the endpoint at `base` takes the key and lists the model; without a model whether it answers.

    Without a key it is asked without one. `missing` is the verdict where it does not.
    """
    where = host_of(base)
    answer = await _got(f"{base}/models", {"Authorization": f"Bearer {key}"} if key else {})
    if isinstance(answer, str):
        return Check("openai", missing, f"{where}: {answer}", "Check OPENAI_BASE_URL and the network.")
    if answer.status in (401, 403):
        refuses = "refuses the key" if key else "wants a key"
        step = "`dspy-tui auth list` says where its key comes from; `dspy-tui auth login` keeps another."
        return Check("openai", missing, f"{where} {refuses} ({answer.status})", step)
    models = _decoded(answer.body, _Models)
    if answer.status != 200 or models is None:
        step = "Check that OPENAI_BASE_URL ends where the API begins, usually in /v1."
        return Check("openai", missing, f"{where} answers {answer.status} to GET /models", step)
    names = [model.id for model in models.data or ()]
    if model and model not in names:
        shown = ", ".join(one_line(name)[:60] for name in names[:5]) or "nothing"
        step = f"Set MODEL_NAME to one of its models, such as {shown}."
        return Check("openai", "warn", f"{where} does not list {model}", step)
    return Check("openai", "ok", f"{where} answers, {len(names)} models")


async def check_broker(settings: Settings) -> Check:
    """One of the bootstrap servers is a Kafka broker, and takes the login that is set up, if one is."""
    if settings.kafka_security:
        return await _secured_broker(settings)
    step = "Set KAFKA_BOOTSTRAP if you have one; without it local logs and files are used."
    reasons: list[str] = []
    for server in settings.kafka_bootstrap.split(","):
        name = one_line(server)
        host, _, port = server.strip().rpartition(":")
        if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            reasons.append(f"{name} is not HOST:PORT")
            continue
        answered = await _within(is_kafka(host.strip("[]") or "localhost", int(port)))
        if answered is True:
            return Check("broker", "ok", f"Kafka answers at {name}")
        reasons.append(f"{name}: {answered or 'something answers there, but not as Kafka does'}")
    return Check("broker", "warn", "; ".join(reasons), step)


async def _secured_broker(settings: Settings) -> Check:
    """The same with TLS or a login: what is asked plainly says nothing of these."""
    from agent_core.streaming.admin import BusAdmin

    try:
        access = access_of(settings)
        async with BusAdmin(access) as admin:
            await admin.ask()
    except (ConfigError, BusFault) as error:
        return Check("broker", "warn", error.message, error.hint)
    return Check("broker", "ok", f"Kafka answers at {access.named}")


async def _got(url: str, headers: dict[str, str] | None = None) -> HttpAnswer | str:
    return await _within(http_get(url, headers=headers))


async def _within(work: Awaitable[T]) -> T | str:
    """The result, or in words why there is none."""
    try:
        async with asyncio.timeout(_ANSWER):
            return await work
    except TimeoutError:
        return f"no answer within {_ANSWER:.0f} s"
    except ConnectionRefusedError:
        return "nothing listens there"
    except NotHttpError:
        return "something answers there, but not HTTP"
    except OSError as error:
        return one_line(error.strerror or str(error))[:200]


def _decoded(body: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
