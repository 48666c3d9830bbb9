"""Addresses of model endpoints: made whole, named, and told apart from this machine."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from agent_core.errors import ConfigError

OLLAMA_PORT = 11434


def ollama_url(host: str) -> str:
    """The base URL behind what people write into OLLAMA_HOST: `:11434`, `box:1234`, `http://box/path`.

    The addresses a server listens on (`0.0.0.0`, `[::]`) become the loopback ones. Raises ConfigError.
    """
    text = host.strip()
    given = "://" in text
    parts = _split(text if given else f"http://{text}", host)
    port = _port(parts, host) or ({"http": 80, "https": 443}[parts.scheme] if given else OLLAMA_PORT)
    name = parts.hostname or "127.0.0.1"
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)
    name = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{name}:{port}{parts.path.rstrip('/')}"


def openai_url(base_url: str) -> str:
    """The base URL of an OpenAI-compatible endpoint, without a slash at its end; raises ConfigError."""
    text = base_url.strip() or "https://api.openai.com/v1"
    parts = _split(text if "://" in text else f"http://{text}", base_url)
    _port(parts, base_url)
    return parts.geturl().rstrip("/")


def host_of(url: str) -> str:
    """Host and port as people name them; never the user name or password of a URL."""
    parts = urlsplit(url)
    name = parts.hostname or ""
    name = f"[{name}]" if ":" in name else name
    return f"{name}:{parts.port}" if parts.port else name


def is_local(url: str) -> bool:
    """Whether the URL names this machine by a loopback name or address."""
    try:
        name = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    import ipaddress

    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _split(url: str, given: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise _unusable(given) from error
    if parts.scheme not in ("http", "https"):
        raise _unusable(given)
    return parts


def _port(parts: SplitResult, given: str) -> int | None:
    try:
        return parts.port
    except ValueError as error:
        raise _unusable(given) from error


def _unusable(given: str) -> ConfigError:
    from agent_core.masking import mask_secrets

    return ConfigError(
        f"{mask_secrets(given)!r} is not the address of a model endpoint",
        hint="Write it like http://localhost:11434.",
    )
